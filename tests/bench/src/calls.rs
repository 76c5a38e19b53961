//! What a call costs on each side.

use std::sync::Arc;
use std::time::Instant;

use portcullis::grant::Instances;
use portcullis::{Metrics, Outcome, Plugin, Subject};
use serde_json::{Map, Value, json};

use crate::bare::{Bare, WALL, Warm};
use crate::meadow::Meadow;
use crate::report::Comparison;
use crate::{Failure, gate};

const WARM_CALLS: u32 = 20_000;
const FRESH_CALLS: u32 = 1_000;
const HOST_CALLS: u32 = 100_000;

/// Both sides, ready.
struct Sides {
    bare: Bare,
    bare_warm: Warm,
    warm: Plugin,
    observed: Plugin,
    fresh: Plugin,
    noop: Arc<str>,
    subject: Subject,
    none: Map<String, Value>,
}

pub async fn measure(component: &[u8], rounds: usize) -> Result<Vec<Comparison>, Failure> {
    let world = Arc::new(Meadow);
    let warm = Instances::Warm { max_idle: 8 };
    let bare = Bare::new(component, world.clone()).map_err(Failure::of)?;
    let mut sides = Sides {
        bare_warm: bare.instance().await.map_err(Failure::of)?,
        bare,
        warm: gate::plugin(component, warm, WALL, world.clone(), None).await?,
        observed: gate::plugin(
            component,
            warm,
            WALL,
            world.clone(),
            Some(Arc::new(Metrics::default())),
        )
        .await?,
        fresh: gate::plugin(component, Instances::Fresh, WALL, world, None).await?,
        noop: "noop".into(),
        subject: Subject::world("meadow").npc("n1"),
        none: Map::new(),
    };
    let mut samples: [Vec<f64>; 7] = Default::default();
    // In a task of the runtime, where hosts run, and not on the thread that blocks on it.
    let sides = tokio::spawn(async move {
        for _ in 0..rounds {
            let round = sides.round().await?;
            for (samples, sample) in samples.iter_mut().zip(round) {
                samples.push(sample);
            }
        }
        Ok::<_, Failure>(samples)
    });
    let samples = sides.await.map_err(Failure::of)??;
    let [
        bare_warm,
        warm,
        observed,
        bare_fresh,
        fresh,
        bare_host,
        host,
    ] = &samples;
    Ok(vec![
        Comparison::of("warm call", bare_warm, warm, Some(150.0)),
        Comparison::of("warm call, with metrics", bare_warm, observed, None),
        Comparison::of("fresh call", bare_fresh, fresh, Some(1_000.0)),
        Comparison::of("host call", bare_host, host, Some(40.0)),
    ])
}

impl Sides {
    /// Nanoseconds a call, one side after the other.
    async fn round(&mut self) -> Result<[f64; 7], Failure> {
        Ok([
            self.bare_warm().await?,
            self.gate(&self.warm, WARM_CALLS).await?,
            self.gate(&self.observed, WARM_CALLS).await?,
            self.bare_fresh().await?,
            self.gate(&self.fresh, FRESH_CALLS).await?,
            self.bare_host_calls().await?,
            self.host_calls().await?,
        ])
    }

    async fn bare_warm(&mut self) -> Result<f64, Failure> {
        let start = Instant::now();
        for _ in 0..WARM_CALLS {
            let reply = self
                .bare_warm
                .evaluate("noop", "{}")
                .await
                .map_err(Failure::of)?;
            must(reply == Ok(true))?;
        }
        Ok(each(start, WARM_CALLS))
    }

    async fn bare_fresh(&self) -> Result<f64, Failure> {
        let start = Instant::now();
        for _ in 0..FRESH_CALLS {
            let mut instance = self.bare.instance().await.map_err(Failure::of)?;
            must(instance.evaluate("noop", "{}").await.map_err(Failure::of)? == Ok(true))?;
        }
        Ok(each(start, FRESH_CALLS))
    }

    async fn gate(&self, plugin: &Plugin, calls: u32) -> Result<f64, Failure> {
        let start = Instant::now();
        for _ in 0..calls {
            must(
                gate::evaluate(plugin, &self.noop, &self.subject, &self.none).await
                    == Outcome::Returned,
            )?;
        }
        Ok(each(start, calls))
    }

    async fn bare_host_calls(&mut self) -> Result<f64, Failure> {
        let params = format!("{{\"n\":{HOST_CALLS}}}");
        let start = Instant::now();
        must(
            self.bare_warm
                .evaluate("calls", &params)
                .await
                .map_err(Failure::of)?
                == Ok(true),
        )?;
        Ok(each(start, HOST_CALLS))
    }

    async fn host_calls(&self) -> Result<f64, Failure> {
        let params = json!({ "n": HOST_CALLS });
        let params = params.as_object().cloned().unwrap_or_default();
        let start = Instant::now();
        must(
            gate::evaluate(&self.warm, &"calls".into(), &self.subject, &params).await
                == Outcome::Returned,
        )?;
        Ok(each(start, HOST_CALLS))
    }
}

fn each(start: Instant, calls: u32) -> f64 {
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn must(held: bool) -> Result<(), Failure> {
    if held {
        Ok(())
    } else {
        Err(Failure("a call did not return what it should".to_owned()))
    }
}
