use super::*;
use crate::grant::{Instances, OnDenied};
use crate::limits::Limits;

/// Proves M2: a plugin for another host is refused, with the range and this host's version.
#[test]
fn the_host_version_counts() {
    let needs = |range: &str| package("", &format!("[compatibility]\nhost = \"{range}\"\n"));
    let explanation = explain(&needs(">=7, <8"));
    assert_eq!(codes(&explanation.problems), ["host-version"]);
    assert!(
        explanation.problems[0]
            .message
            .contains(env!("CARGO_PKG_VERSION"))
    );
    assert!(explain(&needs(">=0.1, <1")).is_granted());
}

/// Proves P11: all problems are told at once, and the decision is the same each time.
#[test]
fn a_decision_is_whole_and_pure() {
    let component = import("evil:corp/backdoor@1.0.0") + &import("portcullis:plugin/log@0.1.0");
    let tables = format!("[compatibility]\nhost = \"^9\"\n{}", ask("db:read"));
    let package = package(&component, &tables);
    let first = explain(&package);
    assert_eq!(
        codes(&first.problems),
        [
            "host-version",
            "permission-refused",
            "import-unknown",
            "permission-missing"
        ]
    );
    let json = |explanation| serde_json::to_value(explanation).unwrap();
    assert_eq!(json(first), json(explain(&package)));
    let error = Grant::decide(&package, &catalogue(), &Policy::new(), &Consent::Everything);
    let text = error.unwrap_err().to_string();
    assert!(
        text.starts_with("the plugin `tried` is refused: "),
        "{text}"
    );
    assert!(text.contains("`evil:corp/backdoor@1.0.0`") && text.contains("`log:emit`"));
}

/// Proves M7, P5, X4: limits are lowered by the manifest under the host's ceilings; the rest of the policy goes into the grant.
#[test]
fn the_policy_goes_into_the_grant() {
    let ceilings = Limits {
        memory_bytes: 1_000_000,
        ..Limits::default()
    };
    let policy = Policy::new()
        .limits(ceilings)
        .on_denied(OnDenied::Raise)
        .instances(Instances::Warm { max_idle: 3 });
    let tables = "[limits]\nwall_ms = 20\nmemory_bytes = 2000000\n";
    let package = package("", tables);
    let grant = Grant::decide(&package, &catalogue(), &policy, &Consent::nothing()).unwrap();
    assert_eq!(
        (grant.limits().wall_ms, grant.limits().memory_bytes),
        (20, 1_000_000)
    );
    assert_eq!(grant.on_denied(), OnDenied::Raise);
    assert_eq!(grant.instances(), Instances::Warm { max_idle: 3 });
    assert_eq!(grant.identity().digest, package.digest());
    assert_eq!(grant.to_string(), "tried@1.2.3 holds nothing");
}

/// Proves X4: instances are shared by a plugin that says that it is stateless where the policy agrees, and by no other.
#[test]
fn instances_are_shared_by_consent_of_both() {
    let (max_idle, plain) = (3, package("", ""));
    let stateless = package("", "stateless = true\n");
    let (warm, shared) = (Instances::Warm { max_idle }, Instances::Shared { max_idle });
    for (package, policy, granted) in [
        (&plain, shared, warm),
        (&plain, warm, warm),
        (&plain, Instances::Fresh, Instances::Fresh),
        (&stateless, shared, shared),
        (&stateless, warm, warm),
        (&stateless, Instances::Fresh, Instances::Fresh),
    ] {
        let policy = Policy::new().instances(policy);
        let grant = Grant::decide(package, &catalogue(), &policy, &Consent::nothing()).unwrap();
        assert_eq!(grant.instances(), granted);
    }
}

/// Proves P5: what is taken back is no longer held, by any clone of the grant; what was never granted cannot be taken back.
#[test]
fn revoking_is_shared_by_clones() {
    let package = package("", &(ask("log:emit") + &ask("world:read")));
    let grant =
        Grant::decide(&package, &catalogue(), &Policy::new(), &Consent::Everything).unwrap();
    let clone = grant.clone();
    assert!(grant.holds("log:emit") && grant.generation() == 0);
    clone.revoke("session:read");
    assert_eq!(grant.generation(), 0);
    clone.revoke("log:emit");
    clone.revoke("log:emit");
    assert_eq!(grant.generation(), 1);
    assert!(!grant.holds("log:emit") && grant.holds("world:read"));
    assert_eq!(grant.held().len(), 2, "the decision stands as it was made");
    let again =
        Grant::decide(&package, &catalogue(), &Policy::new(), &Consent::Everything).unwrap();
    assert!(again.holds("log:emit"));
}
