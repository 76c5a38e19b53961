//! Conversations: several messages that belong together, by thread.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Stage, clerk};
use portcullis::guard::GuardPolicy;
use portcullis_bot::{Incoming, LineChannel, MemoryChannel};
use portcullis_state::{Actor, HistoryOf, HistoryQuery, Item};
use portcullis_tests::plugin;
use portcullis_tests::rig::limits;
use portcullis_tests::state::HandClock;

/// Proves E10: a game over several messages in two threads at once; each thread has its own questions and its own end.
#[tokio::test(flavor = "multi_thread")]
async fn two_games_at_once() {
    let stage = Stage::with(&["trivia", "echo"]).await;
    assert_eq!(
        stage.say("!trivia 2").await,
        ["2 questions. Which planet is nearest to the sun?"]
    );
    assert_eq!(
        stage.say_in("t2", "bob", "!quiz rounds=1").await,
        ["1 question. Which gate of a castle is a grating that falls?"]
    );
    assert_eq!(stage.say("Mars").await, ["no; 2 more tries"]);
    assert_eq!(
        stage.say_in("t2", "bob", "a portcullis").await,
        ["right, bob: portcullis. The game is over: bob 1"]
    );
    // A command in the middle of a game leaves it open, and another game is not begun.
    assert_eq!(stage.say("!echo hm").await, ["hm (echo 1)"]);
    assert_eq!(
        stage.say("!trivia").await,
        ["a game is on here: Which planet is nearest to the sun?"]
    );
    assert_eq!(
        stage.say("Mercury").await,
        ["right, ada: mercury. How many legs has a spider?"]
    );
    assert_eq!(
        stage.say_in("t1", "bob", "give up").await,
        ["it is eight. The game is over: ada 1"]
    );
    assert!(
        stage.say("Mercury").await.is_empty(),
        "nobody listens any more"
    );
    assert_eq!(stage.say("!trivia-score").await, ["ada: 1 right"]);
}

/// Proves E10 and C9: a game that waited too long has expired with its key.
#[tokio::test(flavor = "multi_thread")]
async fn a_game_times_out() {
    let stage = Stage::with(&["trivia"]).await;
    stage.say("!trivia").await;
    stage.clock.advance(299_000);
    assert_eq!(stage.say("Mars").await, ["no; 2 more tries"]);
    stage.clock.advance(300_000);
    assert_eq!(
        stage.say("Mercury").await,
        ["the game is over: nobody answered in time"]
    );
    assert!(stage.say("Mercury").await.is_empty());
}

/// Proves E10: a conversation goes on after the host was restarted, with what the plugin keeps for it.
#[tokio::test(flavor = "multi_thread")]
async fn conversations_outlast_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bot.db");
    let clock = HandClock::default();
    let plugins = ["trivia", "echo"];
    let stage = Stage::in_file(&file, &clock, &plugins).await;
    assert_eq!(stage.say("!echo one").await, ["one (echo 1)"]);
    stage.say("!trivia 2").await;
    assert!(stage.say("Mercury").await[0].starts_with("right, ada: mercury."));
    drop(stage);
    let stage = Stage::in_file(&file, &clock, &plugins).await;
    assert_eq!(
        stage.say("8").await,
        ["right, ada: eight. The game is over: ada 2"]
    );
    assert_eq!(stage.say("!echo two").await, ["two (echo 2)"]);
    let report = stage.store.check().await.unwrap();
    assert!(report.differences.is_empty(), "{report:?}");
}

/// Proves E10: a plugin that fails in the middle of a conversation has changed nothing, and the conversation goes on; `!stop` ends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_ends_no_conversation() {
    let stage = Stage::with(&["clerk"]).await;
    assert_eq!(stage.say("!converses").await, ["what is it?"]);
    for failure in ["fail", "trap"] {
        assert_eq!(
            stage.say(failure).await,
            ["sorry, !converses failed, and nothing has changed; try again, or !stop"]
        );
    }
    assert_eq!(stage.say("a parcel").await, ["`a parcel`, you say?"]);
    assert_eq!(stage.say("!stop").await, ["the conversation is over"]);
    assert!(stage.say("a parcel").await.is_empty());
    assert_eq!(
        stage.say("!stop").await,
        ["there is no conversation to stop"]
    );
    stage.say("!converses").await;
    assert_eq!(stage.say("bye").await, ["good day"]);
    assert!(stage.say("bye").await.is_empty());
}

