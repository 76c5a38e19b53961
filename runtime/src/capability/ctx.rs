//! What a store holds: the call, the plugin's capabilities, and the limits of the instance.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::call::Call;
use super::error::RoomError;
use super::limiter::Limiter;
use super::log_tap::{LogSink, LogTap};
use super::{Capability, types, wasi};
use crate::grant::Grant;
use crate::identity::CallId;
use crate::redactor::Redactor;
use crate::subject::Subject;

/// A capability as one plugin holds it.
pub(crate) struct Slot {
    pub(crate) capability: &'static str,
    room: TypeId,
    state: Box<dyn Any + Send + Sync>,
}

impl Slot {
    pub(crate) fn new<C: Capability>(state: C::State) -> Self {
        Self {
            capability: C::DESCRIPTOR.id,
            room: TypeId::of::<C>(),
            state: Box::new(state),
        }
    }
}

/// What all instances of a plugin share.
pub(crate) struct Holdings {
    pub(crate) grant: Grant,
    pub(crate) slots: Vec<Slot>,
    pub(crate) sink: Arc<dyn LogSink>,
    pub(crate) redactor: Redactor,
}

/// The data of a store: one plugin's instance, and the call that runs on it.
pub struct Ctx {
    pub(crate) call: Call,
    pub(crate) limiter: Limiter,
    holdings: Arc<Holdings>,
    /// Made when the plugin first asks for something of WASI: many never do.
    wasi: Option<Box<WasiCtx>>,
    table: ResourceTable,
    /// Whether its code has left in a way that it cannot be entered again, though the call went well.
    spent: bool,
}

impl Ctx {
    pub(crate) fn new(
        holdings: Arc<Holdings>,
        id: CallId,
        subject: Subject,
        deadline: Instant,
    ) -> Self {
        let grant = holdings.grant.clone();
        let limits = grant.limits();
        let tap = Arc::new(LogTap::new(
            grant.identity().clone(),
            holdings.sink.clone(),
            holdings.redactor.clone(),
            id,
            limits,
        ));
        let mut table = ResourceTable::new();
        table.set_max_capacity(usize::try_from(limits.handles).unwrap_or(usize::MAX));
        Self {
            limiter: Limiter::new(limits),
            wasi: None,
            call: Call::new(
                id,
                subject,
                grant,
                holdings.redactor.clone(),
                tap,
                holdings.slots.len(),
                deadline,
            ),
            holdings,
            table,
            spent: false,
        }
    }

    /// The call that runs.
    pub fn call(&mut self) -> &mut Call {
        &mut self.call
    }

    /// The resources of the instance, at most as many as its limit of handles.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.holdings.slots
    }

    /// For WASI's random numbers.
    pub(super) fn dice(&mut self) -> wasi::Dice<'_> {
        wasi::Dice {
            sources: of_wasi(&mut self.wasi, &self.call).random(),
            call: &mut self.call,
        }
    }

    /// Notes that the instance cannot be entered again: its code left by an exit or a trap that counts as no failure.
    pub(crate) fn spend(&mut self) {
        self.spent = true;
    }

    /// Whether the instance can be entered again, and has no host resource left.
    pub(crate) fn is_bare(&self) -> bool {
        !self.spent && self.table.is_empty()
    }

    /// The capability's state and the call, for the functions of its interfaces.
    pub fn view<C: Capability>(&mut self) -> RoomView<'_, C> {
        let room = TypeId::of::<C>();
        let mut slots = self.holdings.slots.iter().enumerate();
        let found = slots.find(|(_, slot)| slot.room == room);
        #[expect(
            clippy::expect_used,
            reason = "an interface is linked only after its capability got a slot"
        )]
        let (slot, state) = found
            .and_then(|(index, slot)| Some((index, slot.state.downcast_ref()?)))
            .expect("a linked capability has a slot");
        RoomView {
            state,
            call: &mut self.call,
            table: &mut self.table,
            slot,
        }
    }
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: of_wasi(&mut self.wasi, &self.call),
            table: &mut self.table,
        }
    }
}

fn of_wasi<'a>(wasi: &'a mut Option<Box<WasiCtx>>, call: &Call) -> &'a mut WasiCtx {
    wasi.get_or_insert_with(|| {
        let deterministic = call.limits().fuel.is_some();
        Box::new(wasi::context(&call.tap, deterministic))
    })
}

/// What the functions of a capability's interface work on. Implement the `Host` traits that `bindgen!` makes for `RoomView<'_, YourRoom>`.
pub struct RoomView<'a, C: Capability> {
    /// What the capability made for this plugin.
    pub state: &'a C::State,
    /// The call.
    pub call: &'a mut Call,
    /// The resources of the instance.
    pub table: &'a mut ResourceTable,
    slot: usize,
}

impl<C: Capability> RoomView<'_, C> {
    /// Every function begins with this: counts the call against its budget and denies a permission that was revoked since the
    /// interface was linked. `asked` names the operation for the receipt.
    pub fn enter(&mut self, permission: &str, asked: &str) -> Result<(), RoomError> {
        self.count()?;
        if self.call.grant().is_revoked(permission) {
            return Err(self
                .call
                .deny_ungranted(permission, asked.to_owned(), "revoked"));
        }
        Ok(())
    }

    /// For a function that needs no permission: counts the call against its budget.
    pub fn count(&mut self) -> Result<(), RoomError> {
        self.call.count(self.slot)
    }
}

/// All capabilities answer with the same error, so it is converted in one place.
impl<C: Capability> types::Host for RoomView<'_, C> {
    fn convert_error(&mut self, error: RoomError) -> wasmtime::Result<types::Error> {
        error.into_answer()
    }
}

/// Names a capability to `bindgen!`'s `add_to_linker`.
pub struct HasRoom<C>(std::marker::PhantomData<C>);

impl<C: Capability> HasData for HasRoom<C> {
    type Data<'a> = RoomView<'a, C>;
}
