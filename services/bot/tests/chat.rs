//! What a bot says to single messages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Stage, clerk};
use portcullis::Subject;
use portcullis::bus::{Source, SubjectPattern};
use portcullis_bot::{Bot, Incoming, OpenError, Options};
use portcullis_tests::plugin;
use portcullis_tests::rig::limits;
use serde_json::{Value, json};

/// Proves E10: `echo` counts for each user, in its own store; arguments may be quoted or named.
#[tokio::test(flavor = "multi_thread")]
async fn echo_counts_for_each_user() {
    let stage = Stage::with(&["echo"]).await;
    assert_eq!(
        stage.say("!echo hello  there").await,
        ["hello  there (echo 1)"]
    );
    assert_eq!(stage.say("!say \"hello\"").await, ["hello (echo 2)"]);
    assert_eq!(stage.say("!echo text='x = y'").await, ["x = y (echo 3)"]);
    assert_eq!(
        stage.say_in("t2", "bob", "!echo don't").await,
        ["don't (echo 1)"]
    );
    assert_eq!(
        stage.say_in("t2", "ada", "!echoes").await,
        ["you were echoed 3 times"]
    );
}

/// Proves E10: help tells what there is and whose it is, and how one command is used.
#[tokio::test(flavor = "multi_thread")]
async fn help_tells_what_there_is() {
    let stage = Stage::with(&["echo", "trivia"]).await;
    assert_eq!(
        stage.say("!help").await,
        ["commands:\n\
          !echo <text>: Says what it is told. (echo)\n\
          !echoes: How often you were echoed. (echo)\n\
          !trivia [rounds]: Begins a quiz in this thread: just write your answers. (trivia)\n\
          !trivia-score: How many questions you got right. (trivia)\n\
          !help <command> tells more, !stop ends a conversation"]
    );
    assert_eq!(
        stage.say("!help !quiz").await,
        [
            "usage: !trivia [rounds]\nBegins a quiz in this thread: just write your answers.\n  \
          rounds (integer, 3 if not given): How many questions.\nalso called quiz\na command of the plugin trivia"
        ]
    );
    assert_eq!(
        stage.say("!help triva").await,
        ["there is no command !triva; did you mean !trivia?"]
    );
    stage.enable(&["echo"]).await;
    assert!(!stage.say("!help").await.concat().contains("trivia"));
    stage.enable(&[]).await;
    assert_eq!(stage.say("!help").await, ["there are no commands"]);
}

/// Proves E10 and E17: a command that is not there, or of a plugin that the world does not use, is said to be unknown; what only looks like one is a message.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_commands() {
    let stage = Stage::with(&["echo"]).await;
    assert_eq!(
        stage.say("!ecko hi").await,
        ["there is no command !ecko; did you mean !echo?"]
    );
    assert_eq!(
        stage.say("!nonsense").await,
        ["there is no command !nonsense; !help lists all"]
    );
    let long = stage.say(&format!("!{}", "x".repeat(5_000))).await;
    assert!(long[0].len() < 100, "{long:?}");
    for text in ["!", "!!", "! echo hi", "!?", "", "  "] {
        assert!(stage.say(text).await.is_empty(), "{text}");
    }
    stage.enable(&[]).await;
    assert_eq!(
        stage.say("!echo hi").await,
        ["there is no command !echo; !help lists all"]
    );
    assert!(stage.receipts.is_empty());
}

/// Proves E10: what is wrong with arguments is told with the usage, and nobody is called.
#[tokio::test(flavor = "multi_thread")]
async fn bad_arguments() {
    let stage = Stage::with(&["clerk", "trivia"]).await;
    let usage = "usage: !greets <name> [times]";
    for (line, told) in [
        ("!greets", "the argument `name` is missing (give `name`)"),
        (
            "!greets Ada 4",
            "the argument `times`: 4 is greater than the maximum of 3",
        ),
        (
            "!greets Ada often",
            "the argument `times`: \"often\" is not of type \"integer\"",
        ),
        (
            "!greets Ada 2 3",
            "it takes 2 words; put several into quotes",
        ),
        ("!greets Ada 1 times=2", "`times` is given twice"),
        ("!greets \"Ada", "a quotation does not end"),
        (
            "!greets Ada 2 tims=3",
            "there is no argument `tims` (did you mean `times`?)",
        ),
    ] {
        assert_eq!(stage.say(line).await, [told, usage], "{line}");
    }
    assert_eq!(
        stage.say("!announces loudly").await,
        ["it takes no arguments", "usage: !announces"]
    );
    assert!(stage.receipts.is_empty());
    assert_eq!(
        stage.say("!hi \"Ada L.\" 2").await,
        ["hello Ada L., hello Ada L."]
    );
    assert_eq!(stage.say("!hi times=2 Ada").await, ["hello Ada, hello Ada"]);
}

