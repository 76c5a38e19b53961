//! The load: who calls what.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::{Blame, Outcome, Package, PluginId, Receipt};
use portcullis_tests::misdeeds::home::Home;
use portcullis_tests::misdeeds::run::Ready;
use portcullis_tests::misdeeds::{House, all};
use portcullis_tests::plugins::root;
use portcullis_tests::rig::{ada, params};
use portcullis_tests::{component, embed};
use serde_json::{Map, Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sample::Sampler;
use crate::tally::Tally;

/// Callers that commit misdeeds, each all of them in turn: as many as the spinners of the benchmark.
const HOSTILE_CALLERS: usize = 10;

/// How often plugins are replaced.
const RELOAD_EACH: Duration = Duration::from_secs(2);

/// On a busy machine time may end what meets another limit on an idle one.
const ALSO: &[Outcome] = &[Outcome::TimedOut];

/// Conditions of `hostile` that the plugin asks which is replaced all the time.
const VISITS: [&str; 6] = [
    "loop-forever",
    "memory-flood",
    "panic",
    "stdout-flood",
    "handle-flood",
    "exit",
];

/// What a sampler sees of the load.
pub struct Eyes {
    pub tally: Arc<Tally>,
    homes: Vec<Arc<Home>>,
    within: Arc<AtomicU64>,
}

impl Eyes {
    /// Calls that ended and have no receipt. Read in this order, a call that ends meanwhile is not taken for one; a call that was dropped while
    /// its changes were committed may be, for an instant.
    pub fn lost_so_far(&self) -> u64 {
        let begun = self.begun();
        let within = self.within.load(Ordering::SeqCst);
        begun
            .saturating_sub(within)
            .saturating_sub(self.tally.receipts.load(Ordering::SeqCst))
    }

    fn begun(&self) -> u64 {
        let by_homes: u64 = self.homes.iter().map(|home| home.calls()).sum();
        by_homes + self.tally.begun.load(Ordering::SeqCst)
    }
}

/// What callers share.
#[derive(Clone)]
struct Shared {
    tally: Arc<Tally>,
    /// A caller holds it to read for each call: whoever holds it to write has the load at rest.
    gate: Arc<RwLock<()>>,
    /// Callers within a call.
    within: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

/// The load, while it runs.
pub struct Load {
    shared: Shared,
    homes: BTreeMap<House, Arc<Home>>,
}

impl Load {
    /// Loads all plugins and lets the callers begin.
    ///
    /// # Panics
    /// A guest is not built.
    pub async fn start(tally: Arc<Tally>) -> Self {
        let homes = homes(&tally).await;
        let mut rows = Vec::new();
        for misdeed in all() {
            if let Some(home) = homes.get(&misdeed.house) {
                rows.push(Ready::new(misdeed, Arc::clone(home), &rows).await);
            }
        }
        let shared = Shared {
            tally,
            gate: Arc::default(),
            within: Arc::default(),
            stopped: Arc::default(),
        };
        // Once each before anything is counted: what a process makes once and keeps, as a compiler's threads, is there then.
        for row in &rows {
            shared.tally.surprise(row.commit(0, ALSO).await);
        }
        let load = Self { shared, homes };
        load.callers(&rows);
        load
    }

    /// Starts everybody.
    fn callers(&self, rows: &[Ready]) {
        for first in 0..HOSTILE_CALLERS {
            let (shared, rows) = (self.shared.clone(), rows.to_vec());
            // Far from each other.
            let first = first * rows.len() / HOSTILE_CALLERS;
            tokio::spawn(async move { shared.misbehave(&rows, first).await });
        }
        let (shared, rows) = (self.shared.clone(), rows.to_vec());
        tokio::spawn(async move { shared.lose_patience(&rows).await });
        for house in [House::Clock, House::Warm] {
            let Some(home) = self.homes.get(&house) else {
                continue;
            };
            for good in [Good::noop(), Good::keeper()] {
                let (shared, home) = (self.shared.clone(), Arc::clone(home));
                tokio::spawn(async move { shared.behave(&home, &good).await });
            }
            let (shared, home) = (self.shared.clone(), Arc::clone(home));
            tokio::spawn(async move { shared.reload(&home).await });
        }
        if let Some(home) = self.homes.get(&House::Clock) {
            let (shared, home) = (self.shared.clone(), Arc::clone(home));
            tokio::spawn(async move { shared.visit(&home).await });
        }
    }

    /// What a sampler needs.
    pub fn eyes(&self) -> Eyes {
        Eyes {
            tally: Arc::clone(&self.shared.tally),
            homes: self.homes.values().cloned().collect(),
            within: Arc::clone(&self.shared.within),
        }
    }

    /// Waits until nothing runs, and gives what comes late the time to end: commits of calls that were dropped, and threads without work.
    pub async fn rest(&self, sampler: &Sampler) -> RwLockWriteGuard<'_, ()> {
        let rest = self.shared.gate.write().await;
        sampler.rest(true);
        tokio::time::sleep(crate::REST).await;
        sampler.rest(false);
        rest
    }

    /// Lets the callers end.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
    }

    /// While nothing runs: calls that left no receipt.
    pub fn lost(&self) -> i128 {
        i128::from(self.eyes().begun())
            - i128::from(self.shared.tally.receipts.load(Ordering::SeqCst))
    }
}

