//! Every plugin of `tests/guests` that misbehaves ends as the README there says, and the host goes on.

#![allow(clippy::unwrap_used, clippy::panic)]

use portcullis::Outcome::{
    self, GuestError, OutOfFuel, OutOfMemory, OverBudget, Returned, TimedOut, Trapped,
};
use portcullis::host::LoadError;
use portcullis::package::PackageError;
use portcullis::{Blame, Limits, Package, Plugin};
use portcullis_tests::{Rig, component, limits, plugin};
use serde_json::{Value, json};

/// What a condition of `hostile` may end in. The first is what the clock's engine gives.
type Row = (&'static str, Value, &'static [Outcome]);

fn rows() -> Vec<Row> {
    let none = || json!({});
    vec![
        ("loop-forever", none(), &[TimedOut, OutOfFuel]),
        ("sleep-hour", none(), &[TimedOut]),
        ("busy-poll", none(), &[TimedOut, OutOfFuel]),
        ("memory-flood", none(), &[OutOfMemory, OutOfFuel]),
        ("memory-touch", none(), &[OutOfMemory, OutOfFuel]),
        ("out-of-bounds", none(), &[Trapped]),
        ("stack-overflow", none(), &[Trapped, OutOfFuel]),
        ("handle-flood", none(), &[OverBudget, OutOfFuel]),
        ("stdout-flood", none(), &[TimedOut, OutOfFuel]),
        ("stderr-flood", none(), &[TimedOut, OutOfFuel]),
        ("log-flood", none(), &[OverBudget, OutOfFuel]),
        ("host-call-flood", none(), &[OverBudget, OutOfFuel]),
        ("result-flood", none(), &[OutOfMemory, OutOfFuel]),
        (
            "result-flood",
            json!({ "bytes": 2_000_000 }),
            &[OverBudget, OutOfFuel],
        ),
        ("panic", none(), &[Trapped]),
        ("abort", none(), &[Trapped]),
        ("unreachable", none(), &[Trapped]),
        ("exit", none(), &[Trapped]),
        ("exit-fail", none(), &[Trapped]),
        ("write-then-trap", none(), &[Trapped]),
        ("write-then-error", none(), &[GuestError]),
        ("write-then-loop", none(), &[TimedOut, OutOfFuel]),
        (
            "many-writes",
            json!({ "bytes": 5_000 }),
            &[GuestError, OverBudget, OutOfFuel],
        ),
        ("huge-flag", none(), &[OverBudget, OutOfFuel]),
    ]
}

/// What a probe answers: false where it found no hole.
fn probes() -> Vec<(&'static str, Value, bool)> {
    let none = || json!({});
    vec![
        ("huge-flag", json!({ "bytes": 100_000 }), false),
        (
            "namespace-tricks",
            json!({ "secrets": [["stealth", "suspicion"]], "npcs": ["bob"] }),
            false,
        ),
        ("read-environment", none(), false),
        ("global-counter", none(), false),
        ("global-counter", none(), false),
        ("remembered-world", none(), false),
        ("register-late", none(), false),
        ("forged-log", none(), true),
        ("read-own-writes", none(), true),
    ]
}

/// Another plugin of the same host, which is called after each misdeed.
async fn bystander(rig: &Rig, noop: &Plugin) {
    let receipt = rig.ask(noop, "noop", json!({})).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
}

async fn misbehave(rig: &Rig, may_differ: bool) {
    let (hostile, noop) = (rig.load("hostile").await, rig.load("noop").await);
    for (name, params, expected) in rows() {
        let receipt = rig.ask(&hostile, name, params).await;
        let expected = if may_differ {
            expected
        } else {
            expected.get(..1).unwrap()
        };
        assert!(expected.contains(&receipt.outcome), "{receipt}");
        assert_eq!(receipt.blame, Some(Blame::Guest), "{receipt}");
        assert!(!receipt.to_string().contains('\n'), "{receipt}");
        assert_eq!(
            rig.state.flag("alpha", "s1", "hostile", "mark"),
            None,
            "{name} left a mark"
        );
        bystander(rig, &noop).await;
    }
    for (name, params, expected) in probes() {
        let receipt = rig.ask(&hostile, name, params).await;
        assert_eq!(receipt.reply, Some(expected), "{receipt}");
    }
    assert_eq!(
        rig.state.flag("alpha", "s1", "host", "inventory"),
        Some(json!(["rope"]))
    );
    assert!(
        rig.log
            .all()
            .iter()
            .all(|record| !record.message.chars().any(char::is_control))
    );
}

/// Proves X1, X2, X3, C3, C7: floods, loops, crashes and probes each end in their outcome; the host and its other plugins go on.
#[tokio::test(flavor = "multi_thread")]
async fn misdeeds_are_contained() {
    let rig = Rig::new(limits(|limits| {
        limits.wall_ms = 800;
        limits.host_calls = 300;
    }));
    misbehave(&rig, false).await;
}

/// Proves X1: the same on the engine that meters fuel, where loops end by fuel.
#[tokio::test(flavor = "multi_thread")]
async fn misdeeds_are_contained_where_fuel_is_metered() {
    let rig = Rig::new(limits(|limits| {
        limits.wall_ms = 1_000;
        limits.fuel = Some(5_000_000);
    }));
    misbehave(&rig, true).await;
    let receipts = rig.receipts.all();
    let endless = receipts
        .iter()
        .find(|record| &*record.operation == "loop-forever")
        .unwrap();
    assert_eq!(
        (endless.outcome, endless.fuel),
        (OutOfFuel, Some(5_000_000))
    );
}

