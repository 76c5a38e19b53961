//! The state of one call: whom it is about, what it used, what it was refused, what it wants to change.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::error::{Ended, RoomError};
use super::log_tap::LogTap;
use super::port::PortError;
use super::types;
use crate::bus::Emission;
use crate::grant::{Grant, OnDenied};
use crate::identity::{CallId, Identity};
use crate::limits::Limits;
use crate::log_record::Level;
use crate::receipt::Denial;
use crate::redactor::Redactor;
use crate::subject::Subject;
use crate::write_set::{Change, Document, Version, Write};

/// A receipt keeps at most this many denials and counts the rest.
pub(crate) const MAX_DENIALS: usize = 64;

/// What each change counts against the write budget besides its keys and values, in bytes, and each value inside of its value: it costs the host
/// memory, a row of the history and time at the commit, however short it is.
const WRITE_COST: u64 = 64;

/// The permissions of whose denial the host has been warned in this call.
#[derive(Default)]
struct Warned(BTreeSet<String>);

/// What a plugin registered while its `load` ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The extension's id.
    pub extension: &'static str,
    /// The name, as in the manifest's contributions.
    pub name: String,
}

/// The state of a call, as capabilities see it.
///
/// What only failures need is `#[cold]`: inlined into a host function it would widen the function's frame, and a page more of stack is a
/// page more for each live instance.
pub struct Call {
    pub(crate) id: CallId,
    pub(crate) deadline: Instant,
    pub(crate) host_calls: u64,
    /// Calls by the position of the capability in the plugin's slots.
    pub(crate) used: Vec<u64>,
    pub(crate) denials: Vec<Denial>,
    pub(crate) more_denials: u64,
    pub(crate) ended: Option<Ended>,
    pub(crate) tap: Arc<LogTap>,
    /// `Some` while `lifecycle.load` runs.
    pub(crate) registrations: Option<Vec<Registration>>,
    pub(crate) reads: BTreeMap<Document, Version>,
    pub(crate) writes: Vec<Write>,
    /// Whether the call did something that must not happen twice.
    pub(crate) unrepeatable: bool,
    pub(crate) emissions: Vec<Emission>,
    /// How many events led to this call.
    hops: u32,
    written: u64,
    random: u64,
    grant: Grant,
    redactor: Redactor,
    subject: Subject,
    locals: Vec<Box<dyn Any + Send>>,
}

impl Call {
    pub(crate) fn new(
        id: CallId,
        subject: Subject,
        grant: Grant,
        redactor: Redactor,
        tap: Arc<LogTap>,
        slots: usize,
        deadline: Instant,
    ) -> Self {
        Self {
            id,
            deadline,
            host_calls: 0,
            used: vec![0; slots],
            denials: Vec::new(),
            more_denials: 0,
            ended: None,
            tap,
            registrations: None,
            reads: BTreeMap::new(),
            writes: Vec::new(),
            unrepeatable: false,
            emissions: Vec::new(),
            hops: 0,
            written: 0,
            random: 0,
            grant,
            redactor,
            subject,
            locals: Vec::new(),
        }
    }

    /// Begins the next call on the same instance. Nothing of the one before is left.
    pub(crate) fn begin(&mut self, id: CallId, subject: Subject, deadline: Instant) {
        self.id = id;
        self.deadline = deadline;
        self.subject = subject;
        self.host_calls = 0;
        self.used.fill(0);
        self.denials.clear();
        self.more_denials = 0;
        self.ended = None;
        self.registrations = None;
        self.reads.clear();
        self.writes.clear();
        self.unrepeatable = false;
        self.emissions.clear();
        self.hops = 0;
        self.written = 0;
        self.random = 0;
        self.locals.clear();
        self.tap.begin(id, self.grant.limits());
    }

    /// The call's id.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Whom the call is about.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The plugin.
    pub fn plugin(&self) -> &Arc<Identity> {
        self.grant.identity()
    }

    /// The limits of the call.
    pub fn limits(&self) -> &Limits {
        self.grant.limits()
    }

