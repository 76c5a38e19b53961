//! Time passes in a world whose host has no plugins: what is core, and what becomes of names that nobody answers to.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use portcullis::Host;
use portcullis::package::Digest;
use portcullis_state::Store;
use portcullis_world::tally::ConditionTally;
use portcullis_world::{Simulation, Source, digest, load};
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
            {"id": "a", "routine": "farmer", "activity": "sleep", "more": {"voice": "low"}},
            {"id": "b", "routine": "gambler"},
            {"id": "c", "location": "home"}
        ],
        "sessions": [{"id": "s", "player": "p", "location": "field"}]
    })
}

async fn simulate(seed: u64, ticks: u64) -> (Store, Simulation) {
    let source = Source {
        file: "w.json".to_owned(),
        text: world().to_string(),
    };
    let store = Store::in_memory(Default::default()).unwrap();
    let world = load::parse(&source).unwrap();
    portcullis_world::import(&store, [world]).await.unwrap();
    let simulation = go_on(&store, seed, ticks).await;
    (store, simulation)
}

async fn go_on(store: &Store, seed: u64, ticks: u64) -> Simulation {
    let host = Host::builder()
        .compile_in_process()
        .state(Arc::new(store.clone()))
        .enabled(Arc::new(store.clone()))
        .build()
        .unwrap();
    let mut simulation = Simulation::new(host, store.clone(), seed);
    for _ in 0..ticks {
        simulation.tick().await.unwrap();
    }
    simulation
}

fn digest_of(store: &Store) -> Digest {
    let worlds: Vec<_> = store
        .ids()
        .iter()
        .filter_map(|id| store.snapshot(id))
        .collect();
    digest::of_worlds(&worlds).unwrap()
}

async fn digest(seed: u64, ticks: u64) -> Digest {
    digest_of(&simulate(seed, ticks).await.0)
}

#[tokio::test]
async fn npcs_follow_their_routines() {
    let (state, simulation) = simulate(1, 12).await;
    let world = state.snapshot("w").unwrap();
    assert_eq!((world.document.meta.hour, simulation.ticks()), (34, 12));
    // From five to ten in the morning, in the field where the player is.
    let farmer = &world.npcs.get("a").unwrap().value;
    assert_eq!(
        (farmer.meta.location.as_str(), farmer.meta.activity.as_str()),
        ("field", "plough")
    );
    assert_eq!(farmer.attributes.get("rows"), Some(&json!(5)));
    // An NPC without a routine is left alone.
    let put = world.npcs.get("c").unwrap().version;
    assert!(put < world.npcs.get("a").unwrap().version);
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
            let gambler = world.npcs.get("b").unwrap();
            gambler.value.attributes.get("coin").cloned()
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

/// A simulation that goes on where another ended comes to what one comes to that never stopped.
#[tokio::test]
async fn two_runs_are_as_one() {
    let (store, _) = simulate(1, 11).await;
    go_on(&store, 1, 19).await;
    assert_eq!(digest_of(&store), digest(1, 30).await);
}

/// Proves a stored world's file: written and read again, it is the same world.
#[tokio::test]
async fn a_world_goes_to_a_file_and_back() {
    let (store, _) = simulate(1, 30).await;
    let world = store.snapshot("w").unwrap();
    let source = Source {
        file: "w.json".to_owned(),
        text: load::write(&world).unwrap(),
    };
    let read = load::parse(&source).unwrap();
    assert_eq!(
        digest::of_worlds([&read]).unwrap(),
        digest::of_worlds([&world]).unwrap()
    );
}

/// The host may change its world under a simulation: NPCs go, places come, and time passes on.
#[tokio::test]
async fn the_host_changes_its_world() {
    let (store, mut simulation) = simulate(1, 3).await;
    let change = |tx: &mut portcullis_state::Transaction<'_>| {
        assert!(tx.remove_npc("w", "c"));
        tx.edit_npc("w", "b", |npc| {
            npc.meta.location = "beyond the map".to_owned()
        });
        tx.edit_world("w", |world| world.meta.hour = u64::MAX);
        Ok::<_, std::convert::Infallible>(())
    };
    store.transact("test", change).await.unwrap();
    simulation.tick().await.unwrap();
    go_on(&store, 1, 1).await;
    let hour = store.look("w", |world| world.document.meta.hour);
    assert_eq!(hour, Some(u64::MAX));
}
