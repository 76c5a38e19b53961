//! Time passes in a stored world whose conditions a plugin answers.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use portcullis::{Consent, Host};
use portcullis_state::Store;
use portcullis_tests::rig::shared_cache;
use portcullis_tests::{limits, plugin};
use portcullis_world::{Simulation, Source, digest, load};
use serde_json::{Value, json};

const TICKS: u64 = 12;

/// A world whose NPCs work while an attribute lasts, by a condition of this name.
fn world(condition: &str) -> portcullis_world::World {
    let npc = |number: i64| json!({"id": format!("n{number}"), "routine": "day", "attributes": {"energy": number}});
    let rested = json!([{"condition": condition, "params": {"attribute": "energy", "value": 3}}]);
    let tired = json!([{"condition": condition, "params": {"attribute": "energy", "value": 3}, "not": true}]);
    let spend =
        json!([{"effect": "core:adjust-attribute", "params": {"attribute": "energy", "by": -2}}]);
    let rest =
        json!([{"effect": "core:adjust-attribute", "params": {"attribute": "energy", "by": 1}}]);
    let file = json!({
        "world": {"id": "w"},
        "routines": [{"id": "day", "activities": [
            {"id": "work", "conditions": rested, "effects": spend},
            {"id": "rest", "conditions": tired, "effects": rest},
        ]}],
        "npcs": (0..8).map(npc).collect::<Vec<Value>>(),
    });
    let source = Source {
        file: "w.json".to_owned(),
        text: file.to_string(),
    };
    load::parse(&source).unwrap()
}

/// Lets time pass; gives what the NPCs came to and how often the condition held.
async fn simulate(condition: &str) -> (Value, u64, u64) {
    let store = Store::in_memory(Default::default()).unwrap();
    portcullis_world::import(&store, [world(condition)])
        .await
        .unwrap();
    let host = Host::builder()
        .compile_in_process()
        .policy(limits(|_| {}))
        .compile_cache(shared_cache())
        .state(Arc::new(store.clone()))
        .enabled(Arc::new(store.clone()))
        .build()
        .unwrap();
    host.load(plugin("census"), &Consent::Everything)
        .await
        .unwrap();
    let mut simulation = Simulation::new(host, store.clone(), 1);
    for _ in 0..TICKS {
        simulation.tick().await.unwrap();
    }
    let tally = simulation.tally().conditions.get(condition).unwrap();
    let world = store.snapshot("w").unwrap();
    assert_eq!(world.document.meta.hour, TICKS);
    assert!(digest::of_worlds([&world]).is_ok());
    let npcs = world.npcs.iter();
    let npcs: Value = npcs
        .map(|(id, npc)| json!([id, npc.value.meta.activity, npc.value.attributes]))
        .collect();
    (npcs, tally.held, tally.not_held)
}

/// Proves E2: a condition of a plugin that reads NPCs sees what a core condition sees, in each tick what the tick before has left.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_sees_what_the_host_sees() {
    let core = simulate("core:attribute-at-least").await;
    assert_eq!(simulate("plugin:census:attribute-at-least").await, core);
    assert!(core.1 > 0 && core.2 > 0, "{core:?}");
}
