//! A receipt in the making. It is written when the call ends, or when whoever waited for it goes away.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use super::effect::Effects;
use super::fault::Fault;
use super::hold::Hold;
use super::instance::Lease;
use super::span;
use super::sums::{add_denials, add_room_calls};
use super::times::{Share, Times};
use super::within::carefully;
use crate::bus::{Emission, Message, Source};
use crate::capability::Registration;
use crate::guard::{Stand, Turn};
use crate::identity::CallId;
use crate::permission::ExtensionDescriptor;
use crate::receipt::{Blame, Commit, Outcome, Receipt, Record};
use crate::subject::Subject;
use crate::write_set::WriteSet;

/// A message in a receipt has at most this many bytes of the original.
const MAX_MESSAGE: usize = 1_024;

/// A call that has begun and has no receipt yet. Dropped before it is finished, it leaves the receipt of a cancelled call.
pub(super) struct Open {
    pub(super) hold: Hold,
    pub(super) times: Times,
    pub(super) lease: Option<Lease>,
    /// How the plugin stood when the call began.
    pub(super) began: Stand,
    /// Where what happens in the call is told of, if anybody listens.
    pub(super) span: Option<Arc<Span>>,
    started: Instant,
    /// Taken when the call is finished.
    record: Option<Box<Record>>,
    writes: Option<WriteSet>,
    emissions: Vec<Emission>,
    /// How many events led to the call.
    pub(super) hops: u32,
    /// How many changes the store was asked to make, and has not said that it did not.
    sent: Option<usize>,
    registrations: Vec<Registration>,
    unrepeatable: bool,
    /// Whether others brought about how the call ends.
    is_of_others: bool,
    is_of_host: bool,
}

impl Open {
    /// Begins the receipt. Until the call is finished it reads as cancelled.
    pub(super) fn begin(
        hold: Hold,
        room: &'static ExtensionDescriptor,
        operation: Arc<str>,
        subject: Subject,
        share: Option<Share>,
        hops: u32,
    ) -> Self {
        let started = Instant::now();
        let plugin = hold.plugin();
        let wall = share.map_or_else(|| plugin.grant.limits().wall(), |share| share.wall);
        let left = share.map(|share| share.left);
        let id = CallId::next();
        Self {
            began: plugin.standing.now(),
            span: span::of(id, plugin.identity(), room.id, &operation),
            times: Times::begin(started, wall, room.on_match, left),
            lease: None,
            started,
            record: Some(Box::new(Record {
                id,
                plugin: plugin.identity().clone(),
                extension: room.id.into(),
                operation,
                subject,
                outcome: Outcome::Cancelled,
                blame: None,
                message: None,
                duration: Duration::ZERO,
                fuel: None,
                peak_memory_bytes: 0,
                room_calls: Vec::new(),
                denials: Vec::new(),
                more_denials: 0,
                dropped_log_records: 0,
                commit: Commit::None,
                emitted: 0,
                lost_events: 0,
                attempts: 0,
            })),
            writes: None,
            emissions: Vec::new(),
            hops,
            sent: None,
            registrations: Vec::new(),
            unrepeatable: false,
            is_of_others: false,
            is_of_host: false,
            hold,
        }
    }

    /// The call's id and subject.
    pub(super) fn who(&self) -> (CallId, &Subject) {
        let record = self.record();
        (record.id, &record.subject)
    }

    /// The receipt as it reads if the call ends with its caller's runtime.
    pub(super) fn as_cancelled(&self) -> Box<Record> {
        let mut record = Box::new(self.record().clone());
        record.commit = self.unanswered();
        record
    }

    /// What is known of changes whose commit nobody waits for any more.
    fn unanswered(&self) -> Commit {
        self.sent
            .map_or(Commit::None, |writes| Commit::Unknown { writes })
    }

