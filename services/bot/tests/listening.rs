//! Plugins that hear what is said in a chat.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Stage;
use portcullis_bot::Incoming;

/// Proves E9 and E10: `markov` learns from messages of all channels, speaks like them, and forgets what nobody says any more.
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
    assert_eq!(stage.say("!markov gates").await, ["gates rust"]);
    assert_eq!(
        stage.say("!markov unheard").await,
        ["I never heard that word"]
    );
    stage.clock.advance(6 * 24 * 60 * 60 * 1_000);
    assert!(stage.say("gates rust").await.is_empty());
    stage.host.events_idle().await;
    stage.clock.advance(2 * 24 * 60 * 60 * 1_000);
    assert_eq!(stage.say("!markov gates").await, ["gates rust"]);
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
