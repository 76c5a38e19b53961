//! A prepared plugin, and the count of its calls in flight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::body::Body;
use super::call;
use super::extension::Typed;
use super::flights::Flights;
use super::hold::{Entrance, Hold};
use super::host_rooms::HostRooms;
use super::nap::Nap;
use crate::bus::{Message, Source};
use crate::capability::Registration;
use crate::grant::Grant;
use crate::guard::Standing;
use crate::health::{Counts, Tally};
use crate::identity::Identity;
use crate::package::Package;
use crate::receipt::Receipt;
use crate::redactor::Redactor;
use crate::subject::Subject;

/// A plugin under its grant: compiled, linked and ready to be called, or asleep, where its manifest says that it need not be ready before.
/// Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

pub(crate) struct Inner {
    pub(super) rooms: Arc<HostRooms>,
    pub(super) grant: Grant,
    /// Filled once, when the plugin is prepared or woken; what falls asleep is another one in its place.
    body: OnceLock<Arc<Body>>,
    /// What a woken plugin has registered. There before its body is.
    registered: OnceLock<Option<Vec<Registration>>>,
    /// `None` for a plugin that cannot be asleep.
    pub(super) nap: Option<Nap>,
    /// How the plugin stands with the host's guard: shared by all of its versions.
    pub(super) standing: Arc<Standing>,
    /// How many of its calls fail. The plugin keeps it while it is asleep.
    pub(super) tally: Arc<Tally>,
    /// When its last call has ended, in milliseconds of the host's time.
    last_used_ms: AtomicU64,
    flights: Flights,
}

impl Inner {
    pub(super) fn new(
        rooms: Arc<HostRooms>,
        grant: Grant,
        body: Option<Arc<Body>>,
        nap: Option<Nap>,
    ) -> Self {
        let standing = rooms.warden.standing(&grant.identity().plugin);
        let tally = Arc::new(Tally::new(rooms.health.window_ms));
        let last_used_ms = rooms.since_began_ms(Instant::now()).into();
        Self {
            rooms,
            grant,
            body: body.map_or_else(OnceLock::new, OnceLock::from),
            registered: OnceLock::new(),
            nap,
            standing,
            tally,
            last_used_ms,
            flights: Flights::default(),
        }
    }

    pub(super) fn identity(&self) -> &Arc<Identity> {
        self.grant.identity()
    }

    /// The compiled parts; `None` while the plugin is asleep.
    pub(super) fn body(&self) -> Option<&Arc<Body>> {
        self.body.get()
    }

    /// Hides the plugin's secrets. While it is asleep it has said nothing.
    pub(super) fn redactor(&self) -> Redactor {
        let body = self.body();
        body.map(|body| body.holdings.redactor.clone())
            .unwrap_or_default()
    }

    pub(super) fn flights(&self) -> &Flights {
        &self.flights
    }

    /// Whether it takes no more calls of others: it was replaced, or is unloaded.
    pub(super) fn is_closed(&self) -> bool {
        self.flights.is_closed()
    }

    /// Whether a plugin that was woken has registered a contribution: all, if it registers nothing by itself.
    pub(super) fn registers(&self, extension: &str, name: &str) -> bool {
        let Some(Some(registered)) = self.registered.get() else {
            return true;
        };
        let mut registered = registered.iter();
        registered.any(|one| one.extension == extension && one.name == name)
    }

    /// The plugin that took the place of this one when it was put to sleep.
    pub(super) fn successor(self: &Arc<Self>) -> Option<Arc<Self>> {
        self.nap.as_ref()?;
        let next = self.rooms.waker.successor(&Plugin(Arc::clone(self)))?;
        Some(next.0)
    }

