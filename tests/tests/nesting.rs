//! Ports that call the host again.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, OnceLock};

use portcullis::capability::npc_read::NpcRead;
use portcullis::capability::port::{Answer, Port, PortError, WorldReply, WorldRequest};
use portcullis::capability::session_read::SessionRead;
use portcullis::capability::session_write::SessionWrite;
use portcullis::capability::world_read::WorldRead;
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::{Blame, Consent, Host, Outcome, Plugin};
use portcullis_tests::rig::{ada, params, shared_cache};
use portcullis_tests::{MemoryState, Receipts, limits, plugin};
use serde_json::json;

/// Asks the plugin that asks it, before it answers.
#[derive(Default)]
struct Echo(OnceLock<Plugin>);

fn look() -> Evaluate {
    Evaluate {
        name: "read-world".into(),
        params: params(json!({ "config": "festival" })),
    }
}

impl Port<WorldRequest> for Echo {
    fn call(&self, _: WorldRequest) -> Answer<'_, WorldRequest> {
        let plugin = self.0.get().cloned();
        Answer::pending(async move {
            let plugin = plugin.ok_or(PortError::NotFound)?;
            let _receipt = plugin.call::<Conditions>(ada(), look()).await;
            Ok(WorldReply::Config(json!(true)))
        })
    }
}

/// Proves X5: a port that calls the plugin that it serves, and so on without end, is stopped after sixteen calls by one that does not run; the
/// others return, no slot is kept, and the thread is not left counting.
#[tokio::test(flavor = "multi_thread")]
async fn calls_are_nested_sixteen_deep_at_most() {
    let (echo, state) = (Arc::<Echo>::default(), Arc::new(MemoryState::two_worlds()));
    let receipts = Arc::<Receipts>::default();
    let host = Host::builder()
        .policy(limits(|limits| limits.wall_ms = 30_000))
        .compile_cache(shared_cache())
        .capability(WorldRead::new(echo.clone()))
        .capability(SessionRead::new(state.clone()))
        .capability(SessionWrite::new(state.clone()))
        .capability(NpcRead::new(state.clone()))
        .commit(state)
        .observer(Arc::clone(&receipts) as _)
        .build()
        .unwrap();
    let hostile = host
        .load(plugin("hostile"), &Consent::Everything)
        .await
        .unwrap();
    assert!(echo.0.set(hostile.clone()).is_ok());
    for _ in 0..20 {
        receipts.take();
        let outermost = hostile.call::<Conditions>(ada(), look()).await;
        assert_eq!(outermost.reply, Some(true), "{outermost}");
        let mut all = receipts.take();
        assert_eq!(all.len(), 17);
        let innermost = all.remove(0);
        assert_eq!(
            (
                innermost.outcome,
                innermost.blame,
                innermost.message.as_deref()
            ),
            (
                Outcome::NotRun,
                Some(Blame::Host),
                Some("calls are nested in each other 16 deep")
            )
        );
        assert!(all.iter().all(|one| one.outcome == Outcome::Returned));
    }
}
