//! What a package takes, counted against the limits while it is walked.

use super::{Counts, PackageError, ScanLimits};

/// What one instantiation of a component or module makes, multiplied through what it instantiates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) component_instances: u64,
    pub(super) core_instances: u64,
    /// Those of them that are parts of nested components.
    pub(super) nested_core_instances: u64,
    pub(super) memories: u64,
    pub(super) tables: u64,
    pub(super) memory_bytes: u64,
    pub(super) table_elements: u64,
}

impl Totals {
    /// Adds what another instantiation makes.
    pub(super) fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.component_instances, other.component_instances);
        sum(&mut self.core_instances, other.core_instances);
        sum(&mut self.nested_core_instances, other.nested_core_instances);
        sum(&mut self.memories, other.memories);
        sum(&mut self.tables, other.tables);
        sum(&mut self.memory_bytes, other.memory_bytes);
        sum(&mut self.table_elements, other.table_elements);
    }

    /// Refuses what one instance of the whole component would make too many of.
    pub(super) fn check(&self) -> Result<(), PackageError> {
        let most = ScanLimits::COMPONENT_INSTANCES;
        at_most("component instances", self.component_instances, most)?;
        at_most(
            "core instances",
            self.core_instances,
            ScanLimits::CORE_INSTANCES,
        )?;
        at_most("memories", self.memories, ScanLimits::MEMORIES)?;
        at_most("tables", self.tables, ScanLimits::TABLES)
    }
}

/// What the file declares, each thing once.
#[derive(Debug, Default)]
pub(super) struct Cost {
    sections: u64,
    components: u64,
    core_modules: u64,
    types: u64,
    functions: u64,
    core_names: u64,
    core_bytes: u64,
    component_bytes: u64,
    type_uses: u64,
    code_work: u64,
    memories: u64,
    tables: u64,
    table_elements: u64,
    locals: u64,
}

/// Adds to a count and refuses it over its limit.
macro_rules! count {
    ($(#[$doc:meta])* $name:ident, $field:ident, $what:literal, $limit:ident) => {
        $(#[$doc])*
        pub(super) fn $name(&mut self, more: u64) -> Result<(), PackageError> {
            self.$field = self.$field.saturating_add(more);
            at_most($what, self.$field, ScanLimits::$limit)
        }
    };
}

impl Cost {
    count!(
        /// Sections of any kind.
        sections, sections, "sections", SECTIONS);
    count!(
        /// Components, the outermost among them.
        components, components, "components", COMPONENTS);
    count!(
        /// Core modules.
        core_modules, core_modules, "core modules", CORE_MODULES);
    count!(
        /// Types of modules and components.
        types, types, "types", TYPES);
    count!(
        /// Functions that core modules define.
        functions, functions, "functions", FUNCTIONS);
    count!(
        /// Imports and exports of core modules.
        core_names, core_names, "imports and exports of core modules", CORE_NAMES);
    count!(
        /// Bytes of a core module's declarations.
        core_bytes, core_bytes, "bytes of core declarations", CORE_DECLARATION_BYTES);
    count!(
        /// Bytes of a component's declarations.
        component_bytes, component_bytes, "bytes of component declarations", COMPONENT_DECLARATION_BYTES);
    count!(
        /// A use of a type with the type's weight.
        type_uses, type_uses, "uses of types, weighed by size,", TYPE_USES);
    count!(
        /// Bytes of code times the width of the module's widest function type.
        code_work, code_work, "bytes of code, weighed by the widest function type,", CODE_WORK);

    count!(
        /// Memories of core modules.
        memories, memories, "memories of core modules", DECLARED_MEMORIES);
    count!(
        /// Tables of core modules.
        tables, tables, "tables of core modules", DECLARED_TABLES);
    count!(
        /// Elements that the tables of core modules begin with.
        table_elements, table_elements, "elements of core modules' tables", DECLARED_TABLE_ELEMENTS);
    count!(
        /// Local variables of functions.
        locals, locals, "local variables", LOCALS);

    /// The body of one function: its bytes times the width of the module's widest function type.
    pub(super) fn code(&mut self, work: u64) -> Result<(), PackageError> {
        let what = "bytes of one function, weighed by the widest function type,";
        at_most(what, work, ScanLimits::FUNCTION_WORK)?;
        self.code_work(work)
    }

    /// The counts of the whole component, of which `totals` is one instance.
    pub(super) fn counts(&self, totals: &Totals) -> Counts {
        Counts {
            components: self.components,
            component_instances: totals.component_instances,
            core_instances: totals.core_instances,
            // What one component calls of another goes through an adapter, and each core instance may need another one. Where no nested component
            // has code there is nothing to adapt.
            adapters: match totals.nested_core_instances {
                0 => 0,
                _ => totals.core_instances,
            },
            core_modules: self.core_modules,
            functions: self.functions,
            types: self.types,
            memories: totals.memories,
            tables: totals.tables,
            memory_bytes_minimum: totals.memory_bytes,
            table_elements_minimum: totals.table_elements,
        }
    }
}

/// Refuses a count over its limit.
pub(super) fn at_most(what: &'static str, count: u64, limit: u64) -> Result<(), PackageError> {
    if count > limit {
        return Err(PackageError::TooMany { what, count, limit });
    }
    Ok(())
}
