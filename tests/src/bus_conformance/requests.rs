//! Requests and their replies.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use portcullis::bus::{Bus, EventSubject, RequestError};

use super::{LONG, message, next, publish, subject, subscribe, until};

/// How long nobody answers where nobody is to answer.
const SHORT: Duration = Duration::from_millis(50);

/// A responder's answer to the next request: the request's payload, with a word before it.
async fn answer(
    bus: &Arc<dyn Bus>,
    hears: &mut Box<dyn portcullis::bus::Subscription>,
    word: &str,
) {
    let asked = next(hears).await;
    let inbox = asked.reply_to.expect("an inbox");
    publish(
        bus,
        message(inbox.as_str(), format!("{word} {}", asked.payload)),
    )
    .await;
}

pub(super) async fn a_reply_comes_back(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "ask", 8).await;
    let mut asked = message("ask", 1);
    // Where a reply goes is the bus's own business.
    asked.reply_to = Some(subject("somewhere.else"));
    let asking = bus.request(asked, LONG);
    let (reply, ()) = tokio::join!(asking, answer(&bus, &mut hears, "to"));
    assert_eq!(&*reply.expect("a reply").payload, "to 1");
}

pub(super) async fn the_first_reply_counts(bus: Arc<dyn Bus>) {
    let mut both = [
        subscribe(&bus, "ask", 8).await,
        subscribe(&bus, "*", 8).await,
    ];
    let [first, second] = &mut both;
    let answering = async {
        answer(&bus, first, "first").await;
        answer(&bus, second, "second").await;
    };
    let asking = bus.request(message("ask", 1), LONG);
    let (reply, ()) = tokio::join!(asking, answering);
    assert_eq!(&*reply.expect("a reply").payload, "first 1");
    // The second one is for nobody, not for the next request.
    let asking = bus.request(message("ask", 2), LONG);
    let (reply, ()) = tokio::join!(asking, answer(&bus, second, "second"));
    assert_eq!(&*reply.expect("a reply").payload, "second 2");
}

pub(super) async fn each_gets_its_own_reply(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "ask", 64).await;
    let asking = join_all((0..20).map(|number| bus.request(message("ask", number), LONG)));
    let answering = async {
        let mut asked = Vec::new();
        for _ in 0..20 {
            asked.push(next(&mut hears).await);
        }
        // In another order than that of the questions.
        for one in asked.iter().rev() {
            let inbox = one.reply_to.as_ref().expect("an inbox");
            publish(&bus, message(inbox.as_str(), &one.payload)).await;
        }
        asked
    };
    let (replies, asked) = tokio::join!(asking, answering);
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(&*reply.expect("a reply").payload, number.to_string());
    }
    let inbox = |one: &portcullis::bus::Message| one.reply_to.clone();
    let inboxes: std::collections::BTreeSet<Option<EventSubject>> =
        asked.iter().map(inbox).collect();
    assert_eq!(inboxes.len(), 20, "each has an inbox of its own");
}

pub(super) async fn nobody_there_is_known_at_once(bus: Arc<dyn Bus>) {
    let _other = subscribe(&bus, "ask.other", 8).await;
    // Long before the patience is at its end.
    let asked = tokio::time::timeout(LONG, bus.request(message("ask", 1), LONG * 10)).await;
    assert_eq!(asked.expect("at once"), Err(RequestError::NoResponders));
}

pub(super) async fn silence_is_a_time_out(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "ask", 8).await;
    let asked = bus.request(message("ask", 1), SHORT).await;
    assert_eq!(asked, Err(RequestError::TimedOut));
    // What comes later is for nobody.
    answer(&bus, &mut hears, "late").await;
}

pub(super) async fn a_full_subscription_is_no_missing_one(bus: Arc<dyn Bus>) {
    let hears = subscribe(&bus, "ask", 1).await;
    publish(&bus, message("ask", 0)).await;
    let asked = bus.request(message("ask", 1), SHORT).await;
    assert_eq!(asked, Err(RequestError::TimedOut));
    until("the request is dropped", async || hears.dropped() == 1).await;
}

pub(super) async fn replies_are_for_those_who_wait(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "ask", 8).await;
    {
        let mut asking = std::pin::pin!(bus.request(message("ask", 1), LONG));
        let asked = tokio::time::timeout(SHORT, &mut asking).await;
        assert!(asked.is_err(), "{asked:?}");
    }
    // Whoever asked has gone, and others are not disturbed.
    answer(&bus, &mut hears, "to nobody").await;
    let asking = bus.request(message("ask", 2), LONG);
    let (reply, ()) = tokio::join!(asking, answer(&bus, &mut hears, "to"));
    assert_eq!(&*reply.expect("a reply").payload, "to 2");
}

pub(super) async fn a_dropped_subscription_does_not_respond(bus: Arc<dyn Bus>) {
    let hears = subscribe(&bus, "ask", 8).await;
    drop(hears);
    until("nobody is there any more", async || {
        bus.request(message("ask", 1), SHORT).await == Err(RequestError::NoResponders)
    })
    .await;
}
