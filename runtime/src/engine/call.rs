//! One call: lease an instance, enter, commit, and leave exactly one receipt.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::deadline::Within;
use super::extension::Typed;
use super::fault::Fault;
use super::instance::Lease;
use super::open::Open;
use super::plugin::{Hold, Inner};
use crate::capability::Registration;
use crate::grant::Instances;
use crate::receipt::{Commit, Outcome, Receipt};
use crate::subject::Subject;
use crate::write_set::{CommitError, WriteSet};

/// After this many conflicts a call gives up: something changes what it reads faster than it can run.
const MAX_ATTEMPTS: u32 = 16;

/// A commit that takes longer counts as a fault of the host. It is not stopped: it may still take effect.
const COMMIT_PATIENCE: Duration = Duration::from_secs(10);

/// Makes a call. `registrations` is `Some` for `lifecycle.load`.
pub(super) async fn call<E: Typed>(
    hold: Hold,
    subject: Subject,
    request: E::Request,
    registrations: Option<Vec<Registration>>,
) -> (Receipt<E::Reply>, Vec<Registration>) {
    let Some(place) = place_of::<E>(hold.plugin()) else {
        let receipt = not_run::<E>(hold.plugin(), subject, &request, "the plugin does not provide this extension");
        return (receipt, Vec::new());
    };
    let mut open = Open::begin(hold, E::DESCRIPTOR.id, E::operation(&request), subject);
    loop {
        let reply = match attempt::<E>(&mut open, place, &request, &registrations).await {
            Ok(reply) => reply,
            Err(fault) => return (open.finish_with(fault), Vec::new()),
        };
        let registered = open.take_registrations();
        let Some(writes) = open.take_writes() else {
            return (open.finish(Outcome::Returned, None, Some(reply)), registered);
        };
        match commit(open, writes).await {
            Committed::Done(receipt) => return (attach(receipt, reply), registered),
            Committed::Again(again) => open = again,
        }
    }
}

fn attach<R>(receipt: Receipt, reply: R) -> Receipt<R> {
    let returned = receipt.outcome == Outcome::Returned;
    Receipt {
        record: receipt.record,
        reply: returned.then_some(reply),
    }
}

/// The receipt of a call that never ran.
pub(super) fn not_run<E: Typed>(plugin: &Arc<Inner>, subject: Subject, request: &E::Request, why: &str) -> Receipt<E::Reply> {
    let fault = Fault::new(Outcome::NotRun, why);
    Open::unheld(plugin, E::DESCRIPTOR.id, E::operation(request), subject).finish_with(fault)
}

/// The extension's place in the host's list, if the plugin provides it.
fn place_of<E: Typed>(plugin: &Inner) -> Option<usize> {
    let mut rooms = plugin.rooms.extensions.iter();
    let place = rooms.position(|room| room.descriptor().id == E::DESCRIPTOR.id)?;
    plugin.bound.get(place)?.as_ref().map(|_| place)
}

/// Runs the plugin once, up to the deadline. A panic of the host's side ends here.
async fn attempt<E: Typed>(
    open: &mut Open,
    place: usize,
    request: &E::Request,
    registrations: &Option<Vec<Registration>>,
) -> Result<E::Reply, Fault> {
    open.attempts += 1;
    let deadline = open.deadline;
    let ended = {
        let work = pin!(AssertUnwindSafe(run::<E>(open, place, request, registrations)).catch_unwind());
        Within::new(deadline, work).await
    };
    match ended {
        Ok(Ok(Ok(Ok(reply)))) => {
            open.retire_or_keep();
            Ok(reply)
        }
        Ok(Ok(Ok(Err(message)))) => {
            open.retire_or_keep();
            Err(Fault::new(Outcome::GuestError, &message))
        }
        Ok(Ok(Err(error))) => Err(open.fault_of(&error)),
        Ok(Err(panic)) => {
            let panic = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            tracing::error!(plugin = %open.plugin().identity(), panic, "the host panicked in a call");
            Err(Fault::new(Outcome::HostFault, "the host panicked while it served the plugin"))
        }
        Err(_) if open.has_lease() => Err(Fault::new(Outcome::TimedOut, "the wall time ran out while the plugin waited")),
        Err(_) => Err(Fault::new(Outcome::NotRun, "no slot of the engine came free in time")),
    }
}

/// Leases an instance and enters it.
async fn run<E: Typed>(
    open: &mut Open,
    place: usize,
    request: &E::Request,
    registrations: &Option<Vec<Registration>>,
) -> wasmtime::Result<Result<E::Reply, String>> {
    let plugin = open.plugin().clone();
    let warm = match plugin.holdings.grant.instances() {
        Instances::Fresh => None,
        Instances::Warm { .. } => plugin.pool.take(open.subject.world_id()),
    };
    let mut lease = match warm {
        Some(mut lease) => {
            lease.begin(open.id, open.subject.clone(), open.deadline)?;
            lease
        }
        None => {
            let slots = plugin.room.slots(plugin.weight).await?;
            Lease::new(&plugin, slots, open.id, open.subject.clone(), open.deadline)?
        }
    };
    lease.store.data_mut().call.registrations.clone_from(registrations);
    // The receipt holds the lease while the plugin runs: if this future is dropped, what the call did is still known.
    let lease = open.lease.insert(lease);
    lease.instantiate(&plugin).await?;
    lease.enter::<E>(&plugin, place, request).await
}

/// What came of a commit: a receipt, or the call runs again.
enum Committed {
    Done(Receipt),
    Again(Open),
}

/// Commits in a task of its own, which the caller's going away does not stop; the receipt goes with it.
async fn commit(open: Open, writes: WriteSet) -> Committed {
    let count = writes.writes.len();
    let port = open.plugin().rooms.commit.clone();
    let attempts = open.attempts;
    let finish = async move {
        let store = tokio::spawn(async move { AssertUnwindSafe(port.call(writes)).catch_unwind().await });
        let fault = |message| Some(Fault::new(Outcome::HostFault, message));
        let (fault, commit) = match tokio::time::timeout(COMMIT_PATIENCE, store).await {
            Ok(Ok(Ok(Ok(())))) => (None, Commit::Committed { writes: count }),
            Ok(Ok(Ok(Err(CommitError::Conflict)))) if attempts < MAX_ATTEMPTS && open.may_repeat() => {
                return Committed::Again(open);
            }
            Ok(Ok(Ok(Err(CommitError::Conflict)))) => {
                (fault("other calls keep changing what this one reads"), Commit::Refused { writes: count })
            }
            Ok(Ok(Ok(Err(CommitError::Failed)))) => (fault("the store failed"), Commit::Refused { writes: count }),
            Ok(_) => (fault("the store panicked"), Commit::Unknown { writes: count }),
            Err(_) => (fault("the store did not answer in time"), Commit::Unknown { writes: count }),
        };
        Committed::Done(open.finish_committed(fault, commit))
    };
    match tokio::spawn(finish).await {
        Ok(committed) => committed,
        // The task has no way to panic, and a runtime that is shut down drops this future as well.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The name of a function, for a receipt.
pub(super) type Operation = Cow<'static, str>;
