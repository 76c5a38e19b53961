//! What every [`Bus`] must do, rule by rule, as `portcullis::bus` says it: run over the bus inside the process, and over whatever else is to
//! stand in its place. Nothing here is in a hurry: a bus may have a network in it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test cannot go on"
)]

mod delivery;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use portcullis::Subject;
use portcullis::bus::{Bus, EventSubject, Message, Source, SubjectPattern, Subscription};

/// How long anything may take that is to happen.
const LONG: Duration = Duration::from_secs(20);

/// Checks all rules, each over a bus of its own.
///
/// # Panics
/// A rule is broken.
pub async fn conforms<F: Future<Output = Arc<dyn Bus>>>(make: impl Fn() -> F) {
    delivery::a_subject_is_heard_as_it_is_written(make().await).await;
    delivery::stars_stand_for_one_token_and_rests_for_more(make().await).await;
    delivery::all_who_match_hear_once(make().await).await;
    delivery::nothing_is_kept_for_later(make().await).await;
    delivery::a_message_arrives_whole(make().await).await;
    delivery::what_one_publishes_keeps_its_order(make().await).await;
    delivery::the_newest_is_dropped_and_counted(make().await).await;
    delivery::any_capacity_holds_at_least_one(make().await).await;
    delivery::a_slow_subscriber_slows_nobody(make().await).await;
    delivery::waiting_may_be_given_up(make().await).await;
    delivery::reserved_subjects_are_not_heard(make().await).await;
    delivery::a_subscription_ends_with_its_bus(make().await).await;
    requests::a_reply_comes_back(make().await).await;
    requests::the_first_reply_counts(make().await).await;
    requests::each_gets_its_own_reply(make().await).await;
    requests::nobody_there_is_known_at_once(make().await).await;
    requests::silence_is_a_time_out(make().await).await;
    requests::a_full_subscription_is_no_missing_one(make().await).await;
    requests::replies_are_for_those_who_wait(make().await).await;
    requests::a_dropped_subscription_does_not_respond(make().await).await;
}

fn subject(text: &str) -> EventSubject {
    EventSubject::new(text).expect("a subject")
}

/// A message with nothing to it but its subject and its payload.
fn message(to: &str, payload: impl ToString) -> Message {
    Message {
        subject: subject(to),
        payload: payload.to_string().into(),
        source: Source::Host("test".into()),
        about: Subject::none(),
        hops: 1,
        reply_to: None,
    }
}

async fn subscribe(bus: &Arc<dyn Bus>, pattern: &str, capacity: usize) -> Box<dyn Subscription> {
    let pattern = SubjectPattern::new(pattern).expect("a pattern");
    let subscribed = tokio::time::timeout(LONG, bus.subscribe(pattern, capacity)).await;
    subscribed.expect("in time").expect("a subscription")
}

async fn publish(bus: &Arc<dyn Bus>, message: Message) {
    let published = tokio::time::timeout(LONG, bus.publish(message)).await;
    published.expect("in time").expect("taken");
}

/// The next message.
async fn next(subscription: &mut Box<dyn Subscription>) -> Message {
    let next = tokio::time::timeout(LONG, subscription.next()).await;
    next.expect("in time").expect("a message")
}

/// The payload of the next message.
async fn heard(subscription: &mut Box<dyn Subscription>) -> String {
    next(subscription).await.payload.to_string()
}

/// Waits until something holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, waited).await;
    waited.unwrap_or_else(|_| panic!("{what}"));
}