/// Proves E10: of two plugins with one command the first answers, help tells how to mean the other, and a world can use the other alone.
#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_with_one_command() {
    let packages = [
        clerk("first", &["announces"]),
        clerk("second", &["announces", "help"]),
    ];
    let stage = Stage::of(packages, limits(|_| {}), |_| {}).await;
    let help = stage.say("!help").await.concat();
    assert!(
        help.starts_with("commands:\n!announces (first)\n!second:announces (second)\n"),
        "{help}"
    );
    let called = || {
        stage
            .receipts
            .all()
            .last()
            .unwrap()
            .plugin
            .plugin
            .to_string()
    };
    for (line, plugin) in [
        ("!announces", "first"),
        ("!second:announces", "second"),
        ("!first:announces", "first"),
    ] {
        assert_eq!(stage.say(line).await, ["done"]);
        assert_eq!(called(), plugin);
    }
    stage.enable(&["second"]).await;
    assert_eq!(stage.say("!announces").await, ["done"]);
    assert_eq!(called(), "second");
    assert!(stage.say("!first:announces").await[0].starts_with("there is no command"));
}

/// Proves E10: no control character goes in or out, and what is too long is said to be, or cut.
#[tokio::test(flavor = "multi_thread")]
async fn texts_are_harmless_and_bounded() {
    let stage = Stage::of(
        [plugin("echo"), plugin("clerk")],
        limits(|_| {}),
        |options| {
            options.reply_chars = 100;
            options.replies = 3;
        },
    )
    .await;
    assert_eq!(
        stage.say("\u{1b}[2J!echo a\u{202e}b\u{7}c\0").await,
        Vec::<String>::new()
    );
    assert_eq!(
        stage.say("\u{7}!echo a\u{202e}b\u{7}c\0").await,
        ["abc (echo 1)"]
    );
    let long = stage.say(&format!("!echo {}", "word ".repeat(190))).await;
    assert_eq!(long.len(), 3);
    assert!(
        long.iter().all(|piece| piece.chars().count() <= 100),
        "{long:?}"
    );
    assert!(long[2].ends_with("[...]"));
    let refused = stage.say(&format!("!echo {}", "x".repeat(1_001))).await;
    assert!(
        refused[0].starts_with("the argument `text`: "),
        "{refused:?}"
    );
    assert_eq!(
        stage.say(&"x".repeat(9_000)).await,
        ["that is too long for me: 8192 bytes are the most"]
    );
}

/// Proves E10: a failing plugin's user is told that it failed, and no detail.
#[tokio::test(flavor = "multi_thread")]
async fn failures_have_no_details() {
    let policy = limits(|limits| limits.wall_ms = 500);
    let stage = Stage::of([plugin("clerk")], policy, |_| {}).await;
    for command in ["fails", "traps", "loops", "result-large"] {
        assert_eq!(
            stage.say(&format!("!{command}")).await,
            [format!(
                "sorry, !{command} failed, and nothing has changed; try again, or !stop"
            )]
        );
    }
    assert_eq!(stage.say("!refuses").await, ["that cannot be done"]);
    assert_eq!(stage.receipts.len(), 5);
}

/// Proves E10: who floods is told once and then not heard, others are, and time heals.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_stops() {
    let stage = Stage::of([plugin("echo")], limits(|_| {}), |options| {
        options.burst = 3
    })
    .await;
    let mut said = Vec::new();
    for _ in 0..10 {
        said.extend(stage.say("!echo x").await);
    }
    assert_eq!(
        said,
        [
            "x (echo 1)",
            "x (echo 2)",
            "x (echo 3)",
            "slow down, please: you write faster than I can listen"
        ]
    );
    assert_eq!(stage.say_in("t1", "bob", "!echo y").await, ["y (echo 1)"]);
    stage.clock.advance(1_000);
    assert_eq!(stage.say("!echo x").await, ["x (echo 4)"]);
}

