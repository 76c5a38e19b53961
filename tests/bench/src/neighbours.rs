//! How long the calls of a good plugin take beside ten plugins that never return: the 99th percentile alone and beside them, in blocks that take
//! turns in one run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::grant::Instances;
use portcullis::{Outcome, Plugin, Subject};
use serde_json::Map;
use tokio::task::JoinSet;

use crate::meadow::Meadow;
use crate::report::Neighbours;
use crate::{Failure, gate, kill};

const SPINNERS: usize = 10;
const BLOCKS: usize = 6;
const CALLS: usize = 1_000;

/// Spinners are in each other's way from here on, and not only on their way in.
const SETTLED: Duration = Duration::from_millis(50);

/// On as many workers as the runtime of the benchmark has: two.
pub async fn measure(noop: &[u8], hostile: &[u8]) -> Result<Neighbours, Failure> {
    let wall = Duration::from_secs(3_600);
    let world = Arc::new(Meadow);
    let noop = gate::plugin(noop, Instances::Fresh, wall, world.clone(), None).await?;
    let spinner = gate::plugin(hostile, Instances::Fresh, wall, world, None).await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..BLOCKS {
        block(&noop, &mut alone).await?;
        let mut spinners = JoinSet::new();
        for _ in 0..SPINNERS {
            let spinner = spinner.clone();
            spinners.spawn(async move { kill::spin(&spinner).await });
        }
        tokio::time::sleep(SETTLED).await;
        block(&noop, &mut beside).await?;
        spinners.shutdown().await;
    }
    Ok(Neighbours::of(alone, beside))
}

/// Calls one after the other, each in a task of its own, in microseconds.
async fn block(noop: &Plugin, took: &mut Vec<f64>) -> Result<(), Failure> {
    for _ in 0..CALLS {
        let noop = noop.clone();
        let call = async move {
            let start = Instant::now();
            let subject = Subject::world("meadow").npc("n1");
            let outcome = gate::evaluate(&noop, &"noop".into(), &subject, &Map::new()).await;
            (outcome, start.elapsed())
        };
        let (outcome, time) = tokio::spawn(call).await.map_err(Failure::of)?;
        if outcome != Outcome::Returned {
            return Err(Failure(format!("a good plugin ended with `{outcome}`")));
        }
        took.push(time.as_secs_f64() * 1_000_000.0);
    }
    Ok(())
}
