//! A plugin that hands its secrets out in every way it can, and a host that prints everything. In a process of its own: a subscriber of
//! `tracing` belongs to all threads.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use portcullis::capability::TracingSink;
use portcullis::configuration::Settings;
use portcullis::host::LoadError;
use portcullis::{Consent, Host, Metrics, Outcome, PluginId, Policy};
use portcullis_tests::{Events, Rig, Written, limits, plugin, rig::shared_cache};
use serde_json::json;

/// Has what escaping changes: quotes, a backslash, a control character, one that reorders text, letters beyond ASCII.
const TOKEN: &str = "zQ9\"vK\\7wJ\u{1}x\u{202e}Xé4Yb/+u8R";

/// A secret of several lines.
const KEY: &str =
    "-----BEGIN CANARY-----\nhG5tB2nM8kL3pQ7r\nvW6xZ1cV9sD4fJ0k\n-----END CANARY-----\n";

/// What no output may hold: each run of six characters of the secrets and of their Base64.
fn pieces() -> Vec<String> {
    let texts = [
        TOKEN.to_owned(),
        KEY.lines().nth(1).unwrap().to_owned(),
        KEY.lines().nth(2).unwrap().to_owned(),
        base64(TOKEN.as_bytes()),
        base64(KEY.as_bytes()),
    ];
    let mut pieces = Vec::new();
    for text in texts {
        let characters: Vec<_> = text.chars().collect();
        pieces.extend(characters.windows(6).map(String::from_iter));
    }
    let escaped = pieces.iter().flat_map(|piece| {
        let debug = format!("{piece:?}");
        [
            portcullis::log_record::escape(piece, 100),
            portcullis::log_record::escape_whole(piece, 100),
            serde_json::to_string(piece)
                .unwrap()
                .trim_matches('"')
                .to_owned(),
            debug.trim_matches('"').to_owned(),
        ]
    });
    let escaped: Vec<_> = escaped.collect();
    pieces.extend(escaped);
    pieces
}

/// Standard Base64 without what it ends in.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks_exact(3) {
        let bits = group
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for shift in [18, 12, 6, 0] {
            let digit = usize::try_from(bits >> shift & 63).unwrap();
            text.push(char::from(*ALPHABET.get(digit).unwrap()));
        }
    }
    text
}

fn policy() -> Policy {
    let generous = limits(|limits| {
        limits.log_records = 100_000;
        limits.log_bytes = 100_000_000;
        limits.host_calls = 100_000;
    });
    generous.switch_on("secret:read")
}

fn confidant() -> PluginId {
    "confidant".parse().unwrap()
}

fn told() -> Settings {
    Settings::new().secret("token", TOKEN).secret("key", KEY)
}

/// Calls the plugin in every way; gives all that a host could print of it but its log.
async fn leak_everything(rig: &Rig, metrics: &Metrics, events: &Events) -> String {
    rig.settings.set(confidant(), told());
    let loaded = rig.load("confidant").await;
    let asked = json!({ "key": "token", "expect": TOKEN });
    assert_eq!(
        rig.ask(&loaded, "read-secret", asked).await.reply,
        Some(true)
    );
    let mut shown = String::new();
    for (how, outcome) in [
        ("log", Outcome::Returned),
        ("log-around-the-limits", Outcome::Returned),
        ("print", Outcome::Returned),
        ("print-in-pieces", Outcome::Returned),
        ("print-around-the-limit", Outcome::Returned),
        ("error", Outcome::GuestError),
        ("error-around-the-limit", Outcome::GuestError),
        ("panic", Outcome::Trapped),
        ("denied-key", Outcome::GuestError),
    ] {
        let receipt = rig.ask(&loaded, "leak", json!({ "how": how })).await;
        assert_eq!(receipt.outcome, outcome, "{receipt}");
        shown += &format!("{receipt} {receipt:?}\n");
    }
    shown += &format!("{loaded:?} {:?} {:?}\n", loaded.grant(), rig.settings);
    for breaks in ["error", "panic"] {
        rig.settings.set(confidant(), told().value("break", breaks));
        let error = rig.try_load(plugin("confidant")).await.unwrap_err();
        assert!(matches!(error, LoadError::Lifecycle(_)), "{error}");
        shown += &format!("{error} {error:?}\n");
    }
    for wrong in [
        told().secret("tone", TOKEN),
        told().value("key", KEY),
        told().secret("tokens", TOKEN),
        told().value("lines", 12),
    ] {
        rig.settings.set(confidant(), wrong);
        let error = rig.try_load(plugin("confidant")).await.unwrap_err();
        assert!(matches!(error, LoadError::Configuration { .. }), "{error}");
        shown += &format!("{error} {error:?}\n");
    }
    let explanation = rig.host.explain(&plugin("confidant"), &Consent::Everything);
    let receipts = serde_json::to_string(&rig.receipts.all()).unwrap();
    let rows = serde_json::to_string(&metrics.by_extension()).unwrap();
    let status = serde_json::to_string(&rig.host.plugins()).unwrap();
    let explanation = serde_json::to_string(&explanation).unwrap();
    assert!(events.all().len() > 8, "{:?}", events.all());
    let events = serde_json::to_string(&events.all()).unwrap();
    let health = serde_json::to_string(&rig.host.health()).unwrap();
    let prometheus = metrics.prometheus_with(&rig.host.health());
    shown
        + &[
            receipts,
            rows,
            status,
            explanation,
            events,
            health,
            prometheus,
        ]
        .join("\n")
}

