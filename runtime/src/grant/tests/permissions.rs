use super::*;
use crate::grant::{Decision, Refusal};
use crate::manifest::RawTable;

const LOG: &str = "portcullis:plugin/log@0.1.0";

/// What becomes of one permission that a manifest asks for.
fn decision(tables: &str, policy: &Policy, consent: &Consent) -> Decision {
    let explanation = Explanation::of(&package("", tables), &catalogue(), policy, consent);
    explanation.permissions[0].decision.clone()
}

/// Proves P3, P4: each reason to refuse a permission, by itself.
#[test]
fn each_refusal_has_its_reason() {
    let (policy, all) = (Policy::new(), Consent::Everything);
    let scoped = |scope: &str| format!("{}scope = {scope}\n", ask("log:emit"));
    let refusal = |tables: &str, policy: &Policy, consent: &Consent| match decision(
        tables, policy, consent,
    ) {
        Decision::Refused(refusal) => refusal,
        Decision::Granted => panic!("granted: {tables}"),
    };
    assert_eq!(refusal(&ask("no:such"), &policy, &all), Refusal::Unknown);
    assert_eq!(refusal(&ask("db:read"), &policy, &all), Refusal::NotOffered);
    let log = ask("log:emit");
    let deny = Policy::new().deny("log:emit");
    assert_eq!(refusal(&log, &deny, &all), Refusal::Policy);
    let others = Policy::new().allow("world:read");
    assert_eq!(refusal(&log, &others, &all), Refusal::Policy);
    let both = Policy::new().allow("log:emit").deny("log:emit");
    assert_eq!(refusal(&log, &both, &all), Refusal::Policy);
    let routes = ask("admin:routes");
    assert_eq!(refusal(&routes, &policy, &all), Refusal::HostSwitch);
    let secrets = ask("secret:read");
    assert_eq!(refusal(&secrets, &policy, &all), Refusal::HostSwitch);
    assert_eq!(
        refusal(&log, &policy, &Consent::nothing()),
        Refusal::Consent
    );
    let world = Consent::to(["world:read"]);
    assert_eq!(refusal(&log, &policy, &world), Refusal::Consent);
    for scope in ["{ levels = 4 }", "{ lvls = [\"info\"] }"] {
        assert!(matches!(
            refusal(&scoped(scope), &policy, &all),
            Refusal::Scope(_)
        ));
    }
    // Nothing of an operator's opens what the policy or the switch keeps shut.
    let accepted = Consent::to(["admin:routes"]);
    assert_eq!(refusal(&routes, &policy, &accepted), Refusal::HostSwitch);
    let switched = Policy::new().switch_on("admin:routes");
    assert_eq!(decision(&routes, &switched, &accepted), Decision::Granted);
    assert_eq!(
        decision(&log, &Policy::new().allow("log:emit"), &all),
        Decision::Granted
    );
}

/// Proves P3: a scope of the host that cannot be read refuses, too, rather than opening all.
#[test]
fn a_broken_scope_of_the_host_refuses() {
    let scope = RawTable::from_toml_str("levels = 4").unwrap();
    let policy = Policy::new().scope("log:emit", scope);
    let refused = refused(
        &package("", &ask("log:emit")),
        &policy,
        &Consent::Everything,
    );
    assert_eq!(refused, ["bad-scope"]);
}

/// Proves P3: the scopes of the manifest and of the host stand beside each other in the grant.
#[test]
fn both_scopes_hold() {
    let tables = format!(
        "{}scope = {{ levels = [\"info\", \"warn\"] }}\n",
        ask("log:emit")
    );
    let scope = RawTable::from_toml_str("levels = [\"warn\"]").unwrap();
    let policy = Policy::new().scope("log:emit", scope);
    let package = package(&import(LOG), &tables);
    let grant = Grant::decide(&package, &catalogue(), &policy, &Consent::Everything).unwrap();
    assert_eq!(grant.held()[0].scopes.len(), 2);
}