/// Proves E10 and E17: a conversation with a plugin that is gone, or that the world does not use any more, is over, and its user is told so once.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_goes_ends_its_conversations() {
    let stage = Stage::with(&["clerk"]).await;
    for _ in 0..2 {
        stage.enable(&["clerk"]).await;
        stage.say("!converses").await;
        stage.enable(&[]).await;
        assert_eq!(
            stage.say("hello").await,
            ["sorry, !converses is not available any more"]
        );
        assert!(stage.say("hello").await.is_empty());
    }
    stage.enable(&["clerk"]).await;
    stage.say("!converses").await;
    stage.host.unload(&"clerk".parse().unwrap()).await.unwrap();
    assert_eq!(
        stage.say("hello").await,
        ["sorry, !converses is not available any more"]
    );
    assert!(stage.say("hello").await.is_empty());
}

/// Proves E10: a conversation in which nothing is said for an hour is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_forgotten() {
    let stage = Stage::with(&["clerk"]).await;
    stage.say("!converses").await;
    stage.clock.advance(3_599_999);
    assert_eq!(stage.say("one").await, ["`one`, you say?"]);
    stage.clock.advance(3_600_000);
    assert!(stage.say("two").await.is_empty());
}

/// Proves E10: the bot keeps so many threads and no more: the oldest in which nothing is open goes, and where there is none a new one is turned away.
#[tokio::test(flavor = "multi_thread")]
async fn threads_are_bounded() {
    let change = |options: &mut portcullis_bot::Options| options.threads = 2;
    let stage = Stage::of(
        [clerk("clerk", &["converses", "announces"])],
        limits(|_| {}),
        change,
    )
    .await;
    stage.say_in("t1", "ada", "!converses").await;
    stage.clock.advance(1);
    stage.say_in("t2", "ada", "!announces").await;
    stage.clock.advance(1);
    assert_eq!(
        stage.say_in("t3", "ada", "!converses").await,
        ["what is it?"]
    );
    let kept = stage.store.look("chat", |world| {
        world.sessions.keys().cloned().collect::<Vec<_>>()
    });
    assert_eq!(kept.unwrap(), ["lobby/t1".into(), "lobby/t3".into()]);
    assert_eq!(
        stage.say_in("t4", "ada", "!announces").await,
        ["I am in too many conversations already; try again later"]
    );
    assert_eq!(stage.say_in("t1", "ada", "hm").await, ["`hm`, you say?"]);
}

/// Proves E10: threads are worked on at once, and the messages of one in order; what the network said before it ended is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_served() {
    let stage = Stage::of(
        [plugin("echo"), plugin("clerk")],
        limits(|_| {}),
        |options| {
            options.waiting = 64;
        },
    )
    .await;
    let (channel, client) = MemoryChannel::new();
    // One that never returns holds nobody else up.
    client
        .write(Incoming::new("lobby", "stuck", "eve", "!loops"))
        .await;
    for n in 1..=10 {
        for thread in ["a", "b", "c"] {
            let text = format!("!echo {n}");
            client
                .write(Incoming::new("lobby", thread, thread, text))
                .await;
        }
    }
    let mut replies = client.close();
    stage.bot.serve(Arc::new(channel)).await;
    let mut said = Vec::new();
    while let Ok(reply) = replies.try_recv() {
        said.push((reply.thread, reply.text));
    }
    for thread in ["a", "b", "c"] {
        let of_thread: Vec<_> = said
            .iter()
            .filter(|(one, _)| one == thread)
            .map(|(_, text)| &**text)
            .collect();
        let expected: Vec<_> = (1..=10).map(|n| format!("{n} (echo {n})")).collect();
        assert_eq!(of_thread, expected, "{thread}");
    }
    assert_eq!(said.len(), 31);
    assert_eq!(said[30].0, "stuck", "what does not return is answered last");
}

