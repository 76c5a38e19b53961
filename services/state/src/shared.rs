//! What a store's handles and its writer share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::Notify;

use crate::guard::Records;
use crate::memory::Memory;

pub(crate) struct Shared {
    memory: RwLock<Memory>,
    pub(crate) guard: Mutex<Records>,
    /// Wakes whoever waits for a job.
    pub(crate) submitted: Notify,
    pub(crate) events_waiting: AtomicUsize,
    pub(crate) events_dropped: AtomicU64,
    /// Whether the log was told that events are dropped.
    pub(crate) warned: AtomicBool,
}

impl Shared {
    pub(crate) fn new(memory: Memory, guard: Records) -> Self {
        Self {
            memory: RwLock::new(memory),
            guard: Mutex::new(guard),
            submitted: Notify::new(),
            events_waiting: AtomicUsize::new(0),
            events_dropped: AtomicU64::new(0),
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }
}
