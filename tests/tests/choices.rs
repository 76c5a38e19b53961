//! What NPCs may choose among, with several plugins that have a say.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use portcullis::extension::scoring::{Candidate, Rescored};
use portcullis::{EnabledPlugins, Package, Scene};
use portcullis_tests::rig::ada;
use portcullis_tests::{Rig, component, embed};

/// The guest `director` as the plugin `id`, with one contribution.
fn director(id: &str, extension: &str, name: &str, priority: i32) -> Package {
    let manifest = format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"0.1.0\"\n\
         [permissions.\"behavior:configure_simulation\"]\nreason = \"A test asks for it.\"\n\
         [[contributes.{extension}]]\nname = \"{name}\"\npriority = {priority}\n"
    );
    embed(&component("director"), &manifest)
}

fn only(ids: &[&str]) -> EnabledPlugins {
    let ids: BTreeSet<_> = ids.iter().map(|id| id.parse().unwrap()).collect();
    EnabledPlugins::Only(ids)
}

/// What becomes of the score 1 in a world that uses these plugins.
async fn rescored(rig: &Rig, enabled: &EnabledPlugins) -> Rescored {
    let subject = ada();
    let scene = Scene {
        subject: &subject,
        enabled,
    };
    let work = Candidate {
        activity: "work".into(),
        location: None,
        score: 1.0,
    };
    rig.host.rescore(scene, &[work]).await
}

/// The names of what is proposed in a world that uses these plugins.
async fn proposed(rig: &Rig, enabled: &EnabledPlugins) -> Vec<String> {
    let subject = ada();
    let scene = Scene {
        subject: &subject,
        enabled,
    };
    let proposals = rig.host.candidates(scene).await;
    let activities = proposals.activities.into_iter();
    activities.map(|one| one.activity).collect()
}

/// Proves E5 and E17: of two plugins the one with the higher priority wins, among equals the one that was loaded first, also after it is
/// loaded again; a plugin that the world does not use has no say.
#[tokio::test(flavor = "multi_thread")]
async fn the_higher_priority_wins_then_the_earlier_plugin() {
    let rig = Rig::default();
    rig.load_package(director("late-in-name", "scoring", "doubles", 0))
        .await;
    rig.load_package(director("early-in-name", "scoring", "tenfold", 0))
        .await;
    rig.load_package(director("late-in-name", "scoring", "doubles", 0))
        .await;
    assert_eq!(rescored(&rig, &EnabledPlugins::All).await.scores, [2.0]);
    assert_eq!(
        rescored(&rig, &only(&["early-in-name"])).await.scores,
        [10.0]
    );
    rig.load_package(director("early-in-name", "scoring", "tenfold", 1))
        .await;
    let all = rescored(&rig, &EnabledPlugins::All).await;
    assert_eq!(all.scores, [10.0]);
    let asked: Vec<_> = all.overrides.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        asked,
        [
            "scoring:plugin:early-in-name:tenfold",
            "scoring:plugin:late-in-name:doubles",
        ]
    );
}

/// Proves E5: activities come in the order of priority, each with the name of its plugin.
#[tokio::test(flavor = "multi_thread")]
async fn activities_come_in_the_order_of_priority() {
    let rig = Rig::default();
    rig.load_package(director("naps", "candidates", "rests", -1))
        .await;
    rig.load_package(director("fun", "candidates", "shows", 0))
        .await;
    rig.load_package(director("more-fun", "candidates", "shows", 0))
        .await;
    let (fun, more_fun) = (
        ["plugin:fun:dance", "plugin:fun:sing"],
        ["plugin:more-fun:dance", "plugin:more-fun:sing"],
    );
    let all = proposed(&rig, &EnabledPlugins::All).await;
    assert_eq!(all, [&fun[..], &more_fun, &["plugin:naps:nap"]].concat());
    assert_eq!(proposed(&rig, &only(&["more-fun"])).await, more_fun);
}

/// Proves E5: a world without such plugins makes no calls.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_where_nobody_has_a_say() {
    let rig = Rig::default();
    rig.load_package(director("naps", "candidates", "rests", 0))
        .await;
    rig.load_package(director("loops", "scoring", "loops", 0))
        .await;
    let none = only(&[]);
    assert!(proposed(&rig, &none).await.is_empty());
    let rescored = rescored(&rig, &none).await;
    assert_eq!(rescored.scores, [1.0]);
    assert!(rescored.overrides.is_empty() && rig.receipts.is_empty());
}
