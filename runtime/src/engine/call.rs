//! One call: lease an instance, enter, commit, and leave exactly one receipt.

use std::any::TypeId;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;

use super::deadline::Within;
use super::extension::Typed;
use super::fault::Fault;
use super::instance::Lease;
use super::open::{Open, without_reply};
use super::plugin::{Hold, Inner};
use crate::capability::Registration;
use crate::grant::Instances;
use crate::receipt::{Commit, Outcome, Receipt, Record};
use crate::subject::Subject;
use crate::write_set::{CommitError, WriteSet};

/// After this many conflicts a call gives up: something changes what it reads faster than it can run.
const MAX_ATTEMPTS: u32 = 64;

/// A commit that takes longer counts as a fault of the host. It is not stopped: it may still take effect.
const COMMIT_PATIENCE: Duration = Duration::from_secs(10);

/// Makes a call. `registrations` is `Some` for `lifecycle.load`.
pub(super) async fn call<E: Typed>(
    hold: Hold,
    subject: Subject,
    request: E::Request,
    registrations: Option<Vec<Registration>>,
) -> (Receipt<E::Reply>, Vec<Registration>) {
    let place = place_of::<E>(hold.plugin());
    let mut open = Open::begin(hold, E::DESCRIPTOR.id, E::operation(&request), subject);
    let Some(place) = place else {
        let fault = Fault::new(
            Outcome::NotRun,
            "the plugin does not provide this extension",
        );
        return (without_reply(open.fail(fault)), Vec::new());
    };
    if let Some(fault) = revoked::<E>(open.plugin()) {
        return (without_reply(open.fail(fault)), Vec::new());
    }
    loop {
        let attempts = open.attempt();
        let reply = match attempt::<E>(&mut open, place, &request, &registrations).await {
            Ok(reply) => reply,
            Err(fault) => return (without_reply(open.fail(fault)), Vec::new()),
        };
        let registered = open.take_registrations();
        let Some(writes) = open.take_writes() else {
            let receipt = Receipt {
                record: open.succeed(Commit::None),
                reply: Some(reply),
            };
            return (receipt, registered);
        };
        match commit(open, writes, attempts).await {
            Committed::Again(again) => open = *again,
            Committed::Done(record) => {
                let reply = (record.outcome == Outcome::Returned).then_some(reply);
                return (Receipt { record, reply }, registered);
            }
        }
    }
}

/// The receipt of a call that never ran.
pub(super) fn not_run<E: Typed>(
    hold: Hold,
    subject: Subject,
    request: &E::Request,
    why: &str,
) -> Receipt<E::Reply> {
    let mut open = Open::begin(hold, E::DESCRIPTOR.id, E::operation(request), subject);
    without_reply(open.fail(Fault::new(Outcome::NotRun, why)))
}

/// The extension's place in the host's list, if the plugin provides it.
fn place_of<E: Typed>(plugin: &Inner) -> Option<usize> {
    let room = TypeId::of::<E>();
    plugin
        .bound
        .iter()
        .position(|bound| bound.as_ref().is_some_and(|bound| bound.room == room))
}

/// A plugin whose permission for an extension was taken back is not called through it any more.
fn revoked<E: Typed>(plugin: &Inner) -> Option<Fault> {
    let permission = E::DESCRIPTOR.permission?;
    let revoked = plugin.holdings.grant.is_revoked(permission);
    revoked.then(|| Fault::new(Outcome::Denied, &format!("`{permission}` was revoked")))
}

/// Runs the plugin once, up to the deadline. A panic of the host's side ends here.
async fn attempt<E: Typed>(
    open: &mut Open,
    place: usize,
    request: &E::Request,
    registrations: &Option<Vec<Registration>>,
) -> Result<E::Reply, Fault> {
    let deadline = open.deadline;
    let ended = {
        let work =
            pin!(AssertUnwindSafe(run::<E>(open, place, request, registrations)).catch_unwind());
        Within::new(deadline, work).await
    };
    match ended {
        Ok(Ok(Ok(reply))) => {
            open.retire_or_keep();
            reply.map_err(|message| Fault::new(Outcome::GuestError, &message))
        }
        Ok(Ok(Err(error))) => Err(open.fault_of(&error)),
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            tracing::error!(plugin = %open.plugin().identity(), panic = text, "the host panicked in a call");
            Err(Fault::new(
                Outcome::HostFault,
                "the host panicked while it served the plugin",
            ))
        }
        Err(_) if open.lease.is_some() => Err(Fault::new(
            Outcome::TimedOut,
            "the wall time ran out while the plugin waited",
        )),
        Err(_) => Err(Fault::new(
            Outcome::NotRun,
            "no slot of the engine came free in time",
        )),
    }
}

/// Leases an instance and enters it. The receipt holds the lease while the plugin runs: if this future is dropped, what the call did is
/// still known.
async fn run<E: Typed>(
    open: &mut Open,
    place: usize,
    request: &E::Request,
    registrations: &Option<Vec<Registration>>,
) -> wasmtime::Result<Result<E::Reply, String>> {
    let (id, subject) = open.who();
    let subject = subject.clone();
    let Open {
        hold,
        lease,
        deadline,
        ..
    } = open;
    let plugin = hold.plugin();
    let warm = match plugin.holdings.grant.instances() {
        Instances::Fresh => None,
        Instances::Warm { .. } => plugin.pool.take(subject.world_id()),
    };
    let lease = match warm {
        Some(warm) => {
            let lease = lease.insert(warm);
            lease.begin(id, subject, *deadline)?;
            lease
        }
        None => {
            let slots = plugin.room.slots(plugin.weight).await?;
            lease.insert(Lease::new(plugin, slots, id, subject, *deadline)?)
        }
    };
    if registrations.is_some() {
        lease
            .store
            .data_mut()
            .call
            .registrations
            .clone_from(registrations);
    }
    lease.instantiate(plugin).await?;
    lease.enter::<E>(plugin, place, request).await
}

/// What came of a commit: a receipt, or the call runs again.
enum Committed {
    Done(Box<Record>),
    Again(Box<Open>),
}

/// Commits in a task of its own, which the caller's going away does not stop; the receipt goes with it.
async fn commit(mut open: Open, writes: WriteSet, attempts: u32) -> Committed {
    let count = writes.writes.len();
    let port = open.plugin().rooms.commit.clone();
    let cancelled = open.as_cancelled();
    let finish = async move {
        let store =
            tokio::spawn(async move { AssertUnwindSafe(port.call(writes)).catch_unwind().await });
        let refused = Commit::Refused { writes: count };
        let unknown = Commit::Unknown { writes: count };
        Committed::Done(match tokio::time::timeout(COMMIT_PATIENCE, store).await {
            Ok(Ok(Ok(Ok(())))) => open.succeed(Commit::Committed { writes: count }),
            Ok(Ok(Ok(Err(CommitError::Conflict))))
                if attempts < MAX_ATTEMPTS && open.may_repeat() =>
            {
                return Committed::Again(Box::new(open));
            }
            Ok(Ok(Ok(Err(CommitError::Conflict)))) => {
                open.not_committed("other calls keep changing what this one reads", refused)
            }
            Ok(Ok(Ok(Err(CommitError::Failed)))) => open.not_committed("the store failed", refused),
            Ok(_) => open.not_committed("the store panicked", unknown),
            Err(_) => open.not_committed("the store did not answer in time", unknown),
        })
    };
    // The task ends early only with its runtime; the receipt that it then leaves reads as this one.
    tokio::spawn(finish)
        .await
        .unwrap_or_else(|_| Committed::Done(cancelled))
}
