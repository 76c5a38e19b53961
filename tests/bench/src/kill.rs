//! How late a plugin that never returns is ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::grant::Instances;
use portcullis::{Outcome, Plugin, Subject};
use serde_json::Map;

use crate::meadow::Meadow;
use crate::report::Kill;
use crate::{Failure, gate};

const DEADLINE: Duration = Duration::from_millis(50);
const KILLS: usize = 40;
const SPINNERS: usize = 10;

pub async fn measure(component: &[u8]) -> Result<Vec<Kill>, Failure> {
    let victim = gate::plugin(
        component,
        Instances::Fresh,
        DEADLINE,
        Arc::new(Meadow),
        None,
    )
    .await?;
    let spinner = gate::plugin(
        component,
        Instances::Fresh,
        Duration::from_secs(3_600),
        Arc::new(Meadow),
        None,
    )
    .await?;
    let alone = kills(&victim).await?;
    let spinners: Vec<_> = (0..SPINNERS)
        .map(|_| {
            let spinner = spinner.clone();
            tokio::spawn(async move { spin(&spinner).await })
        })
        .collect();
    let beside = kills(&victim).await?;
    for spinner in spinners {
        spinner.abort();
    }
    let workers = 2.0;
    Ok(vec![
        Kill::of("alone", alone, 2.0),
        Kill::of(
            "beside ten spinners on two workers",
            beside,
            SPINNERS as f64 / workers + 2.0,
        ),
    ])
}

pub async fn spin(plugin: &Plugin) -> Outcome {
    gate::evaluate(
        plugin,
        &"loop-forever".into(),
        &Subject::world("meadow"),
        &Map::new(),
    )
    .await
}

/// Milliseconds past the deadline, sorted.
async fn kills(plugin: &Plugin) -> Result<Vec<f64>, Failure> {
    let mut late = Vec::new();
    for _ in 0..KILLS {
        let plugin = plugin.clone();
        let (outcome, took) = tokio::spawn(async move {
            let start = Instant::now();
            (spin(&plugin).await, start.elapsed())
        })
        .await
        .map_err(Failure::of)?;
        if outcome != Outcome::TimedOut {
            return Err(Failure(format!(
                "a plugin that never returns ended with `{outcome}`"
            )));
        }
        late.push((took.as_secs_f64() - DEADLINE.as_secs_f64()) * 1_000.0);
    }
    late.sort_by(f64::total_cmp);
    Ok(late)
}
