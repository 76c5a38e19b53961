//! A host for misdeeds, with a good plugin beside them and somebody who watches the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::capability::LogSink;
use portcullis::engine::SLOTS;
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::grant::Instances;
use portcullis::host::HostBuilder;
use portcullis::log_record::{LogRecord, is_hidden};
use portcullis::{Outcome, Plugin, Receipt, Subject};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::House;
use crate::forge::{self, Parts, wasi};
use crate::rig::{Rig, limits, params, shared_cache};

/// A host, and a good plugin on it. What crosses it is counted.
pub struct Home {
    /// The host and what stands around it.
    pub rig: Rig,
    good: Plugin,
    log: Arc<Watchful>,
    calls: AtomicU64,
}

impl Home {
    /// A host of this kind.
    ///
    /// # Panics
    /// It cannot be built.
    pub async fn new(house: House) -> Self {
        Self::with(house, |builder| builder).await
    }

    /// A host of this kind, with the last word about it.
    ///
    /// # Panics
    /// It cannot be built.
    pub async fn with(house: House, change: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let policy = limits(|limits| {
            // For the good plugin: the others ask for less.
            limits.wall_ms = 20_000;
            limits.fuel = (house == House::Metered).then_some(5_000_000);
        });
        let policy = match house {
            House::Warm => policy.instances(Instances::Warm { max_idle: 2 }),
            House::Clock | House::Metered => policy,
        };
        let log = Arc::new(Watchful::default());
        let rig = Rig::with(policy, |builder| {
            let builder = builder.compile_cache(shared_cache());
            change(builder.log(Arc::clone(&log) as _))
        });
        let good = forge::package("good", &Parts::default(), "");
        let good = rig.load_package(good).await;
        let calls = AtomicU64::new(0);
        Self {
            rig,
            good,
            log,
            calls,
        }
    }

    /// Asks a condition.
    pub async fn ask(
        &self,
        plugin: &Plugin,
        about: Subject,
        name: &str,
        asked: Value,
    ) -> Receipt<bool> {
        let request = Evaluate {
            name: name.into(),
            params: params(asked),
        };
        self.calls.fetch_add(1, Ordering::SeqCst);
        plugin.call::<Conditions>(about, request).await
    }

    /// Asks the good plugin. Tells what it did not do well.
    pub async fn ask_the_good(&self) -> Option<String> {
        let about = Subject::world("alpha");
        let receipt = self.ask(&self.good, about, "any", json!({})).await;
        (receipt.reply != Some(true)).then(|| format!("the good plugin: {receipt}"))
    }

    /// While nothing runs: what is wrong with the receipts and the records since it was last asked. Each call leaves one receipt, and no record is
    /// more than one.
    pub fn look_back(&self) -> Vec<String> {
        let receipts = self.rig.receipts.take();
        let own = receipts
            .iter()
            .filter(|one| &*one.extension == "conditions");
        let (seen, calls) = (own.count() as u64, self.calls.swap(0, Ordering::SeqCst));
        let lost = (seen != calls).then(|| format!("{calls} calls left {seen} receipts"));
        lost.into_iter().chain(self.forged()).collect()
    }

    /// How many calls were begun since somebody looked back.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The records that were more than a line, since this was last asked.
    pub fn forged(&self) -> Vec<String> {
        let forged = self.log.forged.lock();
        std::mem::take(&mut *forged.unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses every slot of the host's engine once, all at the same time, and fills what the engine keeps resident of it: memories, tables, stack. A
    /// slot that is used for the first time later on would look like a leak.
    ///
    /// # Panics
    /// A call ended otherwise than by its stack.
    pub async fn fill_slots(self: &Arc<Self>) {
        let hoard = Parts {
            host: &[wasi::POLL, wasi::CLOCK],
            // As many memories and tables as a slot has, each filled as far as the limits of a call allow.
            fields: "(memory $second 32) (table $second 3900 funcref) (table $third 3900 funcref)
                (table $elements 8192 funcref) (table $fourth 3900 funcref) (elem declare func $one) (func $one)
                (func $deep (call $deep) (call $one))",
            // Where fuel is metered sleeping takes no time. There the loop makes each call give way to the others.
            evaluate: "(local $left i32)
                (drop (memory.grow (i32.const 32)))
                (memory.fill (i32.const 65536) (i32.const 165) (i32.const 2097152))
                (memory.fill $second (i32.const 0) (i32.const 165) (i32.const 2097152))
                (table.fill $second (i32.const 0) (ref.func $one) (i32.const 3900))
                (table.fill $third (i32.const 0) (ref.func $one) (i32.const 3900))
                (table.fill $fourth (i32.const 0) (ref.func $one) (i32.const 3900))
                (table.fill $elements (i32.const 0) (ref.func $one) (i32.const 8192))
                (call $block (call $after (i64.const 1000000000)))
                (local.set $left (i32.const 50000))
                (loop $again
                  (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
                (call $deep)
                i32.const 16",
            ..Parts::default()
        };
        // Four plugins: one alone may not have all slots.
        let mut running = JoinSet::new();
        for name in ["hoard-one", "hoard-two", "hoard-three", "hoard-four"] {
            let package = forge::package(name, &hoard, "");
            let hoard = self.rig.load_package(package).await;
            for _ in 0..SLOTS / 4 {
                let (home, hoard) = (Arc::clone(self), hoard.clone());
                let about = Subject::world("alpha");
                running.spawn(async move { home.ask(&hoard, about, "any", json!({})).await });
            }
        }
        while let Some(ended) = running.join_next().await {
            #[expect(clippy::panic, reason = "a test cannot go on")]
            match ended {
                // The last that each does is to use up its stack, which ends it.
                Ok(receipt) if receipt.outcome == Outcome::Trapped => {}
                Ok(receipt) => panic!("{receipt}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// How many records the log got.
    pub fn records(&self) -> u64 {
        self.log.seen.load(Ordering::SeqCst)
    }
}

/// Looks at each record, and keeps those only that break out.
#[derive(Default)]
struct Watchful {
    seen: AtomicU64,
    forged: Mutex<Vec<String>>,
}

impl LogSink for Watchful {
    fn emit(&self, record: LogRecord) {
        self.seen.fetch_add(1, Ordering::SeqCst);
        let mut texts = record.fields.iter().flat_map(|(key, value)| [key, value]);
        if breaks_out(&record.message) || texts.any(|text| breaks_out(text)) {
            let forged = self.forged.lock();
            let mut forged = forged.unwrap_or_else(PoisonError::into_inner);
            forged.push(format!("a record of more than a line: {record:?}"));
        }
    }
}

/// Whether a text is more than a part of one line.
pub fn breaks_out(text: &str) -> bool {
    text.chars().any(is_hidden)
}
