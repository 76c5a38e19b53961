//! Memory, tables and instances of a store, each summed over all of its parts.

use wasmtime::ResourceLimiter;

use super::error::Ended;
use crate::limits::Limits;

/// Counts what a store holds and ends the call that exceeds its limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_limit: u64,
    table_limit: u64,
    instances: usize,
    memory: u64,
    peak_memory: u64,
    tables: u64,
    last_memory_growth: u64,
    last_table_growth: u64,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            table_limit: limits.table_elements,
            instances: usize::try_from(limits.instances).unwrap_or(usize::MAX),
            memory: 0,
            peak_memory: 0,
            tables: 0,
            last_memory_growth: 0,
            last_table_growth: 0,
            refused: false,
        }
    }

    /// The most linear memory that the store has had.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.peak_memory
    }

    /// Whether it was ended for want of memory or table space, at its start included.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

fn growth(current: usize, desired: usize) -> u64 {
    u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX)
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = growth(current, desired);
        let wanted = self.memory.saturating_add(grown);
        if wanted > self.memory_limit {
            self.last_memory_growth = 0;
            self.refused = true;
            return Err(Ended::OutOfMemory("linear memory").into());
        }
        self.memory = wanted;
        self.peak_memory = self.peak_memory.max(wanted);
        self.last_memory_growth = grown;
        Ok(true)
    }

    // Growth that was allowed here and failed below (a memory's own maximum, the allocator) gives its part of the sum back.
    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self
            .memory
            .saturating_sub(std::mem::take(&mut self.last_memory_growth));
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = growth(current, desired);
        let wanted = self.tables.saturating_add(grown);
        if wanted > self.table_limit {
            self.last_table_growth = 0;
            self.refused = true;
            return Err(Ended::OutOfMemory("table elements").into());
        }
        self.tables = wanted;
        self.last_table_growth = grown;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.tables = self
            .tables
            .saturating_sub(std::mem::take(&mut self.last_table_growth));
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
