//! Plugins that hear what is said in a chat.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Stage;
use portcullis_bot::Incoming;
use portcullis_tests::plugin;
use portcullis_tests::rig::limits;

/// Proves E9 and E10: `markov` learns from the messages of each channel, speaks like them there alone, and forgets what nobody says any more.
#[tokio::test(flavor = "multi_thread")]
async fn markov_learns_speaks_and_forgets() {
    let stage = Stage::with(&["markov", "echo"]).await;
    assert_eq!(
        stage.say("!markov").await,
        ["I have not heard anything yet"]
    );
    for (channel, text) in [
        ("lobby", "The gate is open!"),
        ("#yard", "gates rust"),
        ("lobby", "!echo unheard words"),
    ] {
        stage
            .bot
            .hear(Incoming::new(channel, "t1", "ada", text))
            .await;
        stage.host.events_idle().await;
    }
    assert_eq!(stage.say("!speak gate").await, ["gate is open"]);
    assert_eq!(
        stage.say("!markov gates").await,
        ["I never heard that word"],
        "it was said elsewhere"
    );
    let yard = async || {
        let asked = Incoming::new("#yard", "t9", "ada", "!markov gates");
        let [reply] = stage.bot.hear(asked).await.try_into().unwrap();
        reply.text
    };
    assert_eq!(yard().await, "gates rust");
    assert_eq!(
        stage.say("!markov unheard").await,
        ["I never heard that word"]
    );
    stage.clock.advance(6 * 24 * 60 * 60 * 1_000);
    let again = Incoming::new("#yard", "t1", "ada", "gates rust");
    assert!(stage.bot.hear(again).await.is_empty());
    stage.host.events_idle().await;
    stage.clock.advance(2 * 24 * 60 * 60 * 1_000);
    assert_eq!(yard().await, "gates rust");
    assert_eq!(stage.say("!markov gate").await, ["I never heard that word"]);
}

/// Proves E9 and E17: a plugin that the bot's world does not use hears nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_used_does_not_hear() {
    let stage = Stage::with(&["markov"]).await;
    stage.enable(&[]).await;
    stage.say("the gate is open").await;
    stage.host.events_idle().await;
    stage.enable(&["markov"]).await;
    assert_eq!(stage.say("!markov gate").await, ["I never heard that word"]);
}

/// Proves E9: `markov` keeps its quota whatever is said, and fails at no message, also where its store is full and a call may write little.
#[tokio::test(flavor = "multi_thread")]
async fn markov_fails_at_no_message() {
    let policy = limits(|limits| {
        (limits.kv_bytes, limits.kv_keys, limits.write_bytes) = (20_000, 50, 10_000);
    });
    let stage = Stage::of([plugin("markov")], policy, |_| {}).await;
    for n in 0..40 {
        let words: Vec<_> = (0..60).map(|m| format!("{:x>32}", n * 60 + m)).collect();
        let channel = format!("channel-{}", n % 3);
        let message = Incoming::new(channel, "t1", "ada", words.join(" "));
        stage.bot.hear(message).await;
        stage.host.events_idle().await;
    }
    let [heard] = stage.host.event_statistics().try_into().unwrap();
    assert_eq!((heard.handled, heard.failed), (40, 0));
}
