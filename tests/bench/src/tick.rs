//! One tick of a world of 1,000 NPCs with five conditions each, on stored state: conditions of a plugin against the same ones in native Rust.

use std::sync::Arc;
use std::time::Instant;

use portcullis::grant::Instances;
use portcullis::{Consent, Host, Package, Policy};
use portcullis_state::Store;
use portcullis_world::{Simulation, Source, load};
use serde_json::{Value, json};

use crate::Failure;
use crate::report::Tick;

const NPCS: usize = 1_000;
const CONDITIONS: usize = 5;

/// A world whose NPCs have one activity, under these conditions.
fn world(conditions: &Value) -> Result<portcullis_world::World, Failure> {
    let attributes: serde_json::Map<String, Value> = (0..CONDITIONS)
        .map(|number| (format!("trait-{number}"), json!(50 + number)))
        .collect();
    let npcs: Vec<Value> = (0..NPCS)
        .map(|number| json!({"id": format!("npc-{number:04}"), "routine": "day", "location": "square", "attributes": attributes}))
        .collect();
    let file = json!({
        "world": {"id": "town"},
        "locations": [{"id": "square"}],
        "routines": [{"id": "day", "activities": [{"id": "stroll", "conditions": conditions}]}],
        "npcs": npcs,
        "sessions": [{"id": "s", "player": "p", "location": "square"}],
    });
    let source = Source {
        file: "town.json".to_owned(),
        text: file.to_string(),
    };
    load::parse(&source).map_err(Failure::of)
}

/// The same questions, asked of whoever `name` is. All hold, so that all are asked.
fn conditions(name: &str) -> Value {
    let condition = |number: usize| json!({"condition": name, "params": {"attribute": format!("trait-{number}"), "value": 50}});
    (0..CONDITIONS).map(condition).collect()
}

/// A simulation on a store in a file of its own.
struct Side {
    name: &'static str,
    simulation: Simulation,
    ticks_ns: Vec<f64>,
    _directory: tempfile::TempDir,
}

impl Side {
    async fn new(
        name: &'static str,
        asked: &Value,
        plugin: Option<(&[u8], Instances)>,
    ) -> Result<Self, Failure> {
        let directory = tempfile::tempdir().map_err(Failure::of)?;
        let store = Store::open(&directory.path().join("state.db"), Default::default())
            .map_err(Failure::of)?;
        portcullis_world::import(&store, [world(asked)?])
            .await
            .map_err(Failure::of)?;
        let mut policy = Policy::new();
        if let Some((_, instances)) = plugin {
            policy = policy.instances(instances);
        }
        let host = Host::builder()
            .compile_in_process()
            .policy(policy)
            .state(Arc::new(store.clone()))
            .build()
            .map_err(Failure::of)?;
        if let Some((component, _)) = plugin {
            let package = Package::parse(component.to_vec()).map_err(Failure::of)?;
            host.load(package, &Consent::Everything)
                .await
                .map_err(Failure::of)?;
        }
        Ok(Self {
            name,
            simulation: Simulation::new(host, store, 1),
            ticks_ns: Vec::new(),
            _directory: directory,
        })
    }

    async fn tick(&mut self) -> Result<(), Failure> {
        let started = Instant::now();
        self.simulation.tick().await.map_err(Failure::of)?;
        self.ticks_ns.push(started.elapsed().as_nanos() as f64);
        Ok(())
    }

    /// Every condition held and every NPC chose, or something else was measured.
    fn check(&self, asked: bool) -> Result<(), Failure> {
        let tally = self.simulation.tally();
        let held: u64 = tally.conditions.values().map(|one| one.held).sum();
        let expected = tally.choices * if asked { CONDITIONS as u64 } else { 0 };
        match tally.idle == 0 && held == expected {
            true => Ok(()),
            false => Err(Failure::of(format!(
                "{}: {held} of {expected} conditions held",
                self.name
            ))),
        }
    }
}

/// Measures ticks of all sides in turn.
pub async fn measure(census: &[u8], rounds: usize) -> Result<Vec<Tick>, Failure> {
    let warm = Instances::Warm { max_idle: 4 };
    let plugin = conditions("plugin:census:attribute-at-least");
    let always = conditions("plugin:census:always");
    let mut sides = [
        Side::new("native", &conditions("core:attribute-at-least"), None).await?,
        Side::new("no conditions", &json!([]), None).await?,
        Side::new("plugin, warm, reads nothing", &always, Some((census, warm))).await?,
        Side::new("plugin, warm", &plugin, Some((census, warm))).await?,
        Side::new("plugin, fresh", &plugin, Some((census, Instances::Fresh))).await?,
    ];
    for round in 0..rounds.clamp(3, 21) + 2 {
        for side in &mut sides {
            side.tick().await?;
            if round < 2 {
                side.ticks_ns.clear();
            }
        }
    }
    for side in &sides {
        side.check(side.name != "no conditions")?;
    }
    let [native, ..] = &sides;
    let native = native.ticks_ns.clone();
    Ok(sides
        .iter()
        .map(|side| {
            Tick::of(
                side.name,
                &side.ticks_ns,
                &native,
                (NPCS * CONDITIONS) as f64,
            )
        })
        .collect())
}