    /// A call has ended now, in milliseconds of the host's time.
    pub(super) fn used(&self, now_ms: u64) {
        self.last_used_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl From<Arc<Inner>> for Plugin {
    fn from(inner: Arc<Inner>) -> Self {
        Self(inner)
    }
}

impl Plugin {
    pub(super) fn of(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(super) fn held(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Who the plugin is.
    pub fn identity(&self) -> &Arc<Identity> {
        self.0.identity()
    }

    /// What the plugin may do. [`Grant::revoke`] takes a permission back at once.
    pub fn grant(&self) -> &Grant {
        &self.0.grant
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
        Hold::last(&self.0).call::<E>(subject, request)
    }

    /// Keeps the plugin from being stopped until the hold is dropped; `None` once it is stopped.
    pub(crate) fn hold(&self) -> Option<Hold> {
        Hold::take(&self.0)
    }

    /// Whether the host's guard lets no calls of others through.
    pub(crate) fn is_suspended(&self) -> bool {
        self.0.standing.now().is_suspended()
    }

    /// Whether the host, or its guard, lets no calls of others through.
    pub(crate) fn is_disabled(&self) -> bool {
        self.0.standing.now().is_disabled()
    }

    /// A question has come to a handler of this plugin, which may answer it. Where a call of the plugin asked it, that call waits for nobody else.
    pub(crate) fn is_asked(&self, message: &Message) {
        if let Source::Plugin { plugin, call } = &message.source
            && message.reply_to.is_some()
            && *plugin == self.identity().plugin
            && message
                .subject
                .owner()
                .is_none_or(|owner| owner == plugin.as_str())
        {
            self.0.standing.asks_itself(*call);
        }
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
        if let Some(body) = self.0.body() {
            body.pool.clear();
        }
    }

    /// Gives the memory of the code and of idle instances back. Nothing of it can be called any more.
    pub(crate) fn shed(&self) {
        if let Some(body) = self.0.body() {
            body.shed();
        }
    }

    /// A text of the plugin as it may be shown: at most `limit` bytes of it, without its secrets, and escaped.
    pub(crate) fn show(&self, text: &str, limit: usize) -> String {
        self.0.redactor().show(text, limit)
    }

    pub(crate) fn rooms(&self) -> &Arc<HostRooms> {
        &self.0.rooms
    }
}

/// Sleep.
impl Plugin {
    /// Whether it is compiled and loaded.
    pub(crate) fn is_awake(&self) -> bool {
        self.0.body().is_some()
    }

    /// Whether its manifest lets it sleep.
    pub(crate) fn can_sleep(&self) -> bool {
        self.0.nap.is_some()
    }

    /// What it is woken from; `None` for a plugin that cannot be asleep.
    pub(crate) fn package(&self) -> Option<&Package> {
        self.0.nap.as_ref().map(Nap::package)
    }

    /// Whether this is the same one, and not another version or the same at another time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Wakes it with the parts of one that was prepared in its stead, and has registered this.
    pub(crate) fn fill(&self, pilot: &Self, registered: Option<Vec<Registration>>) {
        if let Some(body) = pilot.0.body() {
            // An attempt to wake it happens once at a time, and ends when it is awake.
            let _first = self.0.registered.set(registered);
            let _first = self.0.body.set(Arc::clone(body));
            self.0.used(self.0.rooms.since_began_ms(Instant::now()));
        }
    }

    /// Whether nothing of it was called for so long, and nothing is now.
    pub(crate) fn is_idle(&self, idle_ms: u64) -> bool {
        let now_ms = self.0.rooms.since_began_ms(Instant::now());
        let since = now_ms.saturating_sub(self.0.last_used_ms.load(Ordering::Relaxed));
        since >= idle_ms && self.0.flights.is_empty()
    }

    /// Takes no more calls from now on, unless one is in flight; tells whether it does.
    pub(crate) fn close_if_empty(&self) -> bool {
        self.0.flights.close_if_empty()
    }

    /// The same plugin, asleep; `None` for one that cannot be.
    pub(crate) fn asleep_again(&self) -> Option<Self> {
        let nap = Some(self.0.nap.as_ref()?.again());
        let (rooms, grant) = (self.0.rooms.clone(), self.0.grant.clone());
        let tally = Arc::clone(&self.0.tally);
        Some(Self(Arc::new(Inner {
            tally,
            ..Inner::new(rooms, grant, None, nap)
        })))
    }

    /// Keeps it from being woken, until the guard is dropped; waits for a waking that goes on.
    pub(crate) async fn in_bed(&self) -> Option<tokio::sync::OwnedMutexGuard<()>> {
        let bed = Arc::clone(self.0.nap.as_ref()?.bed());
        Some(bed.lock_owned().await)
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({})", self.identity())
    }
}
