//! `event-emit`: emit events. Those of a call are published when it has returned; a request goes out at once.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;

use super::port::{PortError, bus};
use super::{Capability, Ctx, Granted, HasRoom, RoomError, RoomView};
use crate::bus::{
    Bus, BusError, Emission, EventSubject, Message, RequestError, Source, SubjectPattern,
};
use crate::manifest::PluginId;
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::parse_value;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-event-emit",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::event_emit as wit;

const EMIT: &str = "event:emit";

/// Which events a plugin may emit, and how many. Requests are events, too.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmitScope {
    /// Patterns of subjects, in which `*` stands for any one token and a last `>` for one or more. Without it `plugin.<id of the plugin>.>`; all are `>`.
    pub subjects: Option<Vec<SubjectPattern>>,
    /// How many events one call may emit. Default 64.
    pub per_call: u32,
}

impl Default for EmitScope {
    /// As many as wait for a handler by default: more at once would be dropped.
    fn default() -> Self {
        Self {
            subjects: None,
            per_call: 64,
        }
    }
}

/// The capability `event-emit`.
#[derive(Clone)]
pub struct EventEmit {
    bus: Arc<dyn Bus>,
    hops: u32,
    waits: Arc<Semaphore>,
}

impl EventEmit {
    /// The capability over a bus. A call that `hops` events led to can emit no more; as many calls as `waits` has permits wait for replies at
    /// once, and further requests are refused.
    pub fn new(bus: Arc<dyn Bus>, hops: u32, waits: Arc<Semaphore>) -> Self {
        Self { bus, hops, waits }
    }
}

/// What a plugin holds of `event-emit`.
pub struct EmitState {
    bus: Arc<dyn Bus>,
    hops: u32,
    waits: Arc<Semaphore>,
    /// The patterns of each scope.
    subjects: Vec<Vec<SubjectPattern>>,
    /// The smallest number of all scopes.
    per_call: usize,
}

impl Capability for EventEmit {
    type Scope = EmitScope;
    type State = EmitState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "event-emit",
        summary: "Emit events once the call has returned, and wait for replies to requests.",
        wit: include_str!("../../wit/event-emit.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/event-emit",
            version: "0.1.0",
            permission: Some(EMIT),
        }],
        scope: RawParser::of::<EmitScope>(),
    };

    fn state(&self, granted: Granted<'_, EmitScope>) -> EmitState {
        let plugin = &granted.grant.identity().plugin.clone();
        let mut held = granted.grant.held().iter();
        let asks_for_more = held.any(|held| held.permission == EMIT && held.by_plugin);
        let scopes = granted.into_scopes();
        let per_call = scopes.iter().map(|scope| scope.per_call).min().unwrap_or(0);
        let subjects = scopes.into_iter().map(|scope| scope.subjects);
        let mut subjects: Vec<_> = subjects
            .map(|subjects| subjects.unwrap_or_else(|| own(plugin)))
            .collect();
        if !asks_for_more {
            // A host's scope narrows what a plugin gets that names none; it speaks to all plugins, and gives none of them more.
            subjects.push(own(plugin));
        }
        EmitState {
            bus: self.bus.clone(),
            hops: self.hops,
            waits: Arc::clone(&self.waits),
            subjects,
            per_call: usize::try_from(per_call).unwrap_or(usize::MAX),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

/// The subjects below the plugin's own. A plugin's id is a token; were it none, nothing would be allowed.
fn own(plugin: &PluginId) -> Vec<SubjectPattern> {
    let pattern = SubjectPattern::new(&format!("plugin.{plugin}.>"));
    pattern.into_iter().collect()
}

/// How many requests a call has made.
#[derive(Default)]
struct Requests(usize);

impl RoomView<'_, EventEmit> {
    /// Begins a function: counts it, and checks what is to be emitted.
    fn enter_event(
        &mut self,
        operation: &str,
        subject: &str,
        payload: &str,
    ) -> Result<Emission, RoomError> {
        self.enter(EMIT, operation)?;
        let subject = EventSubject::new(subject)
            .map_err(|error| RoomError::invalid(format!("subject: {error}")))?;
        if let Some(why) = self.why_not(&subject) {
            return Err(self.call.deny(EMIT, format!("{operation} {subject}"), &why));
        }
        parse_value("payload", payload).map_err(RoomError::invalid)?;
        let Requests(requests) = *self.call.local();
        if self.call.emissions().len() + requests >= self.state.per_call {
            return Err(RoomError::over_budget());
        }
        let payload = payload.into();
        Ok(Emission { subject, payload })
    }

    /// Why the plugin may not emit such an event, if it may not.
    fn why_not(&self, subject: &EventSubject) -> Option<String> {
        if subject.is_reserved() {
            return Some("subjects that begin with `_` are the bus's own".to_owned());
        }
        let allows =
            |scope: &Vec<SubjectPattern>| scope.iter().any(|pattern| pattern.matches(subject));
        if !self.state.subjects.iter().all(allows) {
            return Some("outside the scope `subjects`".to_owned());
        }
        let hops = self.state.hops;
        (self.call.hops() >= hops).then(|| format!("more than {hops} hops"))
    }

    /// An event that goes out while the call runs, with what the host says about it.
    fn message(&self, emission: Emission) -> Message {
        Message {
            subject: emission.subject,
            payload: emission.payload,
            source: Source::Plugin {
                plugin: self.call.plugin().plugin.clone(),
                call: self.call.id(),
            },
            about: self.call.subject().clone(),
            hops: self.call.hops().saturating_add(1),
            reply_to: None,
        }
    }

    /// A reply as the plugin gets it. Another host may have let it pass.
    fn checked(&self, reply: &Message) -> Result<String, RoomError> {
        match parse_value("reply", &reply.payload) {
            Ok(_) => Ok(reply.payload.to_string()),
            Err(_) => Err(self.call.port_broke_protocol("event-emit")),
        }
    }
}

impl wit::Host for RoomView<'_, EventEmit> {
    async fn emit(&mut self, subject: String, payload: String) -> Result<(), RoomError> {
        let emission = self.enter_event("event-emit.emit", &subject, &payload)?;
        self.call.emit(emission)
    }

    async fn request(
        &mut self,
        subject: String,
        payload: String,
        timeout_ms: u32,
    ) -> Result<String, RoomError> {
        let emission = self.enter_event("event-emit.request", &subject, &payload)?;
        if timeout_ms == 0 {
            return Err(RoomError::invalid("timeout-ms: at least 1"));
        }
        // A call that waits keeps its place in the engine: those that are to reply need some, too.
        let Ok(_waits) = Arc::clone(&self.state.waits).try_acquire_owned() else {
            return Err(RoomError::unavailable());
        };
        let Requests(requests) = self.call.local();
        *requests += 1;
        self.call.cannot_repeat();
        let message = self.message(emission);
        // The call's own deadline ends the call while it waits.
        let patience = Duration::from_millis(timeout_ms.into());
        match bus::request(&*self.state.bus, message, patience).await {
            Ok(reply) => self.checked(&reply),
            Err(RequestError::NoResponders) => Err(RoomError::not_found()),
            Err(RequestError::TimedOut) => Err(RoomError::unavailable()),
            Err(RequestError::Bus(BusError::Unavailable(detail))) => {
                let error = PortError::Unavailable(detail);
                Err(self.call.port_failed("event-emit", error))
            }
        }
    }
}
