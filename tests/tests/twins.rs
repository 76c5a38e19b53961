//! Names that look alike, contain each other, or mean something to whatever stores them: each value comes back under its own name and no
//! other, or the name is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use portcullis::bus::{EventSubject, SubjectPattern};
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::extension::effects::{Apply, Effects};
use portcullis::log_record::{escape_whole, is_hidden};
use portcullis::{Consent, Host, Outcome, Plugin, Subject};
use portcullis_state::{
    NpcDocument, Options, SessionDocument, Store, Transaction, World, WorldDocument,
};
use portcullis_tests::rig::{ada, params, shared_cache};
use portcullis_tests::{MemoryState, Messenger, Rig, Sink, limits, plugin};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// What names are made of: letters that have twins, separators, what databases, paths and patterns take for something else, and what nobody sees.
const PIECES: [&str; 32] = [
    "a",
    "A",
    "b",
    "\u{e9}",
    "e\u{301}",
    "\u{df}",
    "ss",
    "\u{130}",
    "i",
    "\u{ff41}",
    "/",
    ":",
    ".",
    "..",
    "|",
    "*",
    ">",
    "%",
    "_",
    "'",
    "\"",
    "\\",
    " ",
    "-",
    "\0",
    "\n",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{10ffff}",
];

/// How many families of names are tried.
const FAMILIES: usize = 12;

/// Names of up to five pieces, each with what it begins with: the same ones in each run.
fn families() -> Vec<BTreeSet<String>> {
    let mut runner = TestRunner::deterministic();
    let name = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..=5);
    let names = prop::collection::vec(name, 12..=12);
    let family = |_| {
        let names = names.new_tree(&mut runner).unwrap().current();
        let prefixes = |name: Vec<&str>| {
            (0..=name.len())
                .map(move |end| name[..end].concat())
                .collect::<Vec<_>>()
        };
        names.into_iter().flat_map(prefixes).collect()
    };
    (0..FAMILIES).map(family).collect()
}

/// Names that are twins by case, by normal form, by a prefix or by a separator.
const TWINS: [&str; 14] = [
    "a",
    "A",
    "a/b",
    "a/B",
    "a/",
    "a:b",
    "a|b",
    "caf\u{e9}",
    "cafe\u{301}",
    "a.b",
    "a b",
    "%",
    "_",
    "a'--",
];

/// Whether a key may have this name.
fn is_key(name: &str) -> bool {
    (1..=128).contains(&name.len()) && !name.contains(is_hidden)
}

/// The value in an answer: an entry of the store comes with what the store says of it.
fn value_of(answer: &str) -> Value {
    match serde_json::from_str(answer).unwrap() {
        Value::Array(mut entry) => entry.swap_remove(0),
        value => value,
    }
}

/// A host on some state, with the plugins that ask it.
struct Stage {
    log: Arc<Sink>,
    keeper: Plugin,
    hostile: Plugin,
    _host: Host,
}

impl Stage {
    async fn on(
        host: impl FnOnce(portcullis::host::HostBuilder) -> portcullis::host::HostBuilder,
    ) -> Self {
        let log = Arc::<Sink>::default();
        let policy = limits(|limits| {
            limits.wall_ms = 60_000;
            limits.log_records = 100_000;
            limits.log_bytes = 100_000_000;
            limits.host_calls = 1_000_000;
        });
        let builder = Host::builder().policy(policy).compile_cache(shared_cache());
        let host = host(builder.log(Arc::clone(&log) as _)).build().unwrap();
        Self {
            log,
            keeper: host
                .load(plugin("keeper"), &Consent::Everything)
                .await
                .unwrap(),
            hostile: host
                .load(plugin("hostile"), &Consent::Everything)
                .await
                .unwrap(),
            _host: host,
        }
    }

    async fn on_store(store: &Store) -> Self {
        Self::on(|builder| builder.state(Arc::new(store.clone()))).await
    }

