//! Portcullis' side: the same calls through its public API.

use std::sync::Arc;
use std::time::Duration;

use portcullis::capability::npc_read::NpcRead;
use portcullis::capability::port::WorldRequest;
use portcullis::capability::session_read::SessionRead;
use portcullis::capability::session_write::SessionWrite;
use portcullis::capability::world_read::WorldRead;
use portcullis::engine::SLOTS;
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::grant::Instances;
use portcullis::guard::GuardPolicy;
use portcullis::{
    Consent, Host, Limits, Observer, Outcome, Package, Plugin, Policy, Port, Subject,
};
use serde_json::{Map, Value};

use crate::Failure;
use crate::meadow::Meadow;

/// A host for one plugin.
pub async fn plugin(
    component: &[u8],
    instances: Instances,
    wall: Duration,
    world: Arc<dyn Port<WorldRequest>>,
    observer: Option<Arc<dyn Observer>>,
) -> Result<Plugin, Failure> {
    let mut limits = Limits::default();
    limits.wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
    limits.host_calls = u64::MAX;
    // On, as hosts have it, and patient: one of the plugins is there to be ended again and again.
    let mut guard = GuardPolicy::default();
    guard.failures = 1_000;
    // The memory of many instances is measured with those of one plugin.
    let policy = Policy::new()
        .instances(instances)
        .limits(limits)
        .slots_per_plugin(SLOTS);
    let mut builder = Host::builder()
        .compile_in_process()
        .policy(policy.guard(guard))
        .capability(WorldRead::new(world))
        .capability(SessionRead::new(Arc::new(Meadow)))
        .capability(SessionWrite::new(Arc::new(Meadow)))
        .capability(NpcRead::new(Arc::new(Meadow)));
    if let Some(observer) = observer {
        builder = builder.observer(observer);
    }
    let host = builder.build().map_err(Failure::of)?;
    let package = Package::parse(component.to_vec()).map_err(Failure::of)?;
    host.load(package, &Consent::Everything)
        .await
        .map_err(Failure::of)
}

/// One call, with what a host has at hand: the subject and the parameters.
pub async fn evaluate(
    plugin: &Plugin,
    name: &Arc<str>,
    subject: &Subject,
    params: &Map<String, Value>,
) -> Outcome {
    let request = Evaluate {
        name: name.clone(),
        params: params.clone(),
    };
    plugin
        .call::<Conditions>(subject.clone(), request)
        .await
        .outcome
}
