//! Memory, tables and instances of a store, each summed over all of its parts.

use wasmtime::ResourceLimiter;

use super::error::Ended;
use crate::limits::Limits;

/// Counts what a store holds and ends the call that exceeds its limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: Space,
    tables: Space,
    instances: usize,
    refused: bool,
}

/// One kind of space, in bytes or elements.
#[derive(Debug)]
struct Space {
    name: &'static str,
    limit: u64,
    held: u64,
    peak: u64,
    last_growth: u64,
}

impl Space {
    fn new(name: &'static str, limit: u64) -> Self {
        Self {
            name,
            limit,
            held: 0,
            peak: 0,
            last_growth: 0,
        }
    }

    fn grow(&mut self, current: usize, desired: usize) -> Result<(), Ended> {
        let growth = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let wanted = self.held.saturating_add(growth);
        if wanted > self.limit {
            self.last_growth = 0;
            return Err(Ended::OutOfMemory(self.name));
        }
        self.held = wanted;
        self.peak = self.peak.max(wanted);
        self.last_growth = growth;
        Ok(())
    }

    /// Growth that was allowed here and failed below (a memory's own maximum, the allocator) gives its part of the sum back.
    fn give_back(&mut self) {
        self.held = self
            .held
            .saturating_sub(std::mem::take(&mut self.last_growth));
    }
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: Space::new("linear memory", limits.memory_bytes),
            tables: Space::new("table elements", limits.table_elements),
            instances: usize::try_from(limits.instances).unwrap_or(usize::MAX),
            refused: false,
        }
    }

    /// The most linear memory that the store has had.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory.peak
    }

    /// What the store holds now: linear memory in bytes, and elements of tables.
    pub(crate) fn held(&self) -> (u64, u64) {
        (self.memory.held, self.tables.held)
    }

    /// Whether it was ended for want of memory or table space, at its start included.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn allow(&mut self, growth: Result<(), Ended>) -> wasmtime::Result<bool> {
        self.refused |= growth.is_err();
        growth.map(|()| true).map_err(Into::into)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = self.memory.grow(current, desired);
        self.allow(growth)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.give_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = self.tables.grow(current, desired);
        self.allow(growth)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.tables.give_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Proves X2: the limit holds for the sum, not for each memory.
    #[test]
    fn two_memories_share_one_limit() {
        let limits = Limits {
            memory_bytes: 100,
            ..Limits::default()
        };
        let mut limiter = Limiter::new(&limits);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 60, None).is_err());
        assert!(limiter.refused());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert_eq!(limiter.peak_memory(), 100);
    }

    /// Growth that fails below the limiter takes nothing off the sum.
    #[test]
    fn failed_growth_is_given_back_once() {
        let limits = Limits {
            memory_bytes: 100,
            ..Limits::default()
        };
        let mut limiter = Limiter::new(&limits);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        limiter
            .memory_grow_failed(wasmtime::Error::msg("no"))
            .unwrap();
        assert!(limiter.memory_growing(0, 100, None).unwrap());
    }
}
