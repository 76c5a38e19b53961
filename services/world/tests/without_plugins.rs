//! Time passes in a world whose host has no plugins: what is core, and what becomes of names that nobody answers to.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use portcullis::Host;
use portcullis::package::Digest;
use portcullis_world::tally::ConditionTally;
use portcullis_world::{MemoryState, Simulation, Source, load};
use serde_json::{Value, json};

fn world() -> Value {
    json!({
        "world": {"id": "w", "hour": 22},
        "locations": [{"id": "field"}, {"id": "home"}],
        "routines": [
            {"id": "farmer", "activities": [
                {"id": "sleep", "location": "home", "next": ["sleep", "plough"],
                    "conditions": [{"condition": "core:hour-between", "params": {"from": 21, "to": 5}}]},
                {"id": "plough", "location": "field", "next": ["plough", "sleep"],
                    "conditions": [{"condition": "core:hour-between", "params": {"from": 5, "to": 21}}],
                    "effects": [{"effect": "core:adjust-attribute", "params": {"attribute": "rows", "by": 1}}]}
            ]},
            {"id": "gambler", "activities": [
                {"id": "win", "conditions": [{"condition": "plugin:nobody:cheats", "not": true}],
                    "effects": [{"effect": "core:adjust-attribute", "params": {"attribute": "coin", "by": 1}},
                        {"effect": "effect:plugin:nobody:gloat"}]},
                {"id": "lose"},
                {"id": "cheat", "conditions": [{"condition": "plugin:nobody:cheats"}]},
                {"id": "never", "weight": 0},
                {"id": "set", "weight": {"setting": "odds", "default": 0}}
            ]}
        ],
        "npcs": [
            {"id": "a", "routine": "farmer", "activity": "sleep"},
            {"id": "b", "routine": "gambler"},
            {"id": "c", "location": "home"}
        ],
        "sessions": [{"id": "s", "player": "p", "location": "field"}]
    })
}

async fn simulate(seed: u64, ticks: u64) -> (Arc<MemoryState>, Simulation) {
    let source = Source {
        file: "w.json".to_owned(),
        text: world().to_string(),
    };
    let state = Arc::new(MemoryState::new([load::parse(&source).unwrap()]));
    let host = Host::builder().state(state.clone()).build().unwrap();
    let mut simulation = Simulation::new(host, state.clone(), seed);
    for _ in 0..ticks {
        simulation.tick().await;
    }
    (state, simulation)
}

async fn digest(seed: u64, ticks: u64) -> Digest {
    simulate(seed, ticks).await.0.digest().unwrap()
}

#[tokio::test]
async fn npcs_follow_their_routines() {
    let (state, simulation) = simulate(1, 12).await;
    let world = state.snapshot("w").unwrap();
    assert_eq!((world.hour, simulation.ticks()), (34, 12));
    // From five to ten in the morning, in the field where the player is.
    let farmer = world.npcs.get("a").unwrap();
    assert_eq!(
        (farmer.location.as_str(), farmer.activity.as_str()),
        ("field", "plough")
    );
    assert_eq!(farmer.attributes.get("rows"), Some(&json!(5)));
    assert_eq!(world.session_at("field").map(|id| &**id), Some("s"));
    // An NPC without a routine is left alone.
    assert_eq!(world.npcs.get("c").unwrap().version, 0);
    assert_eq!(simulation.tally().choices, 24);
    assert_eq!(simulation.tally().idle, 0);
}

#[tokio::test]
async fn what_no_plugin_answers_to_is_false_and_skipped() {
    let (state, simulation) = simulate(1, 50).await;
    let tally = simulation.tally();
    let cheats: &ConditionTally = tally.conditions.get("plugin:nobody:cheats").unwrap();
    assert_eq!(
        (
            cheats.held,
            cheats.not_held,
            cheats.failed,
            cheats.not_asked
        ),
        (0, 0, 0, 100)
    );
    let gloat = tally.effects.get("effect:plugin:nobody:gloat").unwrap();
    let coin = state
        .look("w", |world| {
            world.npcs.get("b").unwrap().attributes.get("coin").cloned()
        })
        .flatten()
        .unwrap();
    assert_eq!((gloat.applied, json!(gloat.skipped)), (0, coin.clone()));
    assert!((15..35).contains(&coin.as_i64().unwrap()), "{coin}");
}

#[tokio::test]
async fn the_digest_follows_from_the_seed() {
    assert_eq!(digest(1, 30).await, digest(1, 30).await);
    assert_ne!(digest(1, 30).await, digest(2, 30).await);
    assert_ne!(digest(1, 30).await, digest(1, 31).await);
}