/// The hosts, as the tests have them, with every slot of both engines in use once. The place to say how they compile.
async fn homes(tally: &Arc<Tally>) -> BTreeMap<House, Arc<Home>> {
    let mut homes = BTreeMap::new();
    for house in [House::Clock, House::Metered, House::Warm] {
        let observer = Arc::clone(tally);
        let home = Home::with(house, |builder| builder.observer(observer as _)).await;
        home.rig.receipts.keep_none();
        let home = Arc::new(home);
        if house != House::Metered {
            home.rig.load("noop").await;
            home.rig.load_package(keeper(0)).await;
            home.rig.load_package(visitor(0)).await;
        }
        if house != House::Warm {
            home.fill_slots().await;
        }
        homes.insert(house, home);
    }
    homes
}

/// The plugin `keeper` in another version each time.
fn keeper(version: usize) -> Package {
    versioned("keeper", "keeper", version, "")
}

/// The plugin `hostile` under a name of its own, in another version each time.
fn visitor(version: usize) -> Package {
    versioned("hostile", "visitor", version, "\n[limits]\nwall_ms = 40\n")
}

fn versioned(guest: &str, id: &str, version: usize, limits: &str) -> Package {
    let path = root().join(format!("tests/guests/{guest}/plugin.toml"));
    #[expect(clippy::panic, reason = "a file of this repository")]
    let own = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let named = own
        .replacen(&format!("id = \"{guest}\""), &format!("id = \"{id}\""), 1)
        .replacen(
            "version = \"0.1.0\"",
            &format!("version = \"0.1.{version}\""),
            1,
        );
    embed(&component(guest), &format!("{named}{limits}"))
}

#[expect(clippy::panic, reason = "names of this program")]
fn id(name: &str) -> PluginId {
    name.parse()
        .unwrap_or_else(|_| panic!("`{name}` is no id of a plugin"))
}

/// What a good caller asks.
struct Good {
    plugin: PluginId,
    condition: Arc<str>,
    params: Map<String, Value>,
}

impl Good {
    fn noop() -> Self {
        Self {
            plugin: id("noop"),
            condition: "noop".into(),
            params: Map::new(),
        }
    }

    /// Reads and writes: a call with a commit.
    fn keeper() -> Self {
        let steps = json!({ "steps": [
            { "op": "kv.increment", "key": "visits", "by": 1 },
            { "op": "npc.increment", "id": "ada", "key": "visits" },
            { "op": "npc.get", "id": "ada" },
        ] });
        Self {
            plugin: id("keeper"),
            condition: "steps".into(),
            params: params(steps),
        }
    }
}