    #[expect(
        clippy::expect_used,
        reason = "ending a call is the last thing that is done with it"
    )]
    fn record(&self) -> &Record {
        self.record.as_deref().expect("the call has not ended")
    }

    /// Counts another attempt, and tells how many there were.
    pub(super) fn attempt(&mut self) -> u32 {
        self.record.as_mut().map_or(0, |record| {
            record.attempts += 1;
            record.attempts
        })
    }

    /// How many attempts there were.
    pub(super) fn attempts(&self) -> u32 {
        self.record().attempts
    }

    /// Whether the call may run again: there is time left, and it did nothing that must not happen twice.
    pub(super) fn may_repeat(&self) -> bool {
        !self.unrepeatable && Instant::now() < self.times.deadline()
    }

    #[cold]
    pub(super) fn fault_of(&self, error: &wasmtime::Error) -> Fault {
        match &self.lease {
            Some(lease) => Fault::of(error, lease.store.data()),
            None => Fault::new(Outcome::HostFault, format!("{error:#}")),
        }
    }

    /// After a call that came back: keeps the instance warm if the policy says so and it may be kept, else drops it.
    pub(super) fn retire_or_keep(&mut self) {
        self.read_lease();
        let plugin = self.hold.plugin();
        if let Some(lease) = self.lease.take()
            && let Some(body) = plugin.body()
        {
            body.pool.keep(lease, plugin.grant.instances());
        }
    }

    /// Adds what this attempt has used, and was refused, to what is known of those before it. Each has a lease of its own, which is read
    /// once.
    fn read_lease(&mut self) {
        let _in_span = self.span.as_deref().map(Span::enter);
        let (Some(lease), Some(record)) = (&mut self.lease, &mut self.record) else {
            return;
        };
        if let Some(fuel) = lease.fuel_used() {
            record.fuel = Some(record.fuel.unwrap_or(0).saturating_add(fuel));
        }
        let ctx = lease.store.data_mut();
        record.peak_memory_bytes = record.peak_memory_bytes.max(ctx.limiter.peak_memory());
        for (slot, calls) in ctx.slots().iter().zip(&ctx.call.used) {
            if *calls > 0 {
                add_room_calls(&mut record.room_calls, slot.capability, *calls);
            }
        }
        let call = &mut ctx.call;
        add_denials(record, mem::take(&mut call.denials));
        record.more_denials += call.more_denials;
        record.dropped_log_records += call.tap.finish();
        self.unrepeatable = call.unrepeatable;
        self.emissions = mem::take(&mut call.emissions);
        self.registrations = call.registrations.take().unwrap_or_default();
        self.writes = (!call.writes.is_empty()).then(|| WriteSet {
            call: record.id,
            plugin: record.plugin.clone(),
            subject: record.subject.clone(),
            reads: mem::take(&mut call.reads),
            writes: mem::take(&mut call.writes),
            kv_quota: call.limits().kv_quota(),
        });
    }

    pub(super) fn take_registrations(&mut self) -> Vec<Registration> {
        mem::take(&mut self.registrations)
    }

    /// What the call wants to happen once it has returned, if anything.
    pub(super) fn take_effects(&mut self) -> Option<Effects> {
        if self.writes.is_none() && self.emissions.is_empty() {
            return None;
        }
        let writes = self.writes.take();
        self.sent = writes.as_ref().map(|set| set.writes.len());
        let messages = mem::take(&mut self.emissions).into_iter();
        let messages = messages.map(|one| self.message(one)).collect();
        Some(Effects { writes, messages })
    }

    /// An event with what the host says about it.
    fn message(&self, emission: Emission) -> Message {
        let record = self.record();
        Message {
            subject: emission.subject,
            payload: emission.payload,
            source: Source::Plugin {
                plugin: record.plugin.plugin.clone(),
                call: record.id,
            },
            about: record.subject.clone(),
            hops: self.hops.saturating_add(1),
            reply_to: None,
        }
    }

    /// Notes how many events the bus has taken, and how many it has not.
    pub(super) fn note_events(&mut self, emitted: usize, lost: usize) {
        if let Some(record) = &mut self.record {
            record.emitted = emitted;
            record.lost_events = lost;
        }
    }

    /// The store made none of the changes that it was asked for.
    pub(super) fn take_back(&mut self) {
        self.sent = None;
    }

    /// Ends a call that failed: throws its changes and its instance away.
    #[cold]
    pub(super) fn fail(&mut self, fault: Fault) -> Box<Record> {
        let commit = self.discard();
        self.emissions.clear();
        self.is_of_others = fault.is_of_others;
        self.is_of_host = fault.is_of_host;
        self.end(fault.outcome, Some(fault.message), commit)
    }

    /// Ends a call that replied.
    pub(super) fn succeed(&mut self, commit: Commit) -> Box<Record> {
        self.end(Outcome::Returned, None, commit)
    }

    /// Ends a call that replied, and whose changes the store did not take.
    pub(super) fn not_committed(&mut self, why: &str, commit: Commit) -> Box<Record> {
        let fault = Fault::new(Outcome::HostFault, why);
        self.end(fault.outcome, Some(fault.message), commit)
    }

    /// Ends a call that replied, and whose changes would fill the plugin's key-value store beyond its quota. Each of them found room while it
    /// ran: other calls took it.
    pub(super) fn over_quota(&mut self, commit: Commit) -> Box<Record> {
        self.is_of_others = true;
        let why = "the key-value store would hold more than its quota";
        let fault = Fault::new(Outcome::OverBudget, why);
        self.end(fault.outcome, Some(fault.message), commit)
    }

    #[cold]
    fn discard(&mut self) -> Commit {
        self.read_lease();
        carefully(|| drop(self.lease.take()));
        match self.writes.take() {
            Some(set) => Commit::Discarded {
                writes: set.writes.len(),
            },
            None => self.unanswered(),
        }
    }

    /// Writes the receipt and shows it to the observers.
    #[expect(
        clippy::expect_used,
        reason = "ending a call is the last thing that is done with it, and dropping it checks"
    )]
    fn end(&mut self, outcome: Outcome, message: Option<String>, commit: Commit) -> Box<Record> {
        let mut record = self.record.take().expect("a call ends once");
        record.outcome = outcome;
        record.blame = match self.is_of_host {
            true => Some(Blame::Host),
            false => outcome.blame(),
        };
        record.message = message.map(|message| {
            let redactor = self.hold.plugin().redactor();
            redactor.show(&message, MAX_MESSAGE)
        });
        record.commit = commit;
        let ended = Instant::now();
        record.duration = ended - self.started;
        let _in_span = self.span.as_deref().map(Span::enter);
        let turn = self.weigh(&record, ended);
        let rooms = &self.hold.plugin().rooms;
        for observer in &rooms.observers {
            if catch_unwind(AssertUnwindSafe(|| observer.record(&record))).is_err() {
                let plugin = &record.plugin;
                tracing::error!(
                    plugin = %plugin.plugin,
                    version = %plugin.version,
                    call = %record.id,
                    "an observer panicked"
                );
            }
        }
        if let Some(turn) = turn {
            rooms.warden.announce(&record, turn);
        }
        record
    }

    /// Holds the call against the plugin, or in its favour: at once, so that a plugin that is suspended for it is called no more.
    fn weigh(&self, record: &Record, ended: Instant) -> Option<Turn> {
        let plugin = self.hold.plugin();
        if self.hold.is_by_steward() {
            return None;
        }
        if record.outcome != Outcome::NotRun {
            let now_ms = plugin.rooms.since_began_ms(ended);
            plugin.used(now_ms);
            if record.outcome != Outcome::Cancelled && !self.is_of_others {
                let failed = record.outcome != Outcome::Returned;
                plugin.tally.count(now_ms, failed);
            }
        }
        if record.outcome == Outcome::Returned && !plugin.standing.now().is_watched() {
            return None;
        }
        // What a version fails at that takes no more calls says nothing about the one in its place.
        if self.is_of_others || plugin.is_closed() {
            return None;
        }
        plugin.rooms.warden.ended(record, self.began)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.record.is_some() {
            let commit = self.discard();
            self.end(Outcome::Cancelled, None, commit);
        }
    }
}

/// A receipt with no reply.
pub(super) fn without_reply<R>(record: Box<Record>) -> Receipt<R> {
    Receipt {
        record,
        reply: None,
    }
}
