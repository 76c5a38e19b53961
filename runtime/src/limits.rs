//! What one call may use up. Everything has a limit; a manifest may ask for other values, and the host's ceilings win.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::RequestedLimits;
use crate::write_set::KvQuota;

const MIB: u64 = 1024 * 1024;

/// The limits of a call. Sizes are in bytes. What counts a store (memory, tables, instances, handles) is summed over all of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Wall time of a call in milliseconds, waiting in host calls included, from when the plugin is awake and has its slot. For those a call waits
    /// as long again; one of a hook handler for what is left of its chain's time, one of an event handler for 30 seconds. Default 1,000.
    pub wall_ms: u64,
    /// Linear memory, summed over all memories. Default 64 MiB: it also bounds how long one bulk memory instruction runs.
    pub memory_bytes: u64,
    /// Table elements, summed over all tables. Default 20,000.
    pub table_elements: u64,
    /// Core instances, memories and tables, each. Default 64.
    pub instances: u32,
    /// Component handles and host resources, each. Default 2,000.
    pub handles: u32,
    /// What a plugin may hand to the host in one crossing: a call's result, or the arguments of a host call. Default 1 MiB.
    pub result_bytes: u64,
    /// Log records, lines of stdout and stderr included; more are dropped and counted. Default 256.
    pub log_records: u32,
    /// Text of log records; what exceeds it is dropped and counted. Default 256 KiB.
    pub log_bytes: u64,
    /// Capability calls; the next one ends the call. Default 100,000.
    pub host_calls: u64,
    /// Documents (keys, sessions, NPCs) that a call reads from the host and that its commit then depends on; one more ends the call. Default 10,000:
    /// each is kept until the commit, which compares its version.
    pub reads: u64,
    /// Random numbers that a call gets, in bytes, of all of WASI's interfaces for them together; more end the call. Default 1 MiB.
    pub random_bytes: u64,
    /// What a call may collect for its commit: keys and values, and 64 bytes more for each change and for each value inside of its value. Default 1 MiB.
    pub write_bytes: u64,
    /// What the plugin's key-value store holds at most, keys and values together. Default 4 MiB.
    pub kv_bytes: u64,
    /// Keys of the plugin's key-value store. Default 10,000.
    pub kv_keys: u64,
    /// Fuel, about one unit a WebAssembly instruction. `Some` runs the plugin on the metered engine, where calls on fresh instances are deterministic; `None`
    /// (the default) on the faster one, where only the wall time ends a call.
    pub fuel: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_ms: 1_000,
            memory_bytes: 64 * MIB,
            table_elements: 20_000,
            instances: 64,
            handles: 2_000,
            result_bytes: MIB,
            log_records: 256,
            log_bytes: MIB / 4,
            host_calls: 100_000,
            reads: 10_000,
            random_bytes: MIB,
            write_bytes: MIB,
            kv_bytes: 4 * MIB,
            kv_keys: 10_000,
            fuel: None,
        }
    }
}

impl Limits {
    /// These limits as ceilings for what a manifest asks: a lower wish is taken, a higher one is cut.
    #[must_use]
    pub fn lowered_by(mut self, wish: &RequestedLimits) -> Self {
        fn lower<T: Ord + Copy>(ceiling: &mut T, wish: Option<T>) {
            if let Some(wish) = wish {
                *ceiling = wish.min(*ceiling);
            }
        }
        lower(&mut self.wall_ms, wish.wall_ms);
        lower(&mut self.memory_bytes, wish.memory_bytes);
        lower(&mut self.table_elements, wish.table_elements.map(u64::from));
        lower(&mut self.handles, wish.handles);
        lower(&mut self.result_bytes, wish.result_bytes);
        lower(&mut self.log_records, wish.log_records);
        lower(&mut self.host_calls, wish.host_calls);
        lower(&mut self.reads, wish.reads);
        lower(&mut self.random_bytes, wish.random_bytes);
        // Metering is the host's choice; a plugin can only ask for less where the host meters.
        if let (Some(ceiling), Some(wish)) = (self.fuel, wish.fuel) {
            self.fuel = Some(wish.min(ceiling));
        }
        self
    }

    /// What the plugin's key-value store may hold.
    pub fn kv_quota(&self) -> KvQuota {
        KvQuota {
            bytes: self.kv_bytes,
            keys: self.kv_keys,
        }
    }

    /// The wall time of a call.
    pub fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves M7: the host's ceilings win.
    #[test]
    fn a_wish_lowers_and_never_raises() {
        let wish = RequestedLimits {
            wall_ms: Some(5),
            memory_bytes: Some(u64::MAX),
            reads: Some(7),
            random_bytes: Some(u64::MAX),
            fuel: Some(1),
            ..RequestedLimits::default()
        };
        let limits = Limits::default().lowered_by(&wish);
        assert_eq!(limits.wall_ms, 5);
        assert_eq!(limits.memory_bytes, Limits::default().memory_bytes);
        assert_eq!(limits.reads, 7);
        assert_eq!(limits.random_bytes, Limits::default().random_bytes);
        assert_eq!(limits.fuel, None);
    }
}
