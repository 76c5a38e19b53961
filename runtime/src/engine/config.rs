//! The engines. The process has at most two, each made on first use and shared by all hosts in it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::pool::WarmPool;
use super::ticker;
use crate::package::Counts;

/// How many instances an engine holds at once. With 2 MiB kept resident for each, idle slots take at most 256 MiB.
pub const SLOTS: u32 = 128;
const MEMORIES_PER_SLOT: u32 = 2;
const TABLES_PER_SLOT: u32 = 4;
const CORE_INSTANCES_PER_SLOT: u32 = 4;
/// As many as `Limits` lets a store have by default.
const MOST_PER_MODULE: u32 = 64;
/// An image of a module's data is made only up to so many bytes from its first to its last one, unless half of it is data: ten bytes far apart
/// would otherwise cost 16 MiB of memory for as long as the module is loaded.
const DENSE_IMAGE: u64 = 1 << 20;
pub(super) const MEMORY_KEEP_RESIDENT: usize = 2 * 1024 * 1024;
pub(super) const TABLE_KEEP_RESIDENT: usize = 64 * 1024;

/// What ends a plugin that does not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metering {
    /// The clock: an epoch each millisecond. The faster engine.
    Clock,
    /// Fuel, with canonical NaNs, virtual clocks and seeded random numbers: the same run each time, whatever the machine's load. The
    /// clock still ends a call that waits.
    Fuel,
}

/// An engine and its slots.
pub(crate) struct EngineRoom {
    pub(crate) engine: Engine,
    pub(crate) metering: Metering,
    slots: Arc<Semaphore>,
    pools: Mutex<Vec<Weak<WarmPool>>>,
}

impl EngineRoom {
    /// The process's engine of this kind.
    pub(crate) fn shared(metering: Metering) -> Result<Arc<Self>, EngineError> {
        static CLOCK: OnceLock<Result<Arc<EngineRoom>, EngineError>> = OnceLock::new();
        static FUEL: OnceLock<Result<Arc<EngineRoom>, EngineError>> = OnceLock::new();
        let room = match metering {
            Metering::Clock => &CLOCK,
            Metering::Fuel => &FUEL,
        };
        room.get_or_init(|| Self::start(metering)).clone()
    }

    fn start(metering: Metering) -> Result<Arc<Self>, EngineError> {
        let refuse = |error: wasmtime::Error| EngineError(format!("{error:#}"));
        // A pool needs much address space; where it cannot be had, instances are allocated one by one.
        let engine = Engine::new(&config(metering, true))
            .or_else(|error| {
                tracing::warn!(%error, "no pooling allocator; instances will start slower");
                Engine::new(&config(metering, false))
            })
            .map_err(refuse)?;
        // Where fuel is metered, too: what a plugin has the host do takes time and no fuel.
        ticker::start().map_err(|error| EngineError(error.to_string()))?;
        if metering == Metering::Clock {
            ticker::count(engine.clone());
        }
        Ok(Arc::new(Self {
            engine,
            metering,
            slots: Arc::new(Semaphore::new(SLOTS as usize)),
            pools: Mutex::new(Vec::new()),
        }))
    }

    /// Slots, if they are free. Idle warm instances of any plugin make room when there are none.
    pub(super) fn free_slots(&self, weight: u32) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(slots) = self.slots.clone().try_acquire_many_owned(weight) {
                return Some(slots);
            }
            if !self.evict_one() {
                return None;
            }
        }
    }

    /// Waits for slots.
    pub(super) async fn slots(&self, weight: u32) -> Result<OwnedSemaphorePermit, EngineError> {
        let slots = self.slots.clone().acquire_many_owned(weight).await;
        slots.map_err(|_| EngineError::closed())
    }

    /// Drops an idle warm instance of any plugin.
    pub(super) fn evict_one(&self) -> bool {
        let pools: Vec<_> = {
            let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.retain(|pool| pool.strong_count() > 0);
            pools.iter().filter_map(Weak::upgrade).collect()
        };
        pools.iter().any(|pool| pool.evict_one())
    }

    /// Lets the engine take idle instances of this pool when it needs their slots.
    pub(crate) fn add_pool(&self, pool: &Arc<WarmPool>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        // A plugin has another pool each time it is woken. Before the list grows the dead ones go, and there is room for as many as live.
        if pools.len() == pools.capacity() {
            pools.retain(|pool| pool.strong_count() > 0);
            let live = pools.len();
            pools.reserve(live.max(16));
        }
        pools.push(Arc::downgrade(pool));
    }
}

/// How many slots an instance with these parts takes. Adapters between nested components are core instances, too, though they stand in no file.
pub(crate) fn weight(counts: &Counts) -> u32 {
    let core_instances = counts.core_instances.saturating_add(counts.adapters);
    let slots = counts
        .memories
        .div_ceil(u64::from(MEMORIES_PER_SLOT))
        .max(counts.tables.div_ceil(u64::from(TABLES_PER_SLOT)))
        .max(core_instances.div_ceil(u64::from(CORE_INSTANCES_PER_SLOT)))
        .max(1);
    u32::try_from(slots).unwrap_or(u32::MAX)
}

/// The settings of an engine. Public so that a comparison with bare wasmtime can use the same.
pub fn config(metering: Metering, pooling: bool) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .wasm_memory64(false)
        .wasm_component_model_memory64(false)
        .wasm_wide_arithmetic(false)
        .wasm_relaxed_simd(false)
        .memory_guaranteed_dense_image_size(DENSE_IMAGE);
    match metering {
        Metering::Clock => config.epoch_interruption(true),
        Metering::Fuel => config
            .consume_fuel(true)
            .cranelift_nan_canonicalization(true),
    };
    if pooling {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    }
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS)
        .total_core_instances(SLOTS * CORE_INSTANCES_PER_SLOT)
        .total_memories(SLOTS * MEMORIES_PER_SLOT)
        .total_tables(SLOTS * TABLES_PER_SLOT)
        .total_stacks(SLOTS)
        // One module may have them all: how many there are in a store is a matter of `Limits`, and of the weight.
        .max_memories_per_module(MOST_PER_MODULE)
        .max_tables_per_module(MOST_PER_MODULE)
        .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
        .table_keep_resident(TABLE_KEEP_RESIDENT)
        // Linux 6.7 and newer; others fall back by themselves.
        .pagemap_scan(Enabled::Auto);
    pool
}

/// An engine could not be made, or is gone.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no engine: {0}")]
pub struct EngineError(String);

impl EngineError {
    pub(super) fn closed() -> Self {
        Self("the engine is closed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Proves M8: what the engine knows of pools does not grow with the plugins that were woken and have slept again.
    #[test]
    fn dead_pools_are_forgotten() {
        let room = EngineRoom::shared(Metering::Fuel).unwrap();
        let lives: Vec<_> = (0..20).map(|_| Arc::<WarmPool>::default()).collect();
        lives.iter().for_each(|pool| room.add_pool(pool));
        for _ in 0..1_000 {
            room.add_pool(&Arc::default());
        }
        let known = room.pools.lock().unwrap().len();
        assert!((20..200).contains(&known), "{known}");
    }
}