/// Held for one call.
struct Pass<'a> {
    within: &'a AtomicU64,
    _open: RwLockReadGuard<'a, ()>,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.within.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    /// For one call, which begins when the load does not rest; `None` when it is over.
    async fn enter(&self) -> Option<Pass<'_>> {
        // Who never waits for anything would keep its worker for itself.
        tokio::task::yield_now().await;
        let open = self.gate.read().await;
        if self.stopped.load(Ordering::SeqCst) {
            return None;
        }
        self.within.fetch_add(1, Ordering::SeqCst);
        Some(Pass {
            within: &self.within,
            _open: open,
        })
    }

    async fn misbehave(&self, rows: &[Ready], first: usize) {
        for (turn, row) in rows.iter().cycle().skip(first).enumerate() {
            let Some(_pass) = self.enter().await else {
                return;
            };
            // In two worlds in turn: a round is one in one of them.
            let wrong = row.commit((first + turn) / rows.len(), ALSO).await;
            self.tally.surprise(wrong);
            self.tally.hostile.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Drops each call after some time, short or less short.
    async fn lose_patience(&self, rows: &[Ready]) {
        for (turn, row) in rows.iter().cycle().enumerate() {
            let Some(_pass) = self.enter().await else {
                return;
            };
            let patience = Duration::from_micros((turn as u64 * 7_919) % 20_000);
            let committed = tokio::time::timeout(patience, row.commit(turn / rows.len(), ALSO));
            if let Ok(wrong) = committed.await {
                self.tally.surprise(wrong);
            }
            self.tally.hostile.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn behave(&self, home: &Home, good: &Good) {
        while let Some(_pass) = self.enter().await {
            let begun = Instant::now();
            let answer = self.ask(home, &good.plugin, &good.condition, &good.params);
            match answer.await {
                Some(receipt) if receipt.reply == Some(true) => {
                    self.tally.returned(begun.elapsed());
                }
                Some(receipt) => self.tally.surprise([format!("a good plugin: {receipt}")]),
                None => {
                    let lost = format!("{} is not loaded", good.plugin);
                    self.tally.surprise([lost]);
                }
            }
        }
    }

    async fn visit(&self, home: &Home) {
        let (visitor, params) = (id("visitor"), Map::new());
        for condition in VISITS.map(Arc::<str>::from).iter().cycle() {
            let Some(_pass) = self.enter().await else {
                return;
            };
            match self.ask(home, &visitor, condition, &params).await {
                None => self
                    .tally
                    .surprise(["the visitor is not loaded".to_owned()]),
                Some(receipt) if receipt.blame == Some(Blame::Host) => {
                    self.tally.surprise([format!("the visitor: {receipt}")]);
                }
                Some(_) => {}
            }
            self.tally.hostile.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// By the plugin's id, as who does not care whether it was replaced.
    async fn ask(
        &self,
        home: &Home,
        plugin: &PluginId,
        condition: &Arc<str>,
        params: &Map<String, Value>,
    ) -> Option<Receipt<bool>> {
        let request = Evaluate {
            name: Arc::clone(condition),
            params: params.clone(),
        };
        self.tally.begun.fetch_add(1, Ordering::SeqCst);
        let host = &home.rig.host;
        host.call::<Conditions>(plugin, ada(), request).await
    }

    /// Replaces a good plugin and a hostile one, by another version each.
    async fn reload(&self, home: &Home) {
        let versions = [0, 1].map(|version| [keeper(version), visitor(version)]);
        let mut next = tokio::time::interval(RELOAD_EACH);
        next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for version in versions.iter().cycle().skip(1) {
            next.tick().await;
            let _pass = self.gate.read().await;
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            for package in version {
                if let Err(error) = home.rig.try_load(package.clone()).await {
                    self.tally.surprise([format!("not replaced: {error}")]);
                }
                self.tally.reloads.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}
