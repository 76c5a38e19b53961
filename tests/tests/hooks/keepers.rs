//! What keeps a handler from deciding, and what follows: it is passed over, or the chain is blocked.

use portcullis::grant::OnDenied;
use portcullis::guard::GuardPolicy;
use portcullis::hook_point::Fail;
use portcullis::receipt::StepDecision;
use portcullis::{Consent, Outcome, Policy};
use portcullis_tests::chain::asked;
use portcullis_tests::{Rig, chain, limits, work_item};

/// What a consent to all but the optional permissions is.
fn without_optional() -> Consent {
    Consent::to(["hook:handle", "session:read"])
}

/// Asks the plugin `kept` with this handler, and one behind it that adds the label `after`. `change` has the last word before the
/// chain. Checks what follows, open and closed.
async fn check<F: Future<Output = ()>>(
    policy: Policy,
    handler: &str,
    ends: Result<Outcome, &str>,
    change: impl Fn(Rig) -> F,
) {
    for fail in [Fail::Open, Fail::Closed] {
        let rig = Rig::new(policy.clone());
        let closed = if fail == Fail::Closed {
            "closed"
        } else {
            "open"
        };
        let name = handler.split(' ').next().unwrap();
        let kept = chain("kept", &[&format!("{handler} fail=\"{closed}\"")]);
        rig.host.load(kept, &without_optional()).await.unwrap();
        rig.load_package(chain("other", &["label-after"])).await;
        change(rig.clone()).await;
        let hooked = rig.hook(work_item()).await;
        let step = &hooked.chain.steps[0];
        assert_eq!(step.call.as_ref().map(|call| call.outcome), ends.ok());
        let why = ends.map_or_else(ToOwned::to_owned, |outcome| outcome.to_string());
        let failed = StepDecision::Failed {
            why: why.clone().into(),
            fail,
        };
        assert_eq!(step.decision, failed, "{}", hooked.chain);
        match fail {
            Fail::Open => {
                assert_eq!(hooked.blocked(), None);
                assert_eq!(hooked.data.labels, ["after"]);
            }
            Fail::Closed => {
                let block = hooked.blocked().unwrap();
                assert!(block.failed && block.reason.starts_with(&why), "{block}");
                assert_eq!(&*block.by, format!("hook:plugin:kept:{name}"));
                assert_eq!(asked(&hooked.chain), [format!("kept:{name}")]);
                assert!(hooked.data.labels.is_empty());
            }
        }
    }
}

async fn nothing(_: Rig) {}

/// Proves E8, X3: a trap.
#[tokio::test(flavor = "multi_thread")]
async fn a_trap() {
    check(limits(|_| {}), "traps", Ok(Outcome::Trapped), nothing).await;
}

/// Proves E8, X1: a handler that does not end in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeout() {
    let loops = "loops timeout_ms=200";
    check(limits(|_| {}), loops, Ok(Outcome::TimedOut), nothing).await;
}

/// Proves E8: an error of the plugin's own.
#[tokio::test(flavor = "multi_thread")]
async fn an_error() {
    check(limits(|_| {}), "fails", Ok(Outcome::GuestError), nothing).await;
}

/// Proves E8: a reply that breaks the rules of replies.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_reply() {
    check(
        limits(|_| {}),
        "changes-a-list",
        Ok(Outcome::GuestError),
        nothing,
    )
    .await;
}

/// Proves E8, P7: it uses a permission that it asks for as optional and was not granted, where the policy ends such calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_denial() {
    let policy = limits(|_| {}).on_denied(OnDenied::Raise);
    check(policy, "writes", Ok(Outcome::Denied), nothing).await;
}

/// Proves E8, P5: its permission to handle hooks was taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_permission() {
    check(
        limits(|_| {}),
        "proceeds",
        Ok(Outcome::Denied),
        |rig| async move {
            let kept = rig.host.plugin(&"kept".parse().unwrap()).unwrap();
            kept.grant().revoke("hook:handle");
        },
    )
    .await;
}

/// Proves E8: a fault of the host, here of the store that a handler changes something in.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_host() {
    check(
        limits(|_| {}),
        "reads",
        Ok(Outcome::HostFault),
        |rig| async move {
            rig.state.reads.set(portcullis_tests::Trouble::PanicLater);
        },
    )
    .await;
}

/// Proves E8, M4: an operator has disabled its plugin, and whoever loads another version of it does not change that.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_an_operator_disabled() {
    let disabled = Err("the plugin is disabled");
    check(limits(|_| {}), "proceeds", disabled, |rig| async move {
        rig.host.disable(&"kept".parse().unwrap()).await.unwrap();
    })
    .await;

    let rig = Rig::default();
    let kept = "kept".parse().unwrap();
    rig.load_package(chain("kept", &["fails"])).await;
    rig.host.disable(&kept).await.unwrap();
    rig.load_package(chain("kept", &["label-a fail=\"closed\""]))
        .await;
    assert_eq!(asked(&rig.hook(work_item()).await.chain), ["kept:label-a"]);
    assert!(rig.hook(work_item()).await.blocked().is_some());
    rig.host.enable(&kept).await.unwrap();
    assert_eq!(rig.hook(work_item()).await.data.labels, ["a"]);
    rig.host.disable(&kept).await.unwrap();
    rig.host.unload(&kept).await.unwrap();
    let gone = rig.hook(work_item()).await;
    assert!(gone.blocked().is_none() && gone.chain.steps.is_empty());
}

/// Proves E8, O6: the guard has disabled its plugin, because of its failures as a handler; from the next chain on, and once the host has
/// taken the plugin out too.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_the_guard_disabled() {
    let mut guard = GuardPolicy::default();
    guard.failures = 2;
    let rig = Rig::new(limits(|_| {}).guard(guard));
    rig.load_package(chain("kept", &["traps fail=\"closed\""]))
        .await;
    for failed in ["trapped", "trapped", "the plugin is disabled"] {
        let hooked = rig.hook(work_item()).await;
        let block = hooked.blocked().unwrap();
        assert!(block.reason.starts_with(failed), "{block}");
    }
    let taken_out = async {
        while !rig.host.registry().entries().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, taken_out).await.unwrap();
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.blocked().unwrap().reason, "the plugin is disabled");
    assert_eq!(rig.receipts.len(), 2);
}
