//! What plugins are prepared against: the rooms of a host, its one write port, its log and its observers.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::Linker;

use super::cache::CompileCache;
use super::compile::Compiler;
use super::extension::AnyExtension;
use super::line::Line;
use super::nap::Waker;
use crate::bus::Bus;
use crate::capability::{Capability, Ctx, Granted, LogSink, Port, Slot};
use crate::clock::SharedClock;
use crate::configuration::Configuration;
use crate::grant::Grant;
use crate::guard::{Stand, Standing, Turn};
use crate::health::HealthPolicy;
use crate::manifest::PluginId;
use crate::permission::{CapabilityDescriptor, Catalogue, Gate};
use crate::problem::Problem;
use crate::receipt::{ChainReceipt, Record};
use crate::write_set::WriteSet;

/// Sees every receipt, exactly once. Called where the call ends, so it should not block; one that panics is logged and ignored.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of a call that has ended.
    fn record(&self, record: &Record);

    /// Takes note of a chain of hook handlers that has ended, after each of its calls. Does nothing by default.
    fn chain(&self, chain: &ChainReceipt) {
        let _nothing_to_note = chain;
    }
}

/// Decides by what became of a plugin's calls whether there are to be more of them. Asked by every call, so it answers from what it knows.
pub(crate) trait Warden: Send + Sync + 'static {
    /// How the plugin stands, whatever its version.
    fn standing(&self, plugin: &PluginId) -> Arc<Standing>;

    /// Takes note of a call that ended and had begun when the plugin stood like this. Not told of calls that went well while nobody
    /// watches. Gives what is to be announced once the observers have seen the receipt.
    fn ended(&self, record: &Record, began: Stand) -> Option<Turn>;

    /// Lets others know, and does what follows.
    fn announce(&self, record: &Record, turn: Turn);

    /// Why a suspended plugin is not called, and what to do about it.
    fn refusal(&self, plugin: &PluginId) -> String;
}

/// The rooms of a host and what stands behind them.
pub(crate) struct HostRooms {
    pub(crate) catalogue: Catalogue,
    pub(crate) capabilities: Vec<Arc<dyn AnyCapability>>,
    pub(crate) extensions: Vec<Arc<dyn AnyExtension>>,
    pub(crate) commit: Arc<dyn Port<WriteSet>>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) cache: Option<Arc<CompileCache>>,
    pub(crate) compiler: Compiler,
    pub(crate) line: Line,
    pub(crate) clock: SharedClock,
    pub(crate) warden: Arc<dyn Warden>,
    pub(crate) waker: Arc<dyn Waker>,
    pub(crate) health: HealthPolicy,
    /// From when on the host counts the time of its tallies.
    pub(crate) began: Instant,
    /// Where events go once their calls have returned.
    pub(crate) bus: Arc<dyn Bus>,
}

impl HostRooms {
    /// Milliseconds from the host's beginning to a moment.
    pub(crate) fn since_began_ms(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.began);
        since.as_secs() * 1_000 + u64::from(since.subsec_millis())
    }
}

/// A capability whose type is forgotten, in the list of a host.
pub(crate) trait AnyCapability: Send + Sync {
    fn descriptor(&self) -> CapabilityDescriptor;
    fn slot(
        &self,
        grant: &Grant,
        clock: &SharedClock,
        configuration: &Arc<Configuration>,
    ) -> Result<Slot, Problem>;
    fn link(&self, linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()>;
}

impl<C: Capability> AnyCapability for C {
    fn descriptor(&self) -> CapabilityDescriptor {
        C::DESCRIPTOR
    }

    fn slot(
        &self,
        grant: &Grant,
        clock: &SharedClock,
        configuration: &Arc<Configuration>,
    ) -> Result<Slot, Problem> {
        let granted = Granted::of(grant, clock, configuration, &C::DESCRIPTOR)?;
        Ok(Slot::new::<C>(self.state(granted)))
    }

    fn link(&self, linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()> {
        C::link(linker, gate)
    }
}
