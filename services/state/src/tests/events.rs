use portcullis::event::{Event, EventKind, EventSink};

use super::*;

fn event(at_ms: u64, kind: EventKind, of: &str) -> Event {
    Event {
        at_ms,
        kind,
        plugin: identity(of),
        call: None,
        message: format!("at {at_ms}"),
    }
}

/// Proves O5: events are read page by page, of a plugin, of some kinds; those older than 30 days go.
#[tokio::test]
async fn pages_of_events() {
    let (hand, directory) = (Hand::default(), tempfile::tempdir().unwrap());
    let path = directory.path().join("x.db");
    let store = Store::open(&path, hand.options()).unwrap();
    for number in 0..30 {
        let kind = EventKind::ALL[usize::try_from(number % 3).unwrap()];
        let of = ["p1", "p2"][usize::from(number % 5 == 0)];
        store.event(&event(number * DAY_MS, kind, of));
    }
    store.flush().await.unwrap();
    let times = async |query: &EventQuery| {
        let page = store.events(query).await.unwrap();
        let days: Vec<_> = page
            .events
            .iter()
            .map(|(_, event)| event.at_ms / DAY_MS)
            .collect();
        (days, page.next)
    };
    let mut query = EventQuery {
        plugin: Some(plugin("p2")),
        limit: 4,
        ..EventQuery::default()
    };
    let (days, next) = times(&query).await;
    assert_eq!(days, [0, 5, 10, 15]);
    query.after = next;
    assert_eq!(times(&query).await, (vec![20, 25], None));
    query.plugin = None;
    query.after = None;
    query.kinds = vec![EventKind::Disabled, EventKind::Enabled];
    assert_eq!(times(&query).await.0, [1, 2, 4, 5]);
    // Of one kind there is an index.
    query.kinds = vec![EventKind::ALL[1]];
    assert_eq!(times(&query).await, (vec![1, 4, 7, 10], Some(11)));
    query.plugin = Some(plugin("p2"));
    assert_eq!(times(&query).await, (vec![10, 25], None));
    query.plugin = Some(plugin("p3"));
    assert_eq!(times(&query).await, (vec![], None));
    drop(store);
    hand.pass(50 * DAY_MS);
    let store = Store::open(&path, hand.options()).unwrap();
    let all = EventQuery {
        limit: 99,
        ..EventQuery::default()
    };
    let page = store.events(&all).await.unwrap();
    assert_eq!(
        page.events.first().map(|(_, event)| event.at_ms / DAY_MS),
        Some(20)
    );
    assert_eq!((page.events.len(), page.next), (10, None));
    assert_eq!(Archive::open(&path).unwrap().events(&all).unwrap(), page);
}

/// Proves O5: nobody waits for the log: what is too much is dropped and counted.
#[tokio::test]
async fn too_many_events_are_dropped() {
    let store = filled(Options::default()).await;
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel();
    let held = store.transact("hold", move |_| {
        began.send(()).unwrap();
        let _released = held.recv();
        Ok::<_, Infallible>(())
    });
    begun.await.unwrap();
    for number in 0..10_005 {
        store.event(&event(number, EventKind::Failed, "p1"));
    }
    drop(hold);
    held.await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.events_dropped(), 5);
    store.event(&event(1, EventKind::Failed, "p1"));
    let all = EventQuery {
        limit: 20_000,
        ..EventQuery::default()
    };
    assert_eq!(store.events(&all).await.unwrap().events.len(), 10_001);
}