/// Proves M3: a required permission that is refused refuses the plugin; an optional one does not, unless its scope cannot be read.
#[test]
fn required_refuses_and_optional_does_not() {
    let optional = |scope: &str| format!("{}optional = true\n{scope}", ask("log:emit"));
    let (policy, nothing) = (Policy::new(), Consent::nothing());
    let required = package("", &ask("log:emit"));
    assert_eq!(
        refused(&required, &policy, &nothing),
        ["permission-refused"]
    );
    let package_of = |scope| package("", &optional(scope));
    let grant = Grant::decide(&package_of(""), &catalogue(), &policy, &nothing).unwrap();
    assert!(grant.held().is_empty() && !grant.holds("log:emit"));
    let broken = package_of("scope = { levels = 4 }\n");
    assert_eq!(
        refused(&broken, &policy, &Consent::Everything),
        ["bad-scope"]
    );
}

/// Proves P4: unknown, dangerous and unbounded permissions warn; an unknown one grants nothing, and the nearest name is hinted at.
#[test]
fn what_deserves_a_second_look_warns() {
    let unknown = explain(&package("", &ask("sesion:read")));
    assert!(unknown.is_granted() && !unknown.permissions[0].decision.is_granted());
    assert_eq!(codes(&unknown.problems), ["permission-unknown"]);
    assert_eq!(
        unknown.problems[0].hint.as_deref(),
        Some("did you mean `session:read`?")
    );
    let switched = Policy::new().switch_on("secret:read");
    let dangerous = package("", &ask("secret:read"));
    let dangerous = Explanation::of(&dangerous, &catalogue(), &switched, &Consent::Everything);
    assert!(dangerous.is_granted());
    assert_eq!(codes(&dangerous.problems), ["permission-dangerous"]);
    let scope = format!(
        "{}scope = {{ namespaces = [\"*\"] }}\n",
        ask("session:read")
    );
    let wide = explain(&package("", &scope));
    assert!(wide.is_granted());
    assert_eq!(codes(&wide.problems), ["scope-wildcard"]);
    assert!(
        unknown
            .problems
            .iter()
            .all(|problem| problem.location.is_some())
    );
}

/// Proves P2: a group stands for its members; what stands by its own name wins; what this host does not offer does not count.
#[test]
fn groups_are_expanded() {
    let narrow = format!("{}scope = {{ levels = [\"warn\"] }}\n", ask("log:emit"));
    let explanation = explain(&package(&import(LOG), &(ask("group:gameplay") + &narrow)));
    assert!(explanation.is_granted(), "{:?}", explanation.problems);
    let find = |id: &str| {
        let mut asked = explanation.permissions.iter();
        asked.find(|asked| asked.permission == id).unwrap()
    };
    assert_eq!(explanation.permissions.len(), 6);
    assert_eq!(
        find("session:write").group.as_deref(),
        Some("group:gameplay")
    );
    assert_eq!(
        (
            find("log:emit").group.as_deref(),
            find("log:emit").scopes.len()
        ),
        (None, 1)
    );
    let admin = explain(&package(&import(LOG), &(ask("group:admin") + &narrow)));
    // The one that is offered takes a switch; the one that is not is no problem.
    assert_eq!(codes(&admin.problems), ["permission-refused"]);
    assert!(admin.problems[0].message.contains("admin:routes"));
    let mut asked = admin.permissions.iter();
    assert_eq!(
        asked
            .find(|asked| asked.permission == "db:read")
            .unwrap()
            .decision,
        Decision::Refused(Refusal::NotOffered)
    );
    // Each member is accepted or not by itself.
    let some = Consent::to(["world:read", "session:read", "npc:read"]);
    let readonly = package("", &ask("group:readonly"));
    assert_eq!(
        refused(&readonly, &Policy::new(), &some),
        ["permission-refused"]
    );
    let scoped = format!(
        "{}scope = {{ levels = [\"warn\"] }}\n",
        ask("group:readonly")
    );
    assert_eq!(
        refused(&package("", &scoped), &Policy::new(), &Consent::Everything),
        ["scope-on-group"]
    );
}
