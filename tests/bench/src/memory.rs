//! What a live instance takes: instances are held in a host call, and the resident memory is read.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use portcullis::capability::port::{Answer, Port, WorldRequest};
use portcullis::grant::Instances;
use portcullis::{Subject, capability::PortError};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::bare::{Bare, WALL};
use crate::report::{Memory, median};
use crate::{Failure, gate};

const FIRST: usize = 20;
const INSTANCES: usize = 100;
const RUNS: usize = 9;

/// A world that answers once the gate opens.
struct Closed {
    arrived: Semaphore,
    open: Semaphore,
}

impl Port<WorldRequest> for Closed {
    fn call(&self, _: WorldRequest) -> Answer<'_, WorldRequest> {
        Answer::pending(async {
            self.arrived.add_permits(1);
            let _open = self.open.acquire().await;
            Err(PortError::NotFound)
        })
    }
}

fn closed() -> Arc<Closed> {
    Arc::new(Closed {
        arrived: Semaphore::new(0),
        open: Semaphore::new(0),
    })
}

/// Measures one side in this process.
pub async fn side(side: &str, component: &[u8]) -> Result<f64, Failure> {
    match side {
        "bare" => bare(component).await,
        _ => gate(component).await,
    }
}

/// Starts this program once for each side.
fn child(side: &str, plugins: &Path) -> Result<f64, Failure> {
    let program = std::env::current_exe().map_err(Failure::of)?;
    let output = Command::new(program)
        .arg("--memory-of")
        .arg(side)
        .arg("--plugins")
        .arg(plugins)
        .output()
        .map_err(Failure::of)?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .map_err(Failure::of)
}

pub fn measure(plugins: &Path) -> Result<Memory, Failure> {
    // In processes of their own, so that neither finds memory that the other has given back; in turn, and the medians count.
    let mut samples: [Vec<f64>; 2] = Default::default();
    for _ in 0..RUNS {
        for (samples, side) in samples.iter_mut().zip(["bare", "portcullis"]) {
            samples.push(child(side, plugins)?);
        }
    }
    let [bare_bytes, portcullis_bytes] = samples.map(|samples| median(samples.into_iter()));
    Ok(Memory {
        bare_bytes,
        portcullis_bytes,
    })
}

async fn bare(component: &[u8]) -> Result<f64, Failure> {
    let world = closed();
    let bare = Arc::new(Bare::new(component, world.clone()).map_err(Failure::of)?);
    growth(&world, || {
        let bare = bare.clone();
        tokio::spawn(async move {
            let mut instance = bare.instance().await.map_err(Failure::of)?;
            let called = instance.evaluate("calls", "{\"n\":1}").await;
            called.map(drop).map_err(Failure::of)
        })
    })
    .await
}

async fn gate(component: &[u8]) -> Result<f64, Failure> {
    let world = closed();
    let plugin = gate::plugin(component, Instances::Fresh, WALL, world.clone(), None).await?;
    let params = json!({ "n": 1 }).as_object().cloned().unwrap_or_default();
    growth(&world, || {
        let (plugin, params) = (plugin.clone(), params.clone());
        tokio::spawn(async move {
            gate::evaluate(&plugin, &"calls".into(), &Subject::world("meadow"), &params).await;
            Ok(())
        })
    })
    .await
}

/// How much the process grows by for each instance that waits in its host call. The first ones are not measured: they also bring in what
/// is there once, such as the code that they run.
async fn growth(
    world: &Closed,
    call: impl Fn() -> JoinHandle<Result<(), Failure>>,
) -> Result<f64, Failure> {
    let mut calls: Vec<_> = (0..FIRST).map(|_| call()).collect();
    arrived(world, FIRST).await?;
    let before = resident()?;
    calls.extend((0..INSTANCES).map(|_| call()));
    arrived(world, INSTANCES).await?;
    let bytes = (resident()? - before) / INSTANCES as f64;
    world.open.add_permits(FIRST + INSTANCES);
    for call in calls {
        call.await.map_err(Failure::of)??;
    }
    Ok(bytes)
}

/// Waits until so many more calls have come to their host call.
async fn arrived(world: &Closed, calls: usize) -> Result<(), Failure> {
    let all = world.arrived.acquire_many(calls as u32);
    let waited = tokio::time::timeout(Duration::from_secs(5), all).await;
    waited.map_err(Failure::of)?.map_err(Failure::of)?.forget();
    Ok(())
}

/// Resident memory of this process in bytes.
fn resident() -> Result<f64, Failure> {
    let statm = std::fs::read_to_string("/proc/self/statm").map_err(Failure::of)?;
    let pages: f64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|field| field.parse().ok())
        .unwrap_or_default();
    Ok(pages * 4_096.0)
}
