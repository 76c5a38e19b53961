//! What a core module declares.

use std::rc::Rc;

use wasmparser::{CompositeInnerType, FunctionBody, MemoryType, Payload, RecGroup};

use super::PackageError;
use super::cost::{Cost, Totals};
use super::space::Item;

/// The counts of one core module.
#[derive(Default)]
pub(super) struct Module {
    totals: Totals,
    names: u64,
    widest: u64,
}

impl Module {
    /// Counts a section.
    pub(super) fn section(
        &mut self,
        payload: Payload<'_>,
        cost: &mut Cost,
    ) -> Result<(), PackageError> {
        if let Some((_, range)) = payload.as_section() {
            // The bodies of functions and data are held once, as bytes.
            let is_plain = matches!(
                payload,
                Payload::CodeSectionStart { .. } | Payload::DataSection(_)
            );
            if !is_plain {
                cost.core_bytes(range.end.saturating_sub(range.start))?;
            }
        }
        match payload {
            Payload::TypeSection(types) => types.into_iter().try_for_each(|group| {
                let group = group.map_err(|error| PackageError::malformed(&error))?;
                self.types(&group, cost)
            }),
            Payload::FunctionSection(functions) => cost.functions(functions.count().into()),
            Payload::ImportSection(imports) => self.names(imports.count().into(), cost),
            Payload::ExportSection(exports) => self.names(exports.count().into(), cost),
            Payload::MemorySection(memories) => memories.into_iter().try_for_each(|memory| {
                cost.memories(1)?;
                self.memory(&memory.map_err(|error| PackageError::malformed(&error))?);
                self.totals.check()
            }),
            Payload::TableSection(tables) => tables.into_iter().try_for_each(|table| {
                let table = table.map_err(|error| PackageError::malformed(&error))?;
                cost.tables(1)?;
                cost.table_elements(table.ty.initial)?;
                self.table(table.ty.initial);
                self.totals.check()
            }),
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let bytes = range.end.saturating_sub(range.start);
                cost.code(bytes.saturating_mul(self.widest.max(1)))?;
                locals(&body, cost)
            }
            _ => Ok(()),
        }
    }

    /// The module as something that can be instantiated.
    pub(super) fn finish<'a>(self) -> Item<'a> {
        let mut totals = self.totals;
        totals.core_instances = 1;
        Item {
            totals: Some(Rc::new(totals)),
            ..Item::of(1 + self.names)
        }
    }

    fn types(&mut self, group: &RecGroup, cost: &mut Cost) -> Result<(), PackageError> {
        cost.types(group.types().len() as u64)?;
        for ty in group.types() {
            if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                let width = function.params().len() + function.results().len();
                self.widest = self.widest.max(width as u64);
            }
        }
        Ok(())
    }

    fn names(&mut self, count: u64, cost: &mut Cost) -> Result<(), PackageError> {
        self.names = self.names.saturating_add(count);
        cost.core_names(count)
    }

    fn memory(&mut self, memory: &MemoryType) {
        let page = 1_u64
            .checked_shl(memory.page_size_log2.unwrap_or(16))
            .unwrap_or(u64::MAX);
        let bytes = memory.initial.saturating_mul(page);
        self.totals.memories += 1;
        self.totals.memory_bytes = self.totals.memory_bytes.saturating_add(bytes);
    }

    fn table(&mut self, elements: u64) {
        self.totals.tables += 1;
        self.totals.table_elements = self.totals.table_elements.saturating_add(elements);
    }
}

/// Counts the local variables that a function declares: a few bytes stand for up to 50,000.
fn locals(body: &FunctionBody<'_>, cost: &mut Cost) -> Result<(), PackageError> {
    let malformed = |error| PackageError::malformed(&error);
    let groups = body.get_locals_reader().map_err(malformed)?;
    groups.into_iter().try_for_each(|group| {
        let (count, _) = group.map_err(malformed)?;
        cost.locals(count.into())
    })
}
