//! What plugins are prepared against: the rooms of a host, its one write port, its log and its observers.

use std::sync::Arc;

use wasmtime::component::Linker;

use super::cache::CompileCache;
use super::extension::AnyExtension;
use super::line::Line;
use crate::capability::{Capability, Ctx, Granted, LogSink, Port, Slot};
use crate::clock::SharedClock;
use crate::grant::Grant;
use crate::permission::{CapabilityDescriptor, Catalogue, Gate};
use crate::problem::Problem;
use crate::receipt::Record;
use crate::write_set::WriteSet;

/// Sees every receipt, exactly once. Called where the call ends, so it should not block; one that panics is logged and ignored.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of a call that has ended.
    fn record(&self, record: &Record);
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
    pub(crate) line: Line,
    pub(crate) clock: SharedClock,
}

/// A capability whose type is forgotten, in the list of a host.
pub(crate) trait AnyCapability: Send + Sync {
    fn descriptor(&self) -> CapabilityDescriptor;
    fn slot(&self, grant: &Grant, clock: &SharedClock) -> Result<Slot, Problem>;
    fn link(&self, linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()>;
}

impl<C: Capability> AnyCapability for C {
    fn descriptor(&self) -> CapabilityDescriptor {
        C::DESCRIPTOR
    }

    fn slot(&self, grant: &Grant, clock: &SharedClock) -> Result<Slot, Problem> {
        let granted = Granted::of(grant, clock, &C::DESCRIPTOR)?;
        Ok(Slot::new::<C>(self.state(granted)))
    }

    fn link(&self, linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()> {
        C::link(linker, gate)
    }
}
