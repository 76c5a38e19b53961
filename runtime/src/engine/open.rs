//! A receipt in the making. It is written when the call ends, or when whoever waited for it goes away.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::Operation;
use super::fault::Fault;
use super::instance::Lease;
use super::plugin::{Hold, Inner};
use crate::capability::Registration;
use crate::grant::Instances;
use crate::identity::CallId;
use crate::receipt::{Commit, Denial, Outcome, Receipt, Record, RoomCalls};
use crate::subject::Subject;
use crate::write_set::WriteSet;

/// A call that has begun and has no receipt yet. Dropped before it is finished, it leaves the receipt of a cancelled call.
pub(super) struct Open {
    pub(super) id: CallId,
    pub(super) subject: Subject,
    pub(super) deadline: Instant,
    pub(super) attempts: u32,
    pub(super) lease: Option<Lease>,
    plugin: Arc<Inner>,
    /// Keeps the plugin from being stopped while the call is in flight.
    _hold: Option<Hold>,
    extension: &'static str,
    operation: Operation,
    started: Instant,
    used: Used,
    finished: bool,
}

/// What a call used, taken from its instance when it left it.
#[derive(Default)]
struct Used {
    fuel: Option<u64>,
    peak_memory_bytes: u64,
    room_calls: Vec<RoomCalls>,
    denials: Vec<Denial>,
    more_denials: u64,
    dropped_log_records: u64,
    writes: Option<WriteSet>,
    unrepeatable: bool,
    registrations: Vec<Registration>,
}

impl Open {
    pub(super) fn begin(hold: Hold, extension: &'static str, operation: Operation, subject: Subject) -> Self {
        let plugin = hold.plugin().clone();
        let mut open = Self::unheld(&plugin, extension, operation, subject);
        open._hold = Some(hold);
        open
    }

    /// For a call that does not run.
    pub(super) fn unheld(plugin: &Arc<Inner>, extension: &'static str, operation: Operation, subject: Subject) -> Self {
        let started = Instant::now();
        let wall = plugin.holdings.grant.limits().wall();
        Self {
            id: CallId::next(),
            subject,
            // A limit beyond what the clock can count is no limit: a century will do.
            deadline: started.checked_add(wall).unwrap_or(started + Duration::from_secs(3_153_600_000)),
            attempts: 0,
            lease: None,
            plugin: plugin.clone(),
            _hold: None,
            extension,
            operation,
            started,
            used: Used::default(),
            finished: false,
        }
    }

    pub(super) fn plugin(&self) -> &Arc<Inner> {
        &self.plugin
    }

    pub(super) fn has_lease(&self) -> bool {
        self.lease.is_some()
    }

    /// Whether the call may run again: there is time left, and it did nothing that must not happen twice.
    pub(super) fn may_repeat(&self) -> bool {
        !self.used.unrepeatable && Instant::now() < self.deadline
    }

    pub(super) fn fault_of(&self, error: &wasmtime::Error) -> Fault {
        match &self.lease {
            Some(lease) => Fault::of(error, lease.store.data()),
            None => Fault::new(Outcome::HostFault, &format!("{error:#}")),
        }
    }

    /// After a call that came back: keeps the instance warm if the policy says so and it holds nothing, else drops it.
    pub(super) fn retire_or_keep(&mut self) {
        self.read_lease();
        let Some(lease) = self.lease.take() else {
            return;
        };
        if let Instances::Warm { max_idle } = self.plugin.holdings.grant.instances()
            && lease.store.data().is_bare()
        {
            self.plugin.pool.keep(lease, max_idle);
        }
    }

    /// Notes what the call has used so far.
    fn read_lease(&mut self) {
        let Some(lease) = &mut self.lease else {
            return;
        };
        let fuel = lease.fuel_used();
        let ctx = lease.store.data_mut();
        let peak_memory_bytes = ctx.limiter.peak_memory();
        let mut room_calls = Vec::new();
        for (slot, calls) in ctx.slots().iter().zip(&ctx.call.used) {
            if *calls > 0 {
                room_calls.push(RoomCalls { capability: slot.capability.into(), calls: *calls });
            }
        }
        let call = &mut ctx.call;
        let writes = (!call.writes.is_empty()).then(|| WriteSet {
            call: self.id,
            plugin: self.plugin.identity().clone(),
            subject: self.subject.clone(),
            reads: mem::take(&mut call.reads),
            writes: mem::take(&mut call.writes),
        });
        self.used = Used {
            fuel,
            peak_memory_bytes,
            room_calls,
            denials: mem::take(&mut call.denials),
            more_denials: call.more_denials,
            dropped_log_records: call.tap.finish(),
            writes,
            unrepeatable: call.unrepeatable,
            registrations: call.registrations.take().unwrap_or_default(),
        };
    }

    pub(super) fn take_registrations(&mut self) -> Vec<Registration> {
        mem::take(&mut self.used.registrations)
    }

    /// What the call wants to change, if anything.
    pub(super) fn take_writes(&mut self) -> Option<WriteSet> {
        self.used.writes.take()
    }

    /// Ends a call that failed.
    pub(super) fn finish_with<R>(mut self, fault: Fault) -> Receipt<R> {
        let commit = self.discard();
        let record = self.record(fault.outcome, Some(fault.message), commit);
        Receipt { record, reply: None }
    }

    /// Ends a call that changed nothing.
    pub(super) fn finish<R>(mut self, outcome: Outcome, message: Option<String>, reply: Option<R>) -> Receipt<R> {
        let record = self.record(outcome, message, Commit::None);
        Receipt { record, reply }
    }

    /// Ends a call whose changes went to the store.
    pub(super) fn finish_committed(mut self, fault: Option<Fault>, commit: Commit) -> Receipt {
        let (outcome, message) = match fault {
            None => (Outcome::Returned, None),
            Some(fault) => (fault.outcome, Some(fault.message)),
        };
        let record = self.record(outcome, message, commit);
        Receipt { record, reply: None }
    }

    /// Throws the call's changes and its instance away.
    fn discard(&mut self) -> Commit {
        self.read_lease();
        self.lease = None;
        self.used.writes.take().map_or(Commit::None, |set| Commit::Discarded { writes: set.writes.len() })
    }

    /// Writes the receipt and shows it to the observers.
    fn record(&mut self, outcome: Outcome, message: Option<String>, commit: Commit) -> Record {
        self.finished = true;
        let used = mem::take(&mut self.used);
        let record = Record {
            id: self.id,
            plugin: self.plugin.identity().clone(),
            extension: self.extension.into(),
            operation: mem::take(&mut self.operation),
            subject: mem::take(&mut self.subject),
            outcome,
            blame: outcome.blame(),
            message,
            duration: self.started.elapsed(),
            fuel: used.fuel,
            peak_memory_bytes: used.peak_memory_bytes,
            room_calls: used.room_calls,
            denials: used.denials,
            more_denials: used.more_denials,
            dropped_log_records: used.dropped_log_records,
            commit,
            attempts: self.attempts,
        };
        for observer in &self.plugin.rooms.observers {
            let shown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| observer.record(&record)));
            if shown.is_err() {
                tracing::error!(call = %record.id, "an observer panicked");
            }
        }
        record
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.finished {
            let commit = self.discard();
            self.record(Outcome::Cancelled, None, commit);
        }
    }
}