    /// The plugin's grant.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Writes a log record within the call's budget; false if the budget is used up, and the record is dropped and counted.
    pub fn log(&self, level: Level, message: &str, fields: Vec<(String, String)>) -> bool {
        self.tap.emit(level, message, fields)
    }

    /// Records that the plugin was refused something by a scope, and gives the error that it gets.
    #[cold]
    pub fn deny(&mut self, permission: &str, asked: String, why: &str) -> RoomError {
        self.denied(permission, &asked, why).0
    }

    /// Like [`Call::deny`], for a permission that the plugin does not hold at all: the policy says what that does.
    #[cold]
    pub fn deny_ungranted(&mut self, permission: &str, asked: String, why: &str) -> RoomError {
        let (error, denial) = self.denied(permission, &asked, why);
        match self.grant.on_denied() {
            OnDenied::Silent => error,
            OnDenied::Warn if !self.is_news(&denial.permission) => error,
            OnDenied::Warn => {
                let plugin = self.plugin();
                let Denial {
                    permission, why, ..
                } = denial;
                tracing::warn!(
                    plugin = %plugin.plugin,
                    version = %plugin.version,
                    call = %self.id,
                    permission,
                    why,
                    "denied"
                );
                error
            }
            OnDenied::Raise => self.end(Ended::Denied(denial)),
        }
    }

    /// Whether the host has not been warned yet that this call was denied the permission. Plugins may ask for permissions that do not exist,
    /// so there is an end to news, too.
    fn is_news(&mut self, permission: &str) -> bool {
        let Warned(warned) = self.local();
        warned.len() < MAX_DENIALS && warned.insert(permission.to_owned())
    }

    /// Whatever part of a denial the plugin chose, its secrets are hidden in it.
    fn denied(&mut self, permission: &str, asked: &str, why: &str) -> (RoomError, Denial) {
        let denial = Denial {
            permission: self.redactor.show(permission, 64),
            asked: self.redactor.show(asked, 256),
            why: self.redactor.show(why, 256),
        };
        if self.denials.len() < MAX_DENIALS {
            self.denials.push(denial.clone());
        } else {
            self.more_denials += 1;
        }
        let error = types::Error::Denied(format!("{}: {}", denial.permission, denial.why));
        (RoomError::Answer(error), denial)
    }

    /// What the plugin gets when a port fails. The detail goes to the host's log only.
    #[cold]
    pub fn port_failed(&self, capability: &'static str, error: PortError) -> RoomError {
        match error {
            PortError::NotFound => RoomError::not_found(),
            PortError::Unavailable(detail) => {
                let plugin = self.plugin();
                let detail = self.redactor.show(&detail, 1_024);
                tracing::warn!(
                    plugin = %plugin.plugin,
                    version = %plugin.version,
                    call = %self.id,
                    capability,
                    detail,
                    "port unavailable"
                );
                RoomError::unavailable()
            }
        }
    }

    /// What the plugin gets when a port replies to another question than the one asked.
    #[cold]
    pub fn port_broke_protocol(&self, capability: &'static str) -> RoomError {
        let plugin = self.plugin();
        tracing::error!(
            plugin = %plugin.plugin,
            version = %plugin.version,
            call = %self.id,
            capability,
            "the port's reply does not belong to the request"
        );
        RoomError::unavailable()
    }

    /// Ends the call.
    #[cold]
    pub fn end(&mut self, ended: Ended) -> RoomError {
        self.ended = Some(ended.clone());
        RoomError::End(ended)
    }

    /// Counts a host call of the capability in this slot against the call's budget.
    pub(crate) fn count(&mut self, slot: usize) -> Result<(), RoomError> {
        if let Some(used) = self.used.get_mut(slot) {
            *used += 1;
        }
        self.host_calls += 1;
        if self.host_calls > self.grant.limits().host_calls {
            return Err(self.end(Ended::OverBudget("host calls")));
        }
        Ok(())
    }

