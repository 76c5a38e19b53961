//! A prepared plugin, and the count of its calls in flight.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use wasmtime::component::InstancePre;

use super::call;
use super::config::EngineRoom;
use super::extension::Typed;
use super::host_rooms::HostRooms;
use super::pool::WarmPool;
use crate::capability::{Ctx, Holdings, Registration};
use crate::grant::Grant;
use crate::guard::Standing;
use crate::health::{Counts, Tally};
use crate::identity::Identity;
use crate::receipt::Receipt;
use crate::subject::Subject;

/// A plugin that is compiled, linked under its grant, and ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

pub(crate) struct Inner {
    pub(super) rooms: Arc<HostRooms>,
    pub(super) room: Arc<EngineRoom>,
    pub(super) holdings: Arc<Holdings>,
    pub(super) pre: InstancePre<Ctx>,
    /// By the extension's place in the host's list.
    pub(super) bound: Vec<Option<Bound>>,
    pub(super) pool: Arc<WarmPool>,
    pub(super) weight: u32,
    /// How the plugin stands with the host's guard: shared by all of its versions.
    pub(super) standing: Arc<Standing>,
    /// How many of its calls fail.
    pub(super) tally: Tally,
    flights: Flights,
}

/// An extension that the plugin provides.
pub(super) struct Bound {
    /// The type of the extension.
    pub(super) room: TypeId,
    /// Its `Bound`.
    pub(super) functions: Arc<dyn Any + Send + Sync>,
}

impl Inner {
    pub(super) fn new(
        rooms: Arc<HostRooms>,
        room: Arc<EngineRoom>,
        holdings: Arc<Holdings>,
        pre: InstancePre<Ctx>,
        bound: Vec<Option<Bound>>,
        pool: Arc<WarmPool>,
        weight: u32,
    ) -> Self {
        let standing = rooms.warden.standing(&holdings.grant.identity().plugin);
        let tally = Tally::new(rooms.health.window_ms);
        Self {
            rooms,
            room,
            holdings,
            pre,
            bound,
            pool,
            weight,
            standing,
            tally,
            flights: Flights::default(),
        }
    }

    pub(super) fn identity(&self) -> &Arc<Identity> {
        self.holdings.grant.identity()
    }

    /// Whether it takes no more calls of others: it was replaced, or is unloaded.
    pub(super) fn is_closed(&self) -> bool {
        self.flights.is_closed()
    }
}

impl Plugin {
    pub(super) fn of(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Who the plugin is.
    pub fn identity(&self) -> &Arc<Identity> {
        self.0.identity()
    }

    /// What the plugin may do. [`Grant::revoke`] takes a permission back at once.
    pub fn grant(&self) -> &Grant {
        &self.0.holdings.grant
    }

    /// Calls the plugin. Whatever becomes of the call, a receipt comes of it, also if the future is dropped after it began: then only the
    /// observers see it. The call begins when the future is first polled.
    pub fn call<E: Typed>(
        &self,
        subject: Subject,
        request: E::Request,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        call::call::<E>(
            Entrance::Knock(self.0.clone()),
            subject,
            request,
            None,
            None,
        )
    }

    /// Calls with registration open, as `lifecycle.load` needs it; gives what was registered.
    pub(crate) async fn load<E: Typed>(
        &self,
        subject: Subject,
        request: E::Request,
    ) -> (Receipt<E::Reply>, Vec<Registration>) {
        let mut registered = Vec::new();
        let entrance = Entrance::Steward(self.0.clone());
        let receipt =
            call::call::<E>(entrance, subject, request, None, Some(&mut registered)).await;
        (receipt, registered)
    }

    /// Calls a plugin on the host's own account: also while it is suspended, and what becomes of the call is not held against it.
    pub(crate) fn call_as_steward<E: Typed>(
        &self,
        subject: Subject,
        request: E::Request,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        call::call::<E>(
            Entrance::Steward(self.0.clone()),
            subject,
            request,
            None,
            None,
        )
    }

    /// Like [`Plugin::call_as_steward`], for a plugin that takes no more calls from others.
    pub(crate) fn call_drained<E: Typed>(
        &self,
        subject: Subject,
        request: E::Request,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        self.0.flights.take_off_closed();
        let hold = Hold {
            plugin: self.0.clone(),
            stopped: false,
            by_steward: true,
        };
        hold.call::<E>(subject, request)
    }

    /// Keeps the plugin from being stopped until the hold is dropped; `None` once it is stopped.
    pub(crate) fn hold(&self) -> Option<Hold> {
        let held = self.0.flights.take_off();
        held.then(|| Hold {
            plugin: self.0.clone(),
            stopped: false,
            by_steward: false,
        })
    }

    /// Whether the host's guard lets no calls of others through.
    pub(crate) fn is_suspended(&self) -> bool {
        self.0.standing.now().is_suspended()
    }

    /// What became of the calls in the window that ends now.
    pub(crate) fn counts(&self) -> Counts {
        let now_ms = self.0.rooms.since_began_ms(Instant::now());
        self.0.tally.counts(now_ms)
    }

    /// Takes no more calls. Those in flight go on.
    pub(crate) fn close(&self) {
        self.0.flights.close();
    }

    /// Takes no more calls, and waits for those in flight.
    pub(crate) async fn drain(&self) {
        self.0.flights.drain().await;
        self.0.pool.clear();
    }

    /// A text of the plugin as it may be shown: at most `limit` bytes of it, without its secrets, and escaped.
    pub(crate) fn show(&self, text: &str, limit: usize) -> String {
        self.0.holdings.redactor.show(text, limit)
    }

    pub(crate) fn rooms(&self) -> &Arc<HostRooms> {
        &self.0.rooms
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({})", self.identity())
    }
}

/// A plugin that is not stopped while this is held.
pub(crate) struct Hold {
    plugin: Arc<Inner>,
    stopped: bool,
    by_steward: bool,
}

impl Hold {
    pub(crate) fn call<E: Typed>(
        self,
        subject: Subject,
        request: E::Request,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        call::call::<E>(Entrance::Held(self), subject, request, None, None)
    }

