//! The demo of a chat bot, run as a user would.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{portcullis, portcullis_reading};
use serde_json::{Value, json};

/// What the bot said to a message, in the order of the script.
fn replies<'r>(report: &'r Value, thread: &str, said: &str) -> &'r Value {
    let transcript = report["transcript"].as_array().unwrap();
    let is_it = |one: &&Value| one["thread"] == thread && one["said"] == said;
    &transcript.iter().find(is_it).unwrap()["replies"]
}

/// Proves E9, E10 and D4: a counter for each user, two games in two threads at once, a plugin that learns from what it hears and speaks, mistakes
/// that are answered; and what each plugin was granted and used.
#[test]
fn a_conversation_with_three_plugins() {
    let report = portcullis(["demo", "bot", "--no-build", "--format", "json"])
        .status(0)
        .json();
    let said = |thread: &str, said: &str| {
        replies(&report, thread, said)[0]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(said("lobby", "!help").contains("!trivia [rounds]: Begins a quiz"));
    assert_eq!(said("lobby", "!echo good morning"), "good morning (echo 1)");
    assert_eq!(said("lobby", "!echo morning, ada"), "morning, ada (echo 1)");
    assert_eq!(
        said("yard", "!echo \"is there an echo?\""),
        "is there an echo? (echo 2)"
    );
    assert!(said("yard", "!trivia 2").ends_with("nearest to the sun?"));
    assert!(said("tower", "a portcullis").ends_with("The game is over: bob 1"));
    assert_eq!(
        said("yard", "give up"),
        "it is eight. The game is over: bob 1"
    );
    assert_eq!(said("tower", "!trivia-score"), "bob: 2 right");
    assert_eq!(
        replies(&report, "lobby", "the moon is in the moat"),
        &json!([])
    );
    let heard = "the gate is open and the king is asleep the king is awake and the moon is up the moon is in the moat";
    let spoken = said("lobby", "!markov king");
    assert!(spoken.starts_with("king is "), "{spoken}");
    assert!(
        spoken
            .split(' ')
            .all(|word| heard.split(' ').any(|one| one == word)),
        "{spoken}"
    );
    assert_eq!(said("lobby", "!markov dragon"), "I never heard that word");
    assert_eq!(
        said("lobby", "!ecko hello"),
        "there is no command !ecko; did you mean !echo?"
    );
    assert_eq!(
        replies(&report, "lobby", "!trivia 99")[1],
        "usage: !trivia [rounds]"
    );

    let plugins = report["plugins"].as_array().unwrap();
    let used: Vec<_> = plugins
        .iter()
        .map(|row| (row["plugin"].as_str().unwrap(), &row["calls"]))
        .collect();
    assert_eq!(
        used,
        [
            ("echo", &json!({ "commands/echo": 4 })),
            (
                "trivia",
                &json!({ "commands/trivia": 6, "commands/trivia-score": 1 })
            ),
            (
                "markov",
                &json!({ "commands/markov": 3, "events/listen": 3 })
            ),
        ]
    );
    for row in plugins {
        assert_eq!((&row["failed"], &row["denials"]), (&json!(0), &json!(0)));
        let granted = row["granted"].as_array().unwrap();
        assert!(
            granted
                .iter()
                .any(|one| one["permission"] == "command:handle"),
            "{row}"
        );
        assert!(row["host_calls"]["kv"].as_u64() > Some(0), "{row}");
    }
}

/// Proves D4: the same as text is a transcript, and what the plugins used.
#[test]
fn the_transcript_reads_well() {
    let text = portcullis(["demo", "bot", "--no-build"]).status(0).stdout;
    for line in [
        "#yard     ada  Mars\n          bot  no; 2 more tries\n",
        "What each plugin was granted and used",
        "  granted  event:subscribe  {\"subjects\":[\"chat.message.>\"]}\n",
        "  called   commands/markov 3, events/listen 3\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

/// Proves E10: whoever types talks to the bot, in several threads.
#[test]
fn lines_of_a_terminal_are_answered() {
    let input = "!echo hi\n#x @bob !trivia 1\n#x @bob pass\n";
    let text = portcullis_reading(["demo", "bot", "--no-build", "--interactive"], input)
        .status(0)
        .stdout;
    assert!(text.contains("hi (echo 1)\n"), "{text}");
    assert!(text.contains("[x] 1 question. Which planet"), "{text}");
    assert!(
        text.contains("[x] it is mercury. The game is over: nobody has a point\n"),
        "{text}"
    );
}