    /// Notes that the call's result depends on this version of a document. The first version counts: if a later read sees another one, the
    /// commit must fail.
    ///
    /// # Errors
    /// The call depends on as many documents as it may, and ends: it would be wrong without this one.
    pub fn depends_on(&mut self, document: Document, version: Version) -> Result<(), RoomError> {
        let most = self.grant.limits().reads;
        if self.reads.len() as u64 >= most && !self.reads.contains_key(&document) {
            return Err(self.end(Ended::OverBudget("reads")));
        }
        self.reads.entry(document).or_insert(version);
        Ok(())
    }

    /// Takes random numbers off the call's budget.
    pub(crate) fn draw(&mut self, bytes: u64) -> Result<(), Ended> {
        self.random = self.random.saturating_add(bytes);
        if self.random <= self.grant.limits().random_bytes {
            return Ok(());
        }
        let ended = Ended::OverBudget("random numbers");
        self.ended = Some(ended.clone());
        Err(ended)
    }

    /// Collects a change for the call's commit. `size` is what counts against the write budget, besides 64 bytes for the change itself and for each
    /// value inside of its value: keys and values in bytes.
    pub fn write(
        &mut self,
        document: Document,
        change: Change,
        size: usize,
    ) -> Result<(), RoomError> {
        self.spend(size, change.values())?;
        self.writes.push(Write { document, change });
        Ok(())
    }

    /// Collects an event, which is published when the call has returned and its changes are committed. It counts against the write budget as a
    /// change does.
    pub fn emit(&mut self, emission: Emission) -> Result<(), RoomError> {
        self.spend(emission.subject.as_str().len() + emission.payload.len(), 1)?;
        self.emissions.push(emission);
        Ok(())
    }

    /// The events that this call has collected.
    pub fn emissions(&self) -> &[Emission] {
        &self.emissions
    }

    /// How many events led to this call: 0 for a call that none brought about.
    pub fn hops(&self) -> u32 {
        self.hops
    }

    /// Says that this many events led to the call, before the plugin runs.
    pub(crate) fn led_to_by(&mut self, hops: u32) {
        self.hops = hops;
    }

    /// `values` are those of a change, its own included if it has one.
    fn spend(&mut self, size: usize, values: usize) -> Result<(), RoomError> {
        let each = WRITE_COST.saturating_mul(values.max(1) as u64);
        let cost = (size as u64).saturating_add(each);
        self.written = self.written.saturating_add(cost);
        match self.written > self.grant.limits().write_bytes {
            true => Err(RoomError::over_budget()),
            false => Ok(()),
        }
    }

    /// Says that the call did something that must not happen twice, such as sending a message: after a conflict it is not run again.
    pub fn cannot_repeat(&mut self) {
        self.unrepeatable = true;
    }

    /// The changes to a document that this call has collected, in order. Reads lay them over what the host replies.
    pub fn pending<'a>(
        &'a self,
        document: &'a Document,
    ) -> impl DoubleEndedIterator<Item = &'a Change> {
        self.writes
            .iter()
            .filter(move |write| write.document == *document)
            .map(|write| &write.change)
    }

    /// All changes that this call has collected, in order.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Registers a contribution, while `lifecycle.load` runs.
    pub fn register(&mut self, extension: &'static str, name: String) -> Result<(), RoomError> {
        let Some(registrations) = &mut self.registrations else {
            return Err(RoomError::invalid(
                "registering works only while `lifecycle.load` runs",
            ));
        };
        let registration = Registration { extension, name };
        if !registrations.contains(&registration) {
            registrations.push(registration);
        }
        Ok(())
    }

    /// A value that a capability keeps for the length of the call, made on first use.
    pub fn local<T: Default + Send + 'static>(&mut self) -> &mut T {
        let position = self.locals.iter().position(|local| local.is::<T>());
        let position = position.unwrap_or_else(|| {
            self.locals.push(Box::<T>::default());
            self.locals.len() - 1
        });
        #[expect(
            clippy::expect_used,
            clippy::indexing_slicing,
            reason = "the value was found or pushed above"
        )]
        self.locals[position]
            .downcast_mut()
            .expect("a local of this type")
    }
}
