//! A host with the state, the recorders and a compile cache that all tests share.

use std::sync::Arc;
use std::time::Duration;

use portcullis::engine::{CacheKey, CompileCache};
use portcullis::extension::Scene;
use portcullis::extension::conditions::{Conditions, Evaluate, Evaluation};
use portcullis::extension::effects::{Application, Apply, Effects};
use portcullis::extension::hooks::Hooked;
use portcullis::guard::GuardPolicy;
use portcullis::hook_point::HookPolicy;
use portcullis::host::{HostBuilder, LoadError, StaticSettings};
use portcullis::{
    Consent, EnabledPlugins, Host, Limits, Package, Plugin, Point, Policy, Receipt, Record, Subject,
};
use serde_json::{Map, Value};

use crate::plugins::{plugin, root};
use crate::record::{Receipts, Sink};
use crate::state::MemoryState;

/// A host and what stands around it.
#[derive(Clone)]
pub struct Rig {
    /// The host.
    pub host: Host,
    /// Its state.
    pub state: Arc<MemoryState>,
    /// The receipts that its observer saw.
    pub receipts: Arc<Receipts>,
    /// The records that its log got.
    pub log: Arc<Sink>,
    /// What operators set for its plugins.
    pub settings: Arc<StaticSettings>,
}

/// A policy with these limits: the defaults, but five seconds of wall time, so that a busy machine fails no test; `change` has the last word.
/// Handlers of hooks have more time too. The guard is off: plugins of tests may fail as often as they like.
pub fn limits(change: impl FnOnce(&mut Limits)) -> Policy {
    let mut limits = Limits::default();
    limits.wall_ms = 5_000;
    change(&mut limits);
    let hooks = HookPolicy::default().handler_ms(20_000).chain_ms(60_000);
    let policy = Policy::new().limits(limits).guard(GuardPolicy::off());
    policy.hooks(hooks)
}

/// The compile cache that tests share: compiling takes most of their time.
///
/// # Panics
/// The directory cannot be made.
pub fn shared_cache() -> CompileCache {
    let directory = root().join("target/test-cache");
    #[expect(clippy::expect_used, reason = "a test cannot go on")]
    CompileCache::open(&directory, CacheKey::new([7; 32])).expect("target/test-cache")
}

/// The session `s1` of the world `alpha`, and its NPC `ada`.
pub fn ada() -> Subject {
    Subject::world("alpha").session("s1").npc("ada")
}

/// JSON for parameters.
///
/// # Panics
/// It is no object.
pub fn params(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(params) => params,
        #[expect(clippy::panic, reason = "a test cannot go on")]
        other => panic!("parameters are an object, not {other}"),
    }
}

impl Default for Rig {
    fn default() -> Self {
        Self::new(limits(|_| {}))
    }
}

impl Rig {
    /// A host under this policy.
    pub fn new(policy: Policy) -> Self {
        Self::with(policy, |builder| builder.compile_cache(shared_cache()))
    }

    /// A host under this policy, with the last word about it.
    ///
    /// # Panics
    /// The host cannot be built.
    pub fn with(policy: Policy, change: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let (state, receipts, log) = (
            Arc::new(MemoryState::two_worlds()),
            Arc::default(),
            Arc::default(),
        );
        let settings = Arc::<StaticSettings>::default();
        let builder = Host::builder()
            .compile_in_process()
            .settings(Arc::clone(&settings) as _)
            .policy(policy)
            .state(Arc::clone(&state))
            .clock(state.clock.shared())
            .observer(Arc::clone(&receipts) as _)
            .log(Arc::clone(&log) as _);
        #[expect(clippy::expect_used, reason = "a test cannot go on")]
        let host = change(builder).build().expect("a host");
        Self {
            host,
            state,
            receipts,
            log,
            settings,
        }
    }

    /// Loads a built plugin with all that it asks for.
    ///
    /// # Panics
    /// It is refused.
    pub async fn load(&self, name: &str) -> Plugin {
        self.load_package(plugin(name)).await
    }