/// Proves M6 and C10: a secret appears in no log record, receipt, event, error or metric, nor does a piece of it or a common form.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_never_leaves_in_clear() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let metrics = Arc::new(Metrics::default());
    let observer = Arc::clone(&metrics);
    let events = Arc::new(Events::default());
    let rig = Rig::with(policy(), |builder| {
        let builder = builder.compile_cache(shared_cache());
        let builder = builder.events(events.clone());
        builder.observer(observer).log(Arc::new(TracingSink))
    });
    let shown = leak_everything(&rig, &metrics, &events).await;
    let log = written.take();
    for piece in pieces() {
        for (what, text) in [("the log", &log), ("what is shown", &shown)] {
            if let Some((before, after)) = text.split_once(&piece) {
                let before: String = before.chars().rev().take(60).collect();
                let before: String = before.chars().rev().collect();
                let after: String = after.chars().take(60).collect();
                panic!("{what} has {piece:?}: ...{before}>>{piece}<<{after}...");
            }
        }
    }
    // They were there to be hidden.
    let hidden = log.matches("[secret]").count();
    assert!(hidden > 150, "{hidden}");
    assert!(shown.matches("[secret]").count() > 20, "{shown}");
}

/// Proves M6: what is set is read when a plugin is loaded, and holds until it is loaded again.
#[tokio::test(flavor = "multi_thread")]
async fn settings_hold_from_load_to_load() {
    let rig = Rig::new(policy());
    rig.settings.set(confidant(), told().value("lines", 1));
    let first = rig.load("confidant").await;
    rig.settings.set(confidant(), told().value("lines", 2));
    let expect = |lines| json!({ "key": "lines", "expect": lines });
    assert_eq!(
        rig.ask(&first, "read-config", expect(1)).await.reply,
        Some(true)
    );
    rig.settings.set(confidant(), Settings::new());
    let error = rig.try_load(plugin("confidant")).await.unwrap_err();
    assert!(error.to_string().contains("`token`"), "{error}");
    assert_eq!(
        rig.ask(&first, "read-config", expect(1)).await.reply,
        Some(true),
        "the old one serves on"
    );
    rig.settings.set(confidant(), told().value("lines", 2));
    let second = rig.load("confidant").await;
    assert_eq!(
        rig.ask(&second, "read-config", expect(2)).await.reply,
        Some(true)
    );
}

/// Proves M6: without a source nothing is set, and a source that fails refuses the plugin.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_refuses_the_plugin() {
    struct Broken(bool);
    impl portcullis::host::SettingsSource for Broken {
        fn settings(&self, plugin: &PluginId) -> Result<Settings, String> {
            assert!(!self.0, "it panics on purpose");
            Err(format!("the vault of `{plugin}` is sealed"))
        }
    }
    let load = |host: Host| async move {
        let loaded = host.load(plugin("confidant"), &Consent::Everything).await;
        loaded.unwrap_err().to_string()
    };
    let builder = || Host::builder().compile_in_process().policy(policy());
    let unset = load(builder().build().unwrap()).await;
    assert!(
        unset.contains("the required secret `token` is not set"),
        "{unset}"
    );
    let sealed = builder().settings(Arc::new(Broken(false))).build().unwrap();
    let sealed = load(sealed).await;
    assert!(
        sealed.contains("the vault of `confidant` is sealed"),
        "{sealed}"
    );
    let panics = builder().settings(Arc::new(Broken(true))).build().unwrap();
    let panics = load(panics).await;
    assert!(panics.contains("panicked"), "{panics}");
}