/// Proves X1, X2, X3: what a component does at its start, or while it takes its arguments, is under the same limits.
#[tokio::test(flavor = "multi_thread")]
async fn misdeeds_before_the_call_proper_are_contained() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 300));
    let noop = rig.load("noop").await;
    for (name, expected) in [
        ("loop-at-start", TimedOut),
        ("loop-in-realloc", TimedOut),
        ("exit-at-start", Trapped),
        ("table-flood", OutOfMemory),
    ] {
        let plugin = rig.load(name).await;
        let receipt = rig.ask(&plugin, "any", json!({})).await;
        assert_eq!(receipt.outcome, expected, "{receipt}");
        bystander(&rig, &noop).await;
    }
}

/// Proves X2: what would break a limit as it is made is refused by name, before it is compiled.
#[tokio::test(flavor = "multi_thread")]
async fn known_excess_is_refused_by_name() {
    let refused = |error: Result<_, LoadError>| error.map(drop).unwrap_err().to_string();
    let told = refused(Rig::default().try_load(plugin("memory-at-start")).await);
    assert!(told.contains("2147483648 bytes of memory"), "{told}");
    assert!(told.contains("its limit is 67108864"), "{told}");
    for (change, says) in [
        (
            (|limits| limits.instances = 0) as fn(&mut Limits),
            " memories, and its limit is 0",
        ),
        (|limits| limits.memory_bytes = 65_536, "bytes of memory"),
        (|limits| limits.table_elements = 0, "table elements"),
    ] {
        let told = refused(Rig::new(limits(change)).try_load(plugin("noop")).await);
        assert!(told.contains(says), "{told}");
    }
}

/// Proves P3, C5, E1: what may not be imported or loaded is refused by name, and nothing of it ran.
#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_run_is_refused_by_name() {
    let rig = Rig::default();
    for (name, code, fragment) in [
        (
            "needs-session-write",
            "permission-missing",
            "`session:write`",
        ),
        (
            "unlisted-import",
            "import-unknown",
            "`evil:corp/backdoor@1.0.0`",
        ),
        (
            "bare-function-import",
            "import-bare-function",
            "outside of any interface",
        ),
        ("version-alias-newer", "import-version", "log@0.1.99"),
        ("version-alias-build", "import-version", "log@0.1.0+x"),
        (
            "version-alias-wasi",
            "import-version",
            "wasi:cli/environment@0.2.99",
        ),
        ("almanac", "import-unknown", "`acme:weather/forecast@1.0.0`"),
    ] {
        match rig.try_load(plugin(name)).await {
            Err(LoadError::Grant(error)) => {
                assert!(
                    error.problems.iter().any(|problem| problem.code == code),
                    "{error}"
                );
                assert!(error.to_string().contains(fragment), "{error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(rig.receipts.is_empty(), "nothing of them ran");
    // What these would instantiate is not in the file: no scan can tell what it costs.
    for name in ["core-module-import", "component-import"] {
        let refused = Package::parse(component(name));
        assert!(
            matches!(refused, Err(PackageError::UnknownInstantiation { .. })),
            "{name}: {refused:?}"
        );
    }
    bystander(&rig, &rig.load("noop").await).await;
}

/// Proves E1, X3: a plugin that does not load is refused and leaves nothing behind; others load after it.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_load_leaves_nothing_behind() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 300));
    for (name, expected) in [
        ("flawed-load", GuestError),
        ("greedy-load", GuestError),
        ("loop-in-load", TimedOut),
    ] {
        match rig.try_load(plugin(name)).await {
            Err(LoadError::Lifecycle(receipt)) => {
                assert_eq!(receipt.outcome, expected, "{receipt}")
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(rig.host.plugins().is_empty() && rig.host.registry().entries().is_empty());
    bystander(&rig, &rig.load("noop").await).await;
}

/// Proves M7, X2: a plugin that asks for less than the host allows gets less.
#[tokio::test(flavor = "multi_thread")]
async fn limits_of_the_manifest_hold() {
    let rig = Rig::default();
    let manifest = |limits: &str| {
        format!(
            "[plugin]\nid = \"hostile\"\nname = \"H\"\nversion = \"0.1.0\"\n[limits]\n{limits}\n{}\n[[contributes.conditions]]\nname = \"echo\"",
            [
                "log:emit",
                "session:read",
                "session:write",
                "npc:read",
                "world:read",
                "group:behavior"
            ]
            .map(|permission| format!("[permissions.\"{permission}\"]\nreason = \"x\"\n"))
            .concat()
        )
    };
    for (limit, condition, params, expected) in [
        ("wall_ms = 200", "loop-forever", json!({}), TimedOut),
        (
            "memory_bytes = 2000000",
            "memory-touch",
            json!({}),
            OutOfMemory,
        ),
        ("handles = 10", "handle-flood", json!({}), OverBudget),
        (
            "result_bytes = 1000",
            "result-flood",
            json!({ "bytes": 2_000 }),
            OverBudget,
        ),
        ("host_calls = 10", "host-call-flood", json!({}), OverBudget),
        (
            "log_records = 3",
            "say",
            json!({ "message": "x", "times": 4 }),
            GuestError,
        ),
    ] {
        let package = portcullis_tests::embed(&component("hostile"), &manifest(limit));
        let plugin = rig.load_package(package).await;
        let receipt = rig.ask(&plugin, condition, params).await;
        assert_eq!(receipt.outcome, expected, "{limit}: {receipt}");
        assert_eq!(
            rig.ask(&plugin, "echo", json!({})).await.outcome,
            Returned,
            "{limit}"
        );
    }
}
