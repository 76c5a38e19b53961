//! The bus inside the process, held against what every bus must do; and patterns against a model of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use portcullis::bus::{Bus, EventSubject, SubjectPattern};
use portcullis::host::LocalBus;
use portcullis_tests::bus_conformance::conforms;
use proptest::prelude::*;

/// Proves E9: the bus inside the process keeps every rule of a bus.
#[tokio::test(flavor = "multi_thread")]
async fn the_local_bus_conforms() {
    conforms(|| async { Arc::new(LocalBus::new()) as Arc<dyn Bus> }).await;
}

/// Whether a pattern matches, told by the rules alone: token by token, from the front.
fn model(pattern: &[String], subject: &[String]) -> bool {
    match (pattern, subject) {
        ([], []) => true,
        ([rest], [_, ..]) if rest == ">" => true,
        ([one, pattern @ ..], [token, subject @ ..]) => {
            (one == "*" || one == token) && model(pattern, subject)
        }
        _ => false,
    }
}

/// All subjects of up to four tokens out of the alphabet of the tests, and one token that no pattern names.
fn subjects() -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..4 {
        longest = longest
            .iter()
            .flat_map(|start: &Vec<String>| {
                ["a", "b", "other"].map(|token| [&start[..], &[token.to_owned()]].concat())
            })
            .collect();
        all.extend(longest.clone());
    }
    all.retain(|subject| !subject.is_empty());
    all
}

fn pattern() -> impl Strategy<Value = Vec<String>> {
    let token = prop_oneof!["a", "b", Just("*".to_owned())];
    (prop::collection::vec(token, 0..3), any::<bool>()).prop_map(|(mut tokens, open)| {
        if open || tokens.is_empty() {
            tokens.push(">".to_owned());
        }
        tokens
    })
}

fn read(pattern: &[String]) -> SubjectPattern {
    SubjectPattern::new(&pattern.join(".")).expect("a pattern")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    /// Proves E9: a pattern matches what the rules say.
    #[test]
    fn a_pattern_matches_what_the_rules_say(tokens in pattern()) {
        let pattern = read(&tokens);
        for subject in subjects() {
            let text = EventSubject::new(&subject.join(".")).unwrap();
            prop_assert_eq!(pattern.matches(&text), model(&tokens, &subject), "{} {}", pattern, text);
        }
    }

    /// Proves E9: a pattern covers another one if it matches all that the other one does. Patterns of three tokens differ within four.
    #[test]
    fn a_pattern_covers_what_it_matches_all_of(wide in pattern(), narrow in pattern()) {
        let all = subjects().into_iter().filter(|subject| model(&narrow, subject));
        let expected = all.into_iter().all(|subject| model(&wide, &subject));
        prop_assert_eq!(read(&wide).covers(&read(&narrow)), expected, "{:?} {:?}", wide, narrow);
    }

    /// Proves E9: whatever a text is, it is a subject, a pattern, or an error with a reason.
    #[test]
    fn any_text_is_read_or_refused(text in "[a_.*> \u{0}\u{202e}ü]{0,12}") {
        let (subject, pattern) = (EventSubject::new(&text), SubjectPattern::new(&text));
        if let Ok(subject) = &subject {
            prop_assert_eq!(subject.as_str(), &text);
            let pattern = pattern.expect("a subject is a pattern of itself");
            prop_assert!(pattern.matches(subject) && pattern.covers(&pattern));
        } else if let Ok(pattern) = &pattern {
            prop_assert!(text.contains(['*', '>']));
            prop_assert!(SubjectPattern::any().covers(pattern));
        }
    }
}
