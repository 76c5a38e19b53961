//! A plugin uses and provides interfaces that Portcullis has never heard of, under the same grants, limits and receipts.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use portcullis::capability::{Answer, PortError};
use portcullis::grant::GrantError;
use portcullis::host::{LoadError, PluginState};
use portcullis::{Consent, Host, Outcome, Port, Receipt, Subject};
use portcullis_embedder::{Advice, Advise, Day, Forecast, PERMISSIONS, Tomorrow};
use portcullis_tests::{Sink, component, embed, plugin};

/// It is dry in the valley, wet on the moor, and nobody measures in the desert.
struct Weather;

impl Port<Tomorrow> for Weather {
    fn call(&self, request: Tomorrow) -> Answer<'_, Tomorrow> {
        Answer::ready(match request.place.as_str() {
            "valley" => Ok(Day {
                celsius: 28,
                rain: 0,
            }),
            "moor" => Ok(Day {
                celsius: 14,
                rain: 9,
            }),
            _ => Err(PortError::NotFound),
        })
    }
}

/// A host of farms.
fn farm(log: Arc<Sink>) -> Host {
    PERMISSIONS
        .into_iter()
        .fold(
            Host::builder().compile_in_process(),
            |builder, permission| builder.permission(permission),
        )
        .capability(Forecast(Arc::new(Weather)))
        .extension::<Advice>()
        .log(log)
        .build()
        .unwrap()
}

async fn ask(host: &Host, place: &str) -> Receipt<String> {
    let id = "almanac".parse().unwrap();
    let request = Advise {
        crop: "beans".to_owned(),
        place: place.to_owned(),
    };
    host.call::<Advice>(&id, Subject::world("farm"), request)
        .await
        .unwrap()
}

/// Proves P3: an embedder's capability and extension work as the built-in ones do, beside them.
#[tokio::test]
async fn a_plugin_uses_and_provides_what_the_embedder_defines() {
    let log = Arc::new(Sink::default());
    let host = farm(log.clone());
    host.load(plugin("almanac"), &Consent::Everything)
        .await
        .unwrap();
    let dry = ask(&host, "valley").await;
    assert_eq!(
        dry.reply.as_deref(),
        Some("water the beans: 28 degrees and no rain"),
        "{dry}"
    );
    let wet = ask(&host, "moor").await;
    assert_eq!(
        wet.reply.as_deref(),
        Some("leave the beans alone: 9 mm of rain"),
        "{wet}"
    );
    let used: Vec<_> = wet
        .room_calls
        .iter()
        .map(|room| (room.capability.as_ref(), room.calls))
        .collect();
    assert_eq!(used, [("log", 1), ("forecast", 1)]);
    assert_eq!(log.all().len(), 2);
    let registry = host.registry();
    let entry = registry.find("advice:plugin:almanac:crops").unwrap();
    assert_eq!(entry.contribution::<Advice>().unwrap().season, "summer");
}

/// Proves P3, P7: what lies outside of the scope is denied, and the denial is in the receipt.
#[tokio::test]
async fn out_of_scope_is_denied() {
    let host = farm(Arc::default());
    host.load(plugin("almanac"), &Consent::Everything)
        .await
        .unwrap();
    let receipt = ask(&host, "desert").await;
    assert_eq!(receipt.outcome, Outcome::GuestError, "{receipt}");
    let denial = receipt.denials.first().unwrap();
    assert_eq!(
        denial.to_string(),
        "forecast.tomorrow desert needs weather:read (outside the scope `places`)"
    );
}

fn refusal(loaded: Result<portcullis::Plugin, LoadError>) -> GrantError {
    match loaded {
        Err(LoadError::Grant(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Proves P3, M3, M10: without the permission, with a scope or a contribution that does not fit, or on a host that knows nothing of weather, the
/// plugin is refused by name.
#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let host = farm(Arc::default());
    let error = refusal(
        host.load(
            plugin("almanac"),
            &Consent::to(["log:emit", "weather:advise"]),
        )
        .await,
    );
    assert!(error.to_string().contains("`weather:read`"), "{error}");
    let manifest = std::fs::read_to_string(
        portcullis_tests::plugins::root().join("tests/guests/almanac/plugin.toml"),
    )
    .unwrap();
    for (there, instead, code) in [
        (
            "[permissions.\"weather:read\"]",
            "[permissions.\"world:read\"]",
            "permission-missing",
        ),
        ("places =", "planets =", "bad-scope"),
        ("season = \"summer\"", "season = 4", "wrong-type"),
    ] {
        let package = embed(&component("almanac"), &manifest.replace(there, instead));
        let error = refusal(host.load(package, &Consent::Everything).await);
        let codes: Vec<_> = error.problems.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&code), "{codes:?}: {error}");
    }
    let plain = Host::builder().compile_in_process().build().unwrap();
    let error = refusal(plain.load(plugin("almanac"), &Consent::Everything).await);
    assert!(
        error.to_string().contains("`acme:weather/forecast@1.0.0`"),
        "{error}"
    );
}

/// Proves M8: a plugin that is for its first match is woken by an extension to which the embedder's host comes by itself.
#[tokio::test]
async fn a_match_wakes_a_plugin() {
    let manifest = portcullis_tests::plugins::root().join("tests/guests/almanac/plugin.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let manifest = format!("{manifest}\n[activation]\non = \"first-match\"\n");
    let package = embed(&component("almanac"), &manifest);
    let host = farm(Arc::new(Sink::default()));
    let told = host.explain(&package, &Consent::Everything);
    assert!(told.problems.is_empty(), "{:?}", told.problems);
    host.load(package, &Consent::Everything).await.unwrap();
    let state = || host.plugins().first().unwrap().state;
    assert_eq!(state(), PluginState::Asleep);
    let advice = ask(&host, "valley").await;
    assert_eq!(advice.outcome, Outcome::Returned, "{advice}");
    assert_eq!(state(), PluginState::Enabled);
}
