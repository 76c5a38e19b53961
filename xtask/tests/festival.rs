//! The example `festival`, called as an author would, in worlds with and without a festival.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{plugin, portcullis_reading, world};
use serde_json::{Value, json};

/// What the plugin replies in a world, with everything granted.
fn reply(what: &str, world_name: &str, input: Value) -> Value {
    let (plugin, world) = (plugin("festival"), world(world_name));
    let arguments = [
        "run", &plugin, "--call", what, "--grant", "all", "--format", "json", "--input", "-",
        "--world", &world,
    ];
    let result = portcullis_reading(arguments, &input.to_string())
        .status(0)
        .json();
    result["reply"].clone()
}

/// Proves E5 and D4: activities are proposed while the world has a festival, and not to those on duty.
#[test]
fn people_dance_at_a_festival() {
    let proposed = |world: &str, npc: &str| {
        let input = json!({ "subject": { "npc": npc } });
        reply("candidates/festival", world, input)
    };
    let dance = json!([{
        "name": "dance",
        "location": "theatre",
        "score": 2.0,
        "effects": [{
            "effect": "effect:plugin:festival:cheer",
            "params": { "by": 2 },
        }],
    }]);
    assert_eq!(proposed("court", "court-016"), dance);
    assert_eq!(proposed("court", "court-001"), json!([]), "a guard");
    assert_eq!(proposed("harbour", "harbour-026"), json!([]), "no festival");
}

/// Proves E5 and D4: what takes place at a stage is twice as likely while the world has a festival.
#[test]
fn a_festival_draws_people_to_the_stage() {
    let input = json!({ "candidates": [
        { "activity": "rehearse", "location": "theatre", "score": 1.5 },
        { "activity": "waltz", "location": "ballroom", "score": 3.0 },
        { "activity": "gossip", "score": 1.0 },
    ] });
    let rescored = |world: &str| reply("scoring/festival", world, input.clone());
    assert_eq!(
        rescored("court"),
        json!([{ "activity": "rehearse", "score": 3.0 }])
    );
    assert_eq!(rescored("abbey"), json!([]));
}

/// Proves E4 and D4: a setting for the worlds' own routines.
#[test]
fn a_festival_is_a_setting() {
    let weight =
        |world: &str| reply("simulation/festival", world, json!({}))["festival_weight"].clone();
    assert_eq!((weight("court"), weight("abbey")), (1.0.into(), 0.0.into()));
}

/// Candidates of the wrong shape are an error of whoever calls.
#[test]
fn the_input_is_checked() {
    let plugin = plugin("festival");
    let arguments = ["run", &plugin, "--call", "scoring/festival", "--input", "-"];
    let ended = portcullis_reading(arguments, r#"{"candidates": [{"activity": "waltz"}]}"#);
    let ended = ended.status(2);
    assert!(
        ended.stderr.contains("missing field `score`"),
        "{}",
        ended.stderr
    );
}
