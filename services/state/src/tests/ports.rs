use portcullis::capability::PortError;
use portcullis::capability::port::{NpcReply, NpcRequest, WorldReply, WorldRequest};

use super::*;

/// Proves C1: a world's data, and nothing of another world.
#[tokio::test]
async fn worlds_answer_for_themselves() {
    let store = filled(Options::default()).await;
    let value = async |request| {
        let reply: WorldReply = ask(&store, request).await.unwrap();
        serde_json::to_value(reply).unwrap()["value"].clone()
    };
    assert_eq!(
        value(WorldRequest::World { world: "a".into() }).await,
        json!({"id": "a", "name": "A", "hour": 7})
    );
    let festival = |world: &str| WorldRequest::Config {
        world: world.into(),
        key: "festival".to_owned(),
    };
    assert_eq!(value(festival("a")).await, json!(true));
    assert_eq!(
        value(WorldRequest::Npcs { world: "b".into() }).await,
        json!(["m"])
    );
    let Ok(WorldReply::Locations(places)) =
        ask(&store, WorldRequest::Locations { world: "a".into() }).await
    else {
        panic!("locations")
    };
    let ids: Vec<_> = places.iter().map(|place| place.id.as_str()).collect();
    assert_eq!(ids, ["gate", "inn"]);
    for missing in [WorldRequest::World { world: "c".into() }, festival("b")] {
        assert_eq!(ask(&store, missing).await.unwrap_err(), PortError::NotFound);
    }
}

/// Proves C2 and C4: a session or an NPC of another world looks like one that does not exist.
#[tokio::test]
async fn what_is_in_another_world_is_not_found() {
    let store = filled(Options::default()).await;
    for (world, session) in [("b", "s"), ("a", "t"), ("c", "s"), ("a", "a/s"), ("", "s")] {
        let session = SessionRequest::Session {
            world: world.into(),
            session: session.into(),
        };
        assert_eq!(ask(&store, session).await.unwrap_err(), PortError::NotFound);
    }
    for npc in ["m", "x"] {
        let relationship = SessionRequest::Relationship {
            world: "a".into(),
            session: "s".into(),
            npc: npc.to_owned(),
        };
        let found = ask(&store, relationship).await;
        assert_eq!(found.unwrap_err(), PortError::NotFound);
        let request = NpcRequest::Npc {
            world: "a".into(),
            npc: npc.to_owned(),
        };
        assert_eq!(ask(&store, request).await.unwrap_err(), PortError::NotFound);
    }
    let attribute = NpcRequest::Attribute {
        world: "a".into(),
        npc: "n".to_owned(),
        key: "mood".to_owned(),
    };
    let Ok(NpcReply::Attribute(mood)) = ask(&store, attribute).await else {
        panic!("mood")
    };
    assert_eq!(mood.value, Some(json!(5)));
}

/// Proves C3: namespace and key are two things, whatever they would give when joined.
#[tokio::test]
async fn no_key_reaches_into_another_namespace() {
    let store = filled(Options::default()).await;
    assert_eq!(flag(&store, "host", "x/y").await.1, Some(json!(1)));
    assert_eq!(flag(&store, "host-x", "y").await.1, Some(json!(2)));
    for (namespace, key) in [
        ("host/x", "y"),
        ("hos", "t/x/y"),
        ("", "host/x/y"),
        ("host", "x:y"),
        ("HOST", "x/y"),
        ("host\0", "x/y"),
    ] {
        let found = flag(&store, namespace, key).await.1;
        assert_eq!(found, None, "{namespace:?} {key:?}");
    }
    let trick = vec![set_flag("../host/x/y", json!(3))];
    commit(&store, &[], trick).await.unwrap();
    assert_eq!(flag(&store, "host", "x/y").await.1, Some(json!(1)));
}