    /// Like [`Hold::call`], with this much wall time instead of what the plugin's limits say.
    pub(crate) fn call_within<E: Typed>(
        self,
        subject: Subject,
        request: E::Request,
        wall: Duration,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        call::call::<E>(Entrance::Held(self), subject, request, Some(wall), None)
    }

    pub(super) fn plugin(&self) -> &Arc<Inner> {
        &self.plugin
    }

    /// Whether the call must not run.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether the host makes the call on its own account.
    pub(super) fn is_by_steward(&self) -> bool {
        self.by_steward
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.plugin.flights.land();
    }
}

/// How a call comes to its plugin.
pub(super) enum Entrance {
    /// Whoever makes it holds the plugin.
    Held(Hold),
    /// It asks for a hold when it begins.
    Knock(Arc<Inner>),
    /// The same, for a call that the host makes on its own account.
    Steward(Arc<Inner>),
}

impl Entrance {
    /// The hold; it says so if the plugin is stopped, and the call then leaves its receipt without running.
    pub(super) fn enter(self) -> Hold {
        let (plugin, by_steward) = match self {
            Self::Held(hold) => return hold,
            Self::Knock(plugin) => (plugin, false),
            Self::Steward(plugin) => (plugin, true),
        };
        let stopped = !plugin.flights.take_off();
        if stopped {
            plugin.flights.take_off_closed();
        }
        Hold {
            plugin,
            stopped,
            by_steward,
        }
    }
}

/// Counts calls in flight; closed, it lets none take off.
#[derive(Default)]
struct Flights {
    /// The number in flight; the highest bit is set once closed.
    state: AtomicU64,
    landed: Notify,
}

const CLOSED: u64 = 1 << 63;

impl Flights {
    fn take_off(&self) -> bool {
        let before = self.state.fetch_add(1, Ordering::AcqRel);
        if before & CLOSED != 0 {
            self.land();
            return false;
        }
        true
    }

    /// Takes off whether closed or not.
    fn take_off_closed(&self) {
        self.state.fetch_add(1, Ordering::AcqRel);
    }

    fn land(&self) {
        if self.state.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            self.landed.notify_waiters();
        }
    }

    fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
    }

    fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) & CLOSED != 0
    }

    async fn drain(&self) {
        self.close();
        loop {
            let landed = self.landed.notified();
            if self.state.load(Ordering::Acquire) == CLOSED {
                return;
            }
            landed.await;
        }
    }
}
