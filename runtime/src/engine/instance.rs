//! One instance of a plugin, with the slots that it takes.

use std::any::Any;
use std::time::Instant;

use wasmtime::component::Instance;
use wasmtime::{CallHook, Store, StoreContextMut, UpdateDeadline};

use super::body::Body;
use super::config::Metering;
use super::extension::Typed;
use super::gate;
use super::slots::Slots;
use crate::capability::port;
use crate::capability::{Ctx, Ended};
use crate::identity::CallId;
use crate::limits::Limits;
use crate::subject::Subject;

/// A plugin on the metered engine lets others run each time it has used this much fuel: about a tenth of a millisecond.
const FUEL_YIELD: u64 = 100_000;

/// A store, and the instance in it once its start has run.
pub(crate) struct Lease {
    pub(super) store: Store<Ctx>,
    instance: Option<Instance>,
    /// The functions of extensions that were called on it, by the extension's place in the host's list.
    exports: Vec<Option<Box<dyn Any + Send + Sync>>>,
    _slots: Slots,
}

impl Lease {
    /// A store for the plugin, armed for this call. Nothing of the plugin has run.
    pub(super) fn new(
        body: &Body,
        slots: Slots,
        id: CallId,
        subject: Subject,
        deadline: Instant,
    ) -> wasmtime::Result<Self> {
        let ctx = Ctx::new(body.holdings.clone(), id, subject, deadline);
        let mut store = Store::new(&body.room.engine, ctx);
        let limits = *body.holdings.grant.limits();
        store.limiter(|ctx| &mut ctx.limiter);
        store.set_hostcall_fuel(usize::try_from(limits.result_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(usize::try_from(limits.handles).unwrap_or(usize::MAX));
        store.call_hook(on_crossing);
        if body.room.metering == Metering::Clock {
            store.epoch_deadline_callback(on_tick);
        }
        let mut lease = Self {
            store,
            instance: None,
            exports: body.bound.iter().map(|_| None).collect(),
            _slots: slots,
        };
        lease.arm(&limits)?;
        Ok(lease)
    }

    /// Begins the next call on a warm instance.
    pub(super) fn begin(
        &mut self,
        id: CallId,
        subject: Subject,
        deadline: Instant,
    ) -> wasmtime::Result<()> {
        self.store.data_mut().call.begin(id, subject, deadline);
        let limits = *self.store.data().call.limits();
        self.arm(&limits)
    }

    fn arm(&mut self, limits: &Limits) -> wasmtime::Result<()> {
        match limits.fuel {
            None => self.store.set_epoch_deadline(1),
            Some(fuel) => {
                self.store.set_fuel(fuel)?;
                self.store.fuel_async_yield_interval(Some(FUEL_YIELD))?;
            }
        }
        Ok(())
    }

    /// Instantiates the plugin, which runs its start.
    pub(super) async fn start(&mut self, body: &Body) -> wasmtime::Result<()> {
        self.instance = Some(body.code()?.instantiate_async(&mut self.store).await?);
        Ok(())
    }

    /// The functions of the extension in this place of the host's list, and the store to call them in.
    pub(super) fn exports<E: Typed>(
        &mut self,
        body: &Body,
        place: usize,
    ) -> wasmtime::Result<(&E::Exports, &mut Store<Ctx>)> {
        let (Some(instance), Some(slot)) = (&self.instance, self.exports.get_mut(place)) else {
            return Err(wasmtime::Error::msg("the instance was not started"));
        };
        if slot.is_none() {
            let bound = body.bound.get(place).and_then(Option::as_ref);
            let bound = bound.and_then(|bound| bound.functions.downcast_ref::<E::Bound>());
            let bound = bound.ok_or_else(|| wasmtime::Error::msg("the extension is not bound"))?;
            *slot = Some(Box::new(E::exports(bound, &mut self.store, instance)?));
        }
        let exports = slot.as_ref().and_then(|exports| exports.downcast_ref());
        let exports = exports
            .ok_or_else(|| wasmtime::Error::msg("the extension is bound to another type"))?;
        Ok((exports, &mut self.store))
    }

    /// Whom its call is about, or was about if it is idle.
    pub(super) fn subject(&self) -> &Subject {
        self.store.data().call.subject()
    }

    /// The fuel that the call has used, where it is metered.
    pub(super) fn fuel_used(&self) -> Option<u64> {
        let fuel = self.store.data().call.limits().fuel?;
        Some(fuel.saturating_sub(self.store.get_fuel().ok()?))
    }
}

/// Each millisecond: end the call if its time is up, else let other tasks of this thread run, unless the call has only just begun.
fn on_tick(mut store: StoreContextMut<'_, Ctx>) -> wasmtime::Result<UpdateDeadline> {
    let call = store.data_mut().call();
    if Instant::now() >= call.deadline {
        call.ended = Some(Ended::TimedOut);
        return Ok(UpdateDeadline::Interrupt);
    }
    if port::is_young() {
        return Ok(UpdateDeadline::Continue(1));
    }
    let turn = gate::turn(call.plugin().clone());
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(turn)))
}

/// Wherever the plugin comes back from the host: end the call if its time is up. Compiled code looks at the epoch where functions begin and
/// loops repeat, and at its fuel; what the host does for a plugin between these is the plugin's time as well.
fn on_crossing(store: StoreContextMut<'_, Ctx>, crossing: CallHook) -> wasmtime::Result<()> {
    match crossing {
        CallHook::ReturningFromHost if port::is_late() => too_late(store),
        _ => Ok(()),
    }
}

#[cold]
fn too_late(mut store: StoreContextMut<'_, Ctx>) -> wasmtime::Result<()> {
    // Where the host has ended the call already, that is why.
    let ended = store.data_mut().call().ended.get_or_insert(Ended::TimedOut);
    Err(ended.clone().into())
}