    /// Loads a package with all that it asks for.
    ///
    /// # Panics
    /// It is refused.
    pub async fn load_package(&self, package: Package) -> Plugin {
        #[expect(clippy::panic, reason = "a test cannot go on")]
        self.try_load(package)
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Loads a package with all that it asks for, or tells why not.
    pub async fn try_load(&self, package: Package) -> Result<Plugin, LoadError> {
        self.host.load(package, &Consent::Everything).await
    }

    /// Asks a condition of a plugin about [`ada`]. Checks that the call left exactly one receipt.
    pub async fn ask(&self, plugin: &Plugin, name: &str, params: Value) -> Receipt<bool> {
        self.ask_about(plugin, ada(), name, params).await
    }

    /// Asks a condition of a plugin. Checks that the call left exactly one receipt.
    pub async fn ask_about(
        &self,
        plugin: &Plugin,
        subject: Subject,
        name: &str,
        params: Value,
    ) -> Receipt<bool> {
        let request = Evaluate {
            name: name.into(),
            params: self::params(params),
        };
        let receipt = plugin.call::<Conditions>(subject, request).await;
        self.check_receipt(&receipt);
        receipt
    }

    /// Applies an effect of a plugin about [`ada`]. Checks that the call left exactly one receipt.
    pub async fn act(&self, plugin: &Plugin, name: &str, params: Value) -> Receipt {
        let request = Apply {
            name: name.into(),
            params: self::params(params),
        };
        let receipt = plugin.call::<Effects>(ada(), request).await;
        self.check_receipt(&receipt);
        receipt
    }

    /// Asks a condition by its qualified name about [`ada`], in a world that uses all plugins.
    pub async fn evaluate(&self, condition: &str, params: Value) -> Evaluation {
        let (subject, enabled) = (ada(), EnabledPlugins::All);
        let scene = Scene {
            subject: &subject,
            enabled: &enabled,
        };
        self.host
            .evaluate(condition, scene, &self::params(params))
            .await
    }

    /// Applies an effect by its qualified name about [`ada`], in a world that uses all plugins.
    pub async fn apply(&self, effect: &str, params: Value) -> Application {
        let (subject, enabled) = (ada(), EnabledPlugins::All);
        let scene = Scene {
            subject: &subject,
            enabled: &enabled,
        };
        self.host.apply(effect, scene, &self::params(params)).await
    }

    /// Asks the handlers at a hook point about [`ada`], in a world that uses all plugins.
    pub async fn hook<P: Point>(&self, data: P) -> Hooked<P> {
        self.hook_in(&EnabledPlugins::All, data).await
    }

    /// Asks the handlers at a hook point about [`ada`], in a world that uses these plugins. Checks that the chain left exactly one receipt, and
    /// each of its calls too.
    ///
    /// # Panics
    /// It did not.
    pub async fn hook_in<P: Point>(&self, enabled: &EnabledPlugins, data: P) -> Hooked<P> {
        let subject = ada();
        let scene = Scene {
            subject: &subject,
            enabled,
        };
        let before = self.receipts.chains().len();
        let hooked = self.host.hook(scene, data).await;
        let told = self.receipts.chains().split_off(before);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [hooked.chain.to_string()],
            "a chain leaves exactly one receipt"
        );
        for call in hooked
            .chain
            .steps
            .iter()
            .filter_map(|step| step.call.as_ref())
        {
            let all = self.receipts.all();
            let seen = all.iter().filter(|record| record.id == call.id).count();
            assert_eq!(seen, 1, "a call leaves exactly one receipt: {call}");
        }
        hooked
    }

    /// Waits until the observer has seen `count` receipts of calls: one that was dropped may end a little later.
    ///
    /// # Panics
    /// They do not come within ten seconds.
    pub async fn receipts(&self, count: usize) -> Vec<Record> {
        for _ in 0..1_000 {
            if self.receipts.len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Time for one too many.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let receipts = self.receipts.all();
        assert_eq!(receipts.len(), count, "{receipts:#?}");
        receipts
    }

    fn check_receipt<R>(&self, receipt: &Receipt<R>) {
        let seen = self
            .receipts
            .all()
            .iter()
            .filter(|record| record.id == receipt.id)
            .count();
        assert_eq!(seen, 1, "a call leaves exactly one receipt: {receipt}");
        assert_eq!(
            receipt.reply.is_some(),
            receipt.outcome == portcullis::Outcome::Returned,
            "{receipt}"
        );
    }
}
