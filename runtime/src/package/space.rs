//! The index spaces of one component, or of one type declaration that has its own.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasmparser::{ComponentExternalKind, ComponentOuterAliasKind};

use super::cost::Totals;

/// What the scan knows of one thing that has an index: how heavy its type is and what it exports.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    /// The nodes of the type written out in full: what a validator may copy or compare when the type is used.
    pub(super) weight: u64,
    /// The levels of a value type.
    pub(super) depth: u32,
    /// The exports of an instance, a component or their types.
    pub(super) members: Option<Rc<BTreeMap<&'a str, Item<'a>>>>,
    /// What one instantiation makes; `None` if this is no component or module of the file.
    pub(super) totals: Option<Rc<Totals>>,
}

impl<'a> Item<'a> {
    /// A thing with a weight and nothing else known.
    pub(super) fn of(weight: u64) -> Self {
        Self {
            weight,
            depth: 1,
            members: None,
            totals: None,
        }
    }

    /// The export of that name. An unknown one is invalid, which the validator says.
    pub(super) fn member(&self, name: &str) -> Self {
        let found = self.members.as_ref().and_then(|members| members.get(name));
        found.cloned().unwrap_or_else(|| Self::of(1))
    }
}

/// The things that a component, or the declaration of an instance or component type, can name by index.
#[derive(Default)]
pub(super) struct Space<'a> {
    pub(super) types: Vec<Item<'a>>,
    pub(super) core_types: Vec<Item<'a>>,
    pub(super) functions: Vec<Item<'a>>,
    pub(super) instances: Vec<Item<'a>>,
    pub(super) components: Vec<Item<'a>>,
    pub(super) modules: Vec<Item<'a>>,
    pub(super) exports: BTreeMap<&'a str, Item<'a>>,
    /// The weight of the imports and exports.
    pub(super) weight: u64,
    /// What one instance of this component makes.
    pub(super) totals: Totals,
}

impl<'a> Space<'a> {
    /// The item of an index. An index out of bounds is invalid, which the validator says.
    pub(super) fn get(&self, kind: ComponentExternalKind, index: u32) -> Item<'a> {
        match kind {
            ComponentExternalKind::Module => pick(&self.modules, index),
            ComponentExternalKind::Func => pick(&self.functions, index),
            ComponentExternalKind::Value => Item::of(1),
            ComponentExternalKind::Type => pick(&self.types, index),
            ComponentExternalKind::Instance => pick(&self.instances, index),
            ComponentExternalKind::Component => pick(&self.components, index),
        }
    }

    /// The item that an alias of an enclosing component names.
    pub(super) fn get_outer(&self, kind: ComponentOuterAliasKind, index: u32) -> Item<'a> {
        match kind {
            ComponentOuterAliasKind::CoreModule => pick(&self.modules, index),
            ComponentOuterAliasKind::CoreType => pick(&self.core_types, index),
            ComponentOuterAliasKind::Type => pick(&self.types, index),
            ComponentOuterAliasKind::Component => pick(&self.components, index),
        }
    }

    /// Gives an item the next index of its kind.
    pub(super) fn push(&mut self, kind: ComponentExternalKind, item: Item<'a>) {
        match kind {
            ComponentExternalKind::Module => self.modules.push(item),
            ComponentExternalKind::Func => self.functions.push(item),
            ComponentExternalKind::Value => {}
            ComponentExternalKind::Type => self.types.push(item),
            ComponentExternalKind::Instance => self.instances.push(item),
            ComponentExternalKind::Component => self.components.push(item),
        }
    }

    /// Gives an item of an enclosing component the next index of its kind.
    pub(super) fn push_outer(&mut self, kind: ComponentOuterAliasKind, item: Item<'a>) {
        match kind {
            ComponentOuterAliasKind::CoreModule => self.modules.push(item),
            ComponentOuterAliasKind::CoreType => self.core_types.push(item),
            ComponentOuterAliasKind::Type => self.types.push(item),
            ComponentOuterAliasKind::Component => self.components.push(item),
        }
    }

    /// Counts an import or export into the weight of this component.
    pub(super) fn weigh(&mut self, item: &Item<'a>) {
        self.weight = self.weight.saturating_add(item.weight);
    }
}

pub(super) fn pick<'a>(items: &[Item<'a>], index: u32) -> Item<'a> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    items.get(index).cloned().unwrap_or_else(|| Item::of(1))
}
