//! What a chain of hook handlers costs: five that do nothing, each of a plugin of its own, against five calls of the same component.

use std::time::{Duration, Instant};

use portcullis::engine::{Metering, config};
use portcullis::extension::Scene;
use portcullis::extension::hooks::ResponsePreDeliver;
use portcullis::grant::Instances;
use portcullis::hook_point::Point;
use portcullis::{Consent, EnabledPlugins, Host, Package, Policy, Subject};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::Failure;
use crate::bare::{WALL, interruptible};
use crate::report::Chain;

const HANDLERS: u32 = 5;
const CHAINS: u32 = 4_000;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "portcullis:plugin/provides-hooks",
        exports: { default: async },
    });
}

use bindings::exports::portcullis::plugin::hooks::{Decision, Subject as BareSubject};
use bindings::{ProvidesHooks, ProvidesHooksPre};

/// A live instance on the bare side.
struct Bare {
    store: Store<Instant>,
    exports: ProvidesHooks,
}

pub async fn measure(component: &[u8], rounds: usize) -> Result<Chain, Failure> {
    let mut bare = bare(component).await.map_err(Failure::of)?;
    let host = host(component).await?;
    // In a task of the runtime, where hosts run, and not on the thread that blocks on it.
    let measured = tokio::spawn(async move {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            theirs.push(bare_round(&mut bare).await.map_err(Failure::of)?);
            ours.push(round(&host).await?);
        }
        Ok::<_, Failure>(Chain::of(&theirs, &ours, HANDLERS.into(), 250.0))
    });
    measured.await.map_err(Failure::of)?
}

fn data() -> ResponsePreDeliver {
    ResponsePreDeliver {
        run: "run-1".to_owned(),
        work_item: "item-1".to_owned(),
        text: "The plants are watered, all of them.".to_owned(),
    }
}

async fn bare(component: &[u8]) -> wasmtime::Result<Vec<Bare>> {
    let engine = Engine::new(&config(Metering::Clock, true))?;
    let ticker = engine.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(1));
            ticker.increment_epoch();
        }
    });
    let linker = Linker::<Instant>::new(&engine);
    let component = Component::from_binary(&engine, component)?;
    let pre = ProvidesHooksPre::new(linker.instantiate_pre(&component)?)?;
    let mut instances = Vec::new();
    for _ in 0..HANDLERS {
        let mut store = Store::new(&engine, Instant::now() + WALL);
        interruptible(&mut store, |deadline| *deadline);
        let exports = pre.instantiate_async(&mut store).await?;
        instances.push(Bare { store, exports });
    }
    Ok(instances)
}

async fn host(component: &[u8]) -> Result<Host, Failure> {
    let policy = Policy::new().instances(Instances::Warm { max_idle: 8 });
    let host = Host::builder()
        .compile_in_process()
        .policy(policy)
        .build()
        .map_err(Failure::of)?;
    for number in 1..=HANDLERS {
        let manifest = format!(
            "[plugin]\nid = \"noop-{number}\"\nname = \"Noop\"\nversion = \"0.1.0\"\n\
             [permissions.\"hook:handle\"]\nreason = \"Is measured.\"\n\
             [[contributes.hooks]]\nname = \"noop\"\npoint = \"{}\"\n",
            ResponsePreDeliver::NAME
        );
        let package = Package::embed(component, &manifest).and_then(Package::parse);
        let package = package.map_err(Failure::of)?;
        host.load(package, &Consent::Everything)
            .await
            .map_err(Failure::of)?;
    }
    Ok(host)
}

/// Nanoseconds for what a chain of five is on the bare side.
async fn bare_round(instances: &mut [Bare]) -> wasmtime::Result<f64> {
    let data = serde_json::to_string(&data()).map_err(wasmtime::Error::new)?;
    let start = Instant::now();
    for _ in 0..CHAINS {
        for Bare { store, exports } in &mut *instances {
            store.set_epoch_deadline(1);
            *store.data_mut() = Instant::now() + WALL;
            let subject = BareSubject {
                world: "meadow".to_owned(),
                session: Some("s1".to_owned()),
                npc: None,
            };
            let hooks = exports.portcullis_plugin_hooks();
            let decision = hooks
                .call_handle(store, "noop", &subject, ResponsePreDeliver::NAME, &data)
                .await?;
            wasmtime::ensure!(matches!(decision, Ok(Decision::Proceed)), "it proceeds");
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(CHAINS))
}

/// Nanoseconds a chain.
async fn round(host: &Host) -> Result<f64, Failure> {
    let subject = Subject::world("meadow").session("s1");
    let scene = Scene {
        subject: &subject,
        enabled: &EnabledPlugins::All,
    };
    let mut data = data();
    let start = Instant::now();
    for _ in 0..CHAINS {
        let hooked = host.hook(scene, data).await;
        let returned = hooked.chain.steps.iter().all(|step| step.call.is_some());
        if !returned || hooked.chain.steps.len() != HANDLERS as usize || hooked.blocked().is_some()
        {
            return Err(Failure(hooked.chain.to_string()));
        }
        data = hooked.data;
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(CHAINS))
}