    /// What the plugin `keeper` got for each step, as text; `None` where it was refused.
    async fn steps(&self, about: Subject, steps: Vec<Value>) -> Vec<Option<String>> {
        let (before, count) = (self.log.all().len(), steps.len());
        let request = Evaluate {
            name: "steps".into(),
            params: params(json!({ "steps": steps })),
        };
        let receipt = self.keeper.call::<Conditions>(about, request).await;
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
        let answers: Vec<_> = self.log.all()[before..]
            .iter()
            .map(|record| match record.fields.first() {
                Some((key, answer)) if key == "answer" => Some(answer.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(answers.len(), count);
        answers
    }

    /// Sets a flag of the plugin `hostile`; whether it was set.
    async fn set_flag(&self, about: &Subject, key: &str, value: u64) -> bool {
        let request = Apply {
            name: "set-flag".into(),
            params: params(json!({ "key": key, "value": value })),
        };
        let receipt = self.hostile.call::<Effects>(about.clone(), request).await;
        let is_told = matches!(receipt.outcome, Outcome::Returned | Outcome::GuestError);
        assert!(is_told, "{key:?}: {receipt}");
        receipt.outcome == Outcome::Returned
    }

    /// Whether a flag of the plugin `hostile` has this value; false too where it may not have that name.
    async fn has_flag(&self, about: &Subject, key: &str, value: u64) -> bool {
        let request = Evaluate {
            name: "read-flag".into(),
            params: params(json!({ "key": key, "expect": value })),
        };
        let receipt = self
            .hostile
            .call::<Conditions>(about.clone(), request)
            .await;
        receipt.reply == Some(true)
    }
}

/// A database in memory, with the world and the session of [`ada`].
async fn store() -> Store {
    let store = Store::in_memory(Options::default()).unwrap();
    let fill = |tx: &mut Transaction<'_>| {
        let world = World::new("alpha", WorldDocument::default());
        let world = world.npc("ada", NpcDocument::default());
        tx.put_world(world.session("s1", SessionDocument::default()));
        Ok::<_, Infallible>(())
    };
    store.transact("import", fill).await.unwrap();
    store
}

/// Both states that stand behind the ports in this repository.
async fn stages() -> [Stage; 2] {
    let memory = Arc::new(MemoryState::two_worlds());
    [
        Stage::on(|builder| builder.state(memory)).await,
        Stage::on_store(&store().await).await,
    ]
}

/// Proves C9, C4: keys of a plugin's store and of an NPC's attributes are bytes: each value comes back under its own name, and a list by
/// prefix has the keys that begin with it, in the order of their bytes. What holds characters that nobody sees is no key.
#[tokio::test(flavor = "multi_thread")]
async fn each_value_comes_back_under_its_own_key() {
    for stage in stages().await {
        let mut kept = BTreeMap::new();
        for (family, names) in families().into_iter().enumerate() {
            let value = |place: usize| family * 1_000 + place;
            let each = |step: &dyn Fn(usize, &String) -> Value| -> Vec<Value> {
                names
                    .iter()
                    .enumerate()
                    .map(|(place, name)| step(place, name))
                    .collect()
            };
            let set =
                each(&|place, name| json!({ "op": "kv.set", "key": name, "value": value(place) }));
            let named = each(
                &|place, name| json!({ "op": "npc.set-attribute", "id": "ada", "key": name, "value": value(place) }),
            );
            for steps in [set, named] {
                let set = stage.steps(ada(), steps).await;
                for (name, set) in names.iter().zip(set) {
                    assert_eq!(set.is_some(), is_key(name), "{name:?}");
                }
            }
            let own = names.iter().enumerate().filter(|(_, name)| is_key(name));
            kept.extend(own.map(|(place, name)| (name.clone(), value(place))));
            let get = each(&|_, name| json!({ "op": "kv.get", "key": name }));
            let attribute =
                each(&|_, name| json!({ "op": "npc.attribute", "id": "ada", "key": name }));
            for steps in [get, attribute] {
                let got = stage.steps(ada(), steps).await;
                for (name, got) in names.iter().zip(got) {
                    let got = got.as_deref().map(value_of);
                    assert_eq!(got, kept.get(name).map(|value| json!(value)), "{name:?}");
                }
            }
            let keys = each(&|_, name| json!({ "op": "kv.keys", "prefix": name }));
            for (prefix, got) in names.iter().zip(stage.steps(ada(), keys).await) {
                let found: Vec<_> = kept
                    .keys()
                    .filter(|key| key.starts_with(prefix.as_str()))
                    .collect();
                let expected = escape_whole(&json!(found).to_string(), 1_024);
                let expected = Some(expected).filter(|_| is_key(prefix) || prefix.is_empty());
                assert_eq!(got, expected, "{prefix:?}");
            }
        }
        assert!(kept.len() > 100, "{}", kept.len());
    }
}

/// Proves C3: so are the names of flags.
#[tokio::test(flavor = "multi_thread")]
async fn each_flag_has_its_own_name() {
    for stage in stages().await {
        let names: BTreeSet<_> = families().into_iter().take(4).flatten().collect();
        for (value, name) in (1..).zip(&names) {
            assert_eq!(
                stage.set_flag(&ada(), name, value).await,
                is_key(name),
                "{name:?}"
            );
        }
        for (value, name) in (1..).zip(&names) {
            assert_eq!(
                stage.has_flag(&ada(), name, value).await,
                is_key(name),
                "{name:?}"
            );
        }
    }
}

/// Proves C1, C3, C4, C16: worlds, sessions and NPCs whose names are twins have nothing in common, also after they were read back from the
/// database.
#[tokio::test(flavor = "multi_thread")]
async fn twins_have_nothing_in_common() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let open = || Store::open(&path, Options::default()).unwrap();
    let pairs = || {
        TWINS
            .iter()
            .flat_map(|world| TWINS.iter().map(move |own| (*world, *own)))
    };
    let about =
        |(world, session): (&'static str, &'static str)| Subject::world(world).session(session);
    let attribute = |op: &str, id: &str| json!({ "op": op, "id": id, "key": "n" });
    {
        let store = open();
        let fill = |tx: &mut Transaction<'_>| {
            for name in TWINS {
                let world = World::new(name, WorldDocument::default());
                let fill = |world: World, own| {
                    let world = world.session(own, SessionDocument::default());
                    world.npc(own, NpcDocument::default())
                };
                tx.put_world(TWINS.into_iter().fold(world, fill));
            }
            Ok::<_, Infallible>(())
        };
        store.transact("import", fill).await.unwrap();
        let stage = Stage::on_store(&store).await;
        for (value, pair) in (1..).zip(pairs()) {
            assert!(stage.set_flag(&about(pair), "n", value).await, "{pair:?}");
            let mut step = attribute("npc.set-attribute", pair.1);
            step["value"] = json!(value);
            let set = stage.steps(about(pair), vec![step]).await;
            assert!(set[0].is_some(), "{pair:?}");
        }
    }
    let store = open();
    let stage = Stage::on_store(&store).await;
    for (value, pair) in (1..).zip(pairs()) {
        assert!(stage.has_flag(&about(pair), "n", value).await, "{pair:?}");
        let got = stage
            .steps(about(pair), vec![attribute("npc.attribute", pair.1)])
            .await;
        assert_eq!(got, [Some(value.to_string())], "{pair:?}");
    }
}