/// Writes into a shared buffer.
#[derive(Clone, Default)]
struct Page(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Proves E10: a conversation on a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_served() {
    let stage = Stage::with(&["clerk"]).await;
    let input = "!converses\na parcel\n#t2 @bob !hi Bob\nbye\n";
    let page = Page::default();
    let channel = LineChannel::new(std::io::Cursor::new(input), page.clone());
    let served = stage.bot.serve(Arc::new(channel));
    tokio::time::timeout(Duration::from_secs(30), served)
        .await
        .unwrap();
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let own: Vec<_> = text.lines().filter(|line| !line.starts_with('[')).collect();
    assert_eq!(own, ["what is it?", "`a parcel`, you say?", "good day"]);
    assert!(text.contains("[t2] hello Bob\n"), "{text}");
}

/// Proves E10 and C16: what the bot keeps of a thread stands in the store's history as the bot's.
#[tokio::test(flavor = "multi_thread")]
async fn the_bot_is_in_the_history() {
    let stage = Stage::with(&["clerk"]).await;
    stage.say("!converses").await;
    let query = HistoryQuery {
        of: HistoryOf::Item(Item::Session {
            world: "chat".into(),
            session: "lobby/t1".into(),
        }),
        after: None,
        limit: 10,
    };
    let history = stage.store.history(&query).await.unwrap();
    let actors: Vec<_> = history.iter().map(|row| row.actor.clone()).collect();
    let bot = || Actor::Host {
        what: "bot".to_owned(),
    };
    assert_eq!(actors, [bot(), bot()]);
}

/// Proves E10 and O1: a conversation outlasts a time in which its plugin is disabled, by an operator or because it failed too often.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_outlasts_a_disabled_plugin() {
    let policy = limits(|_| {}).guard(GuardPolicy::default());
    let stage = Stage::of([plugin("clerk")], policy, |_| {}).await;
    let clerk = "clerk".parse().unwrap();
    let away = "sorry, !converses is not available now; try again later, or !stop";
    stage.say("!converses").await;
    stage.host.disable(&clerk).await.unwrap();
    assert_eq!(stage.say("a parcel").await, [away]);
    stage.host.enable(&clerk).await.unwrap();
    assert_eq!(stage.say("a parcel").await, ["`a parcel`, you say?"]);
    for failures in 0.. {
        assert!(failures < 20, "the guard never trips");
        if stage.say("trap").await == [away] {
            break;
        }
    }
    stage.host.enable(&clerk).await.unwrap();
    assert_eq!(stage.say("a parcel").await, ["`a parcel`, you say?"]);
}

/// Proves E10: a full store begins no games and counts no points, and the games that are on can be won.
#[tokio::test(flavor = "multi_thread")]
async fn a_game_in_a_full_store() {
    for (keys, begun) in [(1, false), (2, true)] {
        let policy = limits(|limits| limits.kv_keys = keys);
        let stage = Stage::of([plugin("trivia")], policy, |_| {}).await;
        let said = stage.say("!trivia 2").await;
        assert_eq!(said[0].starts_with("2 questions."), begun, "{said:?}");
        if begun {
            assert!(stage.say("Mercury").await[0].starts_with("right, ada"));
            assert_eq!(
                stage.say("8").await,
                ["right, ada: eight. The game is over: ada 2"]
            );
            assert_eq!(stage.say("!trivia-score").await, ["ada: 1 right"]);
        }
    }
}

/// Proves E10 and C9: a score is forgotten 90 days after the last right answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_forgotten() {
    const DAY: u64 = 24 * 60 * 60 * 1_000;
    let stage = Stage::with(&["trivia"]).await;
    for answer in ["Mercury", "8"] {
        stage.say("!trivia 1").await;
        assert!(stage.say(answer).await[0].starts_with("right"));
        stage.clock.advance(89 * DAY);
    }
    assert_eq!(stage.say("!trivia-score").await, ["ada: 2 right"]);
    stage.clock.advance(2 * DAY);
    assert_eq!(stage.say("!trivia-score").await, ["ada: 0 right"]);
}

/// Proves E10: one user fills neither a thread nor all of them: who writes too much is told so, and others are heard.
#[tokio::test(flavor = "multi_thread")]
async fn a_served_user_keeps_nobody_else_out() {
    for burst in [10, 10_000] {
        let stage = Stage::of(
            [plugin("echo"), plugin("clerk")],
            limits(|_| {}),
            |options| options.burst = burst,
        )
        .await;
        let (channel, client) = MemoryChannel::new();
        client
            .write(Incoming::new("lobby", "t", "eve", "!loops"))
            .await;
        for n in 0..20 {
            client
                .write(Incoming::new("lobby", "t", "eve", format!("!echo {n}")))
                .await;
        }
        for n in 0..20 {
            client
                .write(Incoming::new("lobby", n.to_string(), "eve", "!echo more"))
                .await;
        }
        client
            .write(Incoming::new("lobby", "t", "bob", "!echo me too"))
            .await;
        let mut replies = client.close();
        stage.bot.serve(Arc::new(channel)).await;
        let mut said = Vec::new();
        while let Ok(reply) = replies.try_recv() {
            said.push(reply.text);
        }
        assert!(said.contains(&"me too (echo 1)".to_owned()), "{said:?}");
        let told = match burst {
            10 => "slow down, please",
            _ => "I am still busy",
        };
        assert!(said.iter().any(|text| text.starts_with(told)), "{said:?}");
    }
}
