use super::*;
use crate::grant::{Decision, Instances, OnDenied, Refusal, SecurityLevel};
use crate::limits::Limits;

const LOG: &str = "portcullis:plugin/log@0.1.0";

/// What a level says to a permission that is asked for and accepted.
fn decision(level: SecurityLevel, permission: &str) -> Decision {
    let package = package("", &ask(permission));
    let explanation = Explanation::of(
        &package,
        &catalogue(),
        &level.policy(),
        &Consent::Everything,
    );
    explanation.permissions[0].decision.clone()
}

/// Proves P8: each level is less than the one before it, in permissions and in limits.
#[test]
fn each_level_is_stricter_than_the_one_before() {
    let rank = |level, permission: &str| match decision(level, permission) {
        Decision::Granted | Decision::Refused(Refusal::NotOffered) => 0,
        Decision::Refused(Refusal::HostSwitch) => 1,
        Decision::Refused(Refusal::Policy) => 2,
        Decision::Refused(other) => panic!("{permission}: {other}"),
    };
    let sizes = |limits: Limits| {
        [
            limits.memory_bytes,
            limits.table_elements,
            limits.instances.into(),
            limits.handles.into(),
            limits.result_bytes,
            limits.log_records.into(),
            limits.log_bytes,
            limits.host_calls,
            limits.reads,
            limits.random_bytes,
            limits.write_bytes,
            limits.kv_bytes,
            limits.kv_keys,
        ]
    };
    for levels in SecurityLevel::ALL.windows(2) {
        let (weaker, stricter) = (levels[0], levels[1]);
        for permission in crate::permission::PERMISSIONS {
            // What no room of this catalogue offers would be refused for that reason at any level.
            if !catalogue().offers(permission.id) {
                continue;
            }
            assert!(
                rank(weaker, permission.id) <= rank(stricter, permission.id),
                "{weaker} and {stricter}: {}",
                permission.id
            );
        }
        let both = sizes(weaker.policy().limits)
            .into_iter()
            .zip(sizes(stricter.policy().limits));
        assert!(
            both.into_iter().all(|(more, less)| more >= less),
            "{weaker} and {stricter}"
        );
        assert!(weaker.policy().guard.failures >= stricter.policy().guard.failures);
    }
}

/// Proves P8, P4: what is dangerous is switched on, waits for a switch, or is never granted, whatever a host switches on.
#[test]
fn dangerous_permissions_by_level() {
    let expected = [
        (SecurityLevel::Minimal, Decision::Granted),
        (
            SecurityLevel::Standard,
            Decision::Refused(Refusal::HostSwitch),
        ),
        (SecurityLevel::Strict, Decision::Refused(Refusal::Policy)),
        (SecurityLevel::Isolated, Decision::Refused(Refusal::Policy)),
    ];
    for (level, expected) in expected {
        assert_eq!(decision(level, "secret:read"), expected, "{level}");
    }
    for level in [SecurityLevel::Strict, SecurityLevel::Isolated] {
        let policy = level.policy().switch_on("secret:read");
        let package = package("", &ask("secret:read"));
        assert_eq!(
            refused(&package, &policy, &Consent::Everything),
            ["permission-refused"]
        );
    }
}

/// Proves P8: what carries data out of the simulation is for plugins that an operator has looked at; what brings it in is not denied with it.
#[test]
fn data_leaves_by_level() {
    let outward = [
        "plugin:call",
        "event:emit",
        "http:fetch",
        "ai:invoke",
        "generation:submit",
    ];
    let denies = |level: SecurityLevel, permission: &str| {
        let policy = level.policy();
        let allowed = policy.allow.as_ref();
        policy.deny.contains(permission) || allowed.is_some_and(|all| !all.contains(permission))
    };
    for permission in outward {
        let denied = SecurityLevel::ALL.map(|level| denies(level, permission));
        assert_eq!(denied, [false, false, true, true], "{permission}");
    }
    for permission in ["event:subscribe", "generation:read"] {
        assert!(!denies(SecurityLevel::Strict, permission), "{permission}");
    }
}

/// Proves P8: an isolated plugin reads its own flags only, whatever its manifest names, and is metered.
#[test]
fn an_isolated_plugin_keeps_to_itself() {
    let policy = Policy::of(SecurityLevel::Isolated);
    assert!(policy.limits.fuel.is_some());
    assert_eq!(policy.instances, Instances::Fresh);
    let tables = format!(
        "{}scope = {{ namespaces = [\"host\"] }}\n{}",
        ask("session:read"),
        ask("log:emit")
    );
    let package = package(&import(LOG), &tables);
    let grant = Grant::decide(&package, &catalogue(), &policy, &Consent::Everything).unwrap();
    let flags = grant
        .held()
        .iter()
        .find(|held| held.permission == "session:read")
        .unwrap();
    let scopes: Vec<_> = flags.scopes.iter().map(|scope| scope.to_json()).collect();
    assert_eq!(scopes[1], serde_json::json!({ "namespaces": [] }));
    assert!(!decision(SecurityLevel::Isolated, "session:write").is_granted());
}

/// Proves P8: what the levels name is there, and the names of the levels are those of their JSON and of the command line.
#[test]
fn names_are_those_of_the_lists() {
    let catalogue = Catalogue::new();
    for level in SecurityLevel::ALL {
        let policy = level.policy();
        for permission in policy.allow.iter().flatten().chain(&policy.deny) {
            assert!(
                catalogue.find_permission(permission).is_some(),
                "{level}: {permission}"
            );
        }
        assert_eq!(level.to_string().parse(), Ok(level));
        assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        assert!(!level.summary().is_empty() && !level.placement().is_empty());
    }
    let error = "paranoid".parse::<SecurityLevel>().unwrap_err();
    assert!(error.to_string().contains("isolated"), "{error}");
    assert_eq!(SecurityLevel::default(), SecurityLevel::Standard);
    assert_eq!(SecurityLevel::Strict.policy().on_denied, OnDenied::Raise);
}