/// Proves E9: a subject is heard under its own name; what is no subject is refused. A star and what comes after it are no part of a name.
#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_own_subject() {
    let names: BTreeSet<_> = families().into_iter().flatten().collect();
    let subjects: Vec<_> = names
        .iter()
        .filter_map(|name| EventSubject::new(name).ok())
        .collect();
    assert!(subjects.len() > 30, "{}", subjects.len());
    for subject in &subjects {
        let text = subject.as_str();
        assert!(
            !text.contains(|c: char| is_hidden(c) || c.is_whitespace() || c == '*' || c == '>'),
            "{text:?}"
        );
        let pattern = SubjectPattern::new(text).unwrap();
        for other in &subjects {
            assert_eq!(pattern.matches(other), subject == other, "{text:?} {other}");
        }
    }
    let rig = Rig::default();
    let heard: Vec<_> = [
        "a", "A", "a.a", "a.A", "a/a", "a:a", "a|a", "a%", "a_", "\u{e9}", "e\u{301}", "\u{df}",
        "ss",
    ]
    .into();
    let hears = |messenger: Messenger, (place, subject): (usize, &&str)| {
        messenger.hears(&format!("keeps-{place}"), subject)
    };
    let messenger = heard
        .iter()
        .enumerate()
        .fold(Messenger::new("listener"), hears);
    rig.load_package(messenger.package()).await;
    for subject in &heard {
        rig.emit(subject, json!(subject)).await;
    }
    rig.host.events_idle().await;
    for (place, subject) in heard.iter().enumerate() {
        assert_eq!(
            rig.kept("listener", &format!("kept/keeps-{place}")),
            Some(json!([subject]))
        );
    }
}
