//! The bus inside the process, held against what every bus must do; and patterns against a model of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use portcullis::bus::{
    Bus, BusError, EventSubject, Message, RequestError, SubjectPattern, Subscription,
};
use portcullis::host::LocalBus;
use portcullis_tests::bus_conformance::conforms;
use proptest::prelude::*;

/// Proves E9: the bus inside the process keeps every rule of a bus.
#[tokio::test(flavor = "multi_thread")]
async fn the_local_bus_conforms() {
    conforms(|| async { Arc::new(LocalBus::new()) as Arc<dyn Bus> }).await;
}

/// A bus that breaks one rule.
struct Broken {
    inner: LocalBus,
    rule: Rule,
    /// Messages that are kept back.
    kept: Mutex<Vec<Message>>,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    Twice,
    Swapped,
    Waits,
    Forgetful,
    Uncounted,
    TellsSilence,
    Deaf,
    Unbounded,
}

impl Bus for Broken {
    fn publish(&self, mut message: Message) -> BoxFuture<'_, Result<(), BusError>> {
        async move {
            match self.rule {
                Rule::Twice => self.inner.publish(message.clone()).await?,
                Rule::Swapped if !message.subject.is_reserved() => {
                    let before = self.kept.lock().unwrap().pop();
                    match before {
                        None => self.kept.lock().unwrap().push(message),
                        Some(before) => {
                            self.inner.publish(message).await?;
                            self.inner.publish(before).await?;
                        }
                    }
                    return Ok(());
                }
                Rule::Forgetful => message.hops = 1,
                _ => {}
            }
            self.inner.publish(message).await
        }
        .boxed()
    }

    fn request(
        &self,
        message: Message,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Message, RequestError>> {
        async move {
            let reply = self.inner.request(message, patience).await;
            match (self.rule, reply) {
                (Rule::Waits, Err(RequestError::NoResponders)) => {
                    tokio::time::sleep(patience).await;
                    Err(RequestError::TimedOut)
                }
                (Rule::TellsSilence, Err(RequestError::TimedOut)) => {
                    Err(RequestError::NoResponders)
                }
                (_, reply) => reply,
            }
        }
        .boxed()
    }

    fn subscribe(
        &self,
        pattern: SubjectPattern,
        capacity: usize,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
        async move {
            let pattern = match (self.rule, pattern.as_str()) {
                (Rule::Deaf, "a.>") => SubjectPattern::new("a.*").unwrap(),
                _ => pattern,
            };
            let capacity = match self.rule {
                Rule::Unbounded => usize::MAX,
                _ => capacity,
            };
            let inner = self.inner.subscribe(pattern, capacity).await?;
            let is_counted = !matches!(self.rule, Rule::Uncounted);
            Ok(Box::new(Listening { inner, is_counted }) as Box<dyn Subscription>)
        }
        .boxed()
    }
}

struct Listening {
    inner: Box<dyn Subscription>,
    is_counted: bool,
}

impl Subscription for Listening {
    fn next(&mut self) -> BoxFuture<'_, Option<Message>> {
        self.inner.next()
    }

    fn dropped(&self) -> u64 {
        if self.is_counted {
            self.inner.dropped()
        } else {
            0
        }
    }
}

/// Proves E9: the rules are checked: a bus that breaks one of them does not conform.
#[test]
fn a_broken_bus_does_not_conform() {
    let rules = [
        Rule::Twice,
        Rule::Swapped,
        Rule::Waits,
        Rule::Forgetful,
        Rule::Uncounted,
        Rule::TellsSilence,
        Rule::Deaf,
        Rule::Unbounded,
    ];
    let checks = rules.map(|rule| {
        let make = move || async move {
            let (inner, kept) = (LocalBus::new(), Mutex::default());
            Arc::new(Broken { inner, rule, kept }) as Arc<dyn Bus>
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let check = std::thread::spawn(move || runtime.block_on(conforms(make)));
        (rule, check)
    });
    for (rule, check) in checks {
        assert!(check.join().is_err(), "{rule:?}");
    }
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
