//! A host for plugins that nobody knows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use portcullis::guard::GuardPolicy;
use portcullis::host::LoadError;
use portcullis::{Consent, Host, Limits, Observer, Package, Plugin, Policy, Record};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::plain::one_line;

/// Memory that a guest gets, in bytes.
pub(crate) const MEMORY: u64 = 8 << 20;

/// Counts receipts, and keeps none: a fuzzer makes millions of calls.
#[derive(Default)]
pub(crate) struct Receipts(AtomicU64);

impl Receipts {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Observer for Receipts {
    fn record(&self, _record: &Record) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A host on the metered engine, where a call is the same each time, and what its observer has counted.
pub(crate) struct House {
    pub(crate) host: Host,
    pub(crate) receipts: Arc<Receipts>,
    /// Held by whoever loads: receipts are counted, and ids are taken.
    pub(crate) alone: Mutex<()>,
}

impl House {
    fn new() -> Self {
        let mut limits = Limits::default();
        // Less than a millisecond of computing; the wall is for what waits, and nothing here is worth waiting for.
        limits.fuel = Some(300_000);
        limits.wall_ms = 50;
        limits.memory_bytes = MEMORY;
        let receipts = Arc::<Receipts>::default();
        let policy = Policy::new().limits(limits).guard(GuardPolicy::off());
        let builder = Host::builder()
            .policy(policy)
            .compile_in_process()
            .observer(Arc::clone(&receipts) as _);
        let host = builder.build().unwrap();
        let alone = Mutex::const_new(());
        Self {
            host,
            receipts,
            alone,
        }
    }

    /// The one of this process.
    pub(crate) fn get() -> &'static Self {
        static HOUSE: OnceLock<House> = OnceLock::new();
        HOUSE.get_or_init(Self::new)
    }

    /// Loads a package with all that it asks for; `None` if it is refused, which is told in plain text.
    pub(crate) async fn load(&self, package: Package) -> Option<Plugin> {
        match self.host.load(package, &Consent::Everything).await {
            Ok(plugin) => Some(plugin),
            Err(error) => {
                refused(&error);
                None
            }
        }
    }
}

fn refused(error: &LoadError) {
    error.to_string().lines().for_each(one_line);
}

/// The runtime of this process: two workers, as callers and calls need no more.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    })
}