/// Proves E9: what is said to nobody in particular becomes an event of the host's, under a subject that no channel's name breaks out of.
#[tokio::test(flavor = "multi_thread")]
async fn messages_become_events() {
    let stage = Stage::with(&["echo"]).await;
    let pattern = SubjectPattern::new("chat.message.*").unwrap();
    let mut events = stage.host.bus().subscribe(pattern, 16).await.unwrap();
    for (channel, text) in [
        ("lobby", "hello\u{7} there"),
        ("#a.b > *", "!! two\nlines"),
        ("lobby", "!echo hi"),
    ] {
        let replies = stage
            .bot
            .hear(Incoming::new(channel, "7", "Ada L.", text))
            .await;
        assert_eq!(replies.len(), usize::from(text == "!echo hi"));
    }
    let mut next = async || {
        let next = tokio::time::timeout(Duration::from_secs(10), events.next());
        next.await.unwrap().unwrap()
    };
    let first = next().await;
    assert_eq!(first.subject.as_str(), "chat.message.lobby");
    assert_eq!((first.source, first.hops), (Source::Host("bot".into()), 1));
    assert_eq!(
        first.about,
        Subject::world("chat").session("lobby/7").caller("Ada L.")
    );
    assert_eq!(
        serde_json::from_str::<Value>(&first.payload).unwrap(),
        json!({ "channel": "lobby", "thread": "lobby/7", "user": "Ada L.", "text": "hello there" })
    );
    let second = next().await;
    assert_eq!(second.subject.as_str(), "chat.message.%23a%2eb%20%3e%20%2a");
    assert!(
        second.payload.contains("\"#a.b > *\""),
        "{}",
        second.payload
    );
    // A command is for its plugin alone.
    let none = tokio::time::timeout(Duration::from_millis(50), events.next()).await;
    assert!(none.is_err());
}

/// Proves E10: a bot without a world says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_a_world() {
    let stage = Stage::with(&[]).await;
    let options = Options {
        world: String::new(),
        ..Options::default()
    };
    let error = Bot::open(stage.host, stage.store, options)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, OpenError::NoWorld), "{error}");
}

/// Proves E10 and C9: two bots on one store are two worlds: neither counts nor games nor words nor scores of the one are the other's.
#[tokio::test(flavor = "multi_thread")]
async fn two_bots_on_one_store() {
    let stage = Stage::with(&["echo", "trivia", "markov"]).await;
    let options = Options {
        world: "second".to_owned(),
        ..stage.bot.options().clone()
    };
    let other = Bot::open(stage.host.clone(), stage.store.clone(), options)
        .await
        .unwrap();
    let other = async |text: &str| {
        let message = Incoming::new("lobby", "t1", "ada", text);
        let replies = other.hear(message).await.into_iter();
        replies.map(|reply| reply.text).collect::<Vec<_>>()
    };
    assert!(stage.say("the gate is open").await.is_empty());
    stage.host.events_idle().await;
    assert_eq!(stage.say("!echo hi").await, ["hi (echo 1)"]);
    assert_eq!(other("!echo hi").await, ["hi (echo 1)"]);
    assert_eq!(other("!echoes").await, ["you were echoed once"]);
    let first = "1 question. Which planet is nearest to the sun?";
    assert_eq!(stage.say("!trivia 1").await, [first]);
    assert_eq!(other("!trivia 1").await, [first]);
    let over = "right, ada: mercury. The game is over: ada 1";
    assert_eq!(stage.say("Mercury").await, [over]);
    assert_eq!(other("!trivia-score").await, ["ada: 0 right"]);
    assert_eq!(other("Mercury").await, [over]);
    assert_eq!(stage.say("!trivia-score").await, ["ada: 1 right"]);
    assert_eq!(other("!markov").await, ["I have not heard anything yet"]);
    assert_eq!(stage.say("!markov gate").await, ["gate is open"]);
}

/// Proves E10: what bots write is ignored, and nothing that the bot writes is a command, whatever a user has it say.
#[tokio::test(flavor = "multi_thread")]
async fn bots_do_not_keep_each_other_talking() {
    let stage = Stage::with(&["echo"]).await;
    let said = stage.say("!echo !echo hi").await;
    assert_eq!(said, ["\\!echo hi (echo 1)"]);
    for text in [
        &*said[0],
        &*stage.say("!help").await[0],
        &*stage.say("!help echo").await[0],
    ] {
        assert!(stage.say(text).await.is_empty(), "{text}");
    }
    let own = Incoming {
        is_bot: true,
        ..Incoming::new("lobby", "t1", "bot", "!echo hi")
    };
    assert!(stage.bot.hear(own).await.is_empty());
    assert_eq!(stage.receipts.len(), 1);
}

/// Proves E10: what is said last stands as it was written, of one word or of several.
#[tokio::test(flavor = "multi_thread")]
async fn a_last_text_stands_as_it_was_written() {
    let stage = Stage::with(&["echo"]).await;
    assert_eq!(stage.say(r"!echo C:\dir").await, [r"C:\dir (echo 1)"]);
    assert_eq!(stage.say(r"!echo C:\dir x").await, [r"C:\dir x (echo 2)"]);
}
