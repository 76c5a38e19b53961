//! One call: lease an instance, enter, commit, and leave exactly one receipt.

use std::any::TypeId;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use super::body::Bound;
use super::depth;
use super::effect::{Effected, KEEPS_CHANGING, take_effect};
use super::extension::Typed;
use super::fault::Fault;
use super::hold::Entrance;
use super::host_rooms::HostRooms;
use super::instance::Lease;
use super::line::{Places, Turn};
use super::nap::Nap;
use super::open::{Open, without_reply};
use super::slots::Slots;
use super::times::Share;
use super::within::{Cut, Within};
use crate::capability::port::{Taker, Watch};
use crate::capability::{Ended, Registration};
use crate::manifest::Activation;
use crate::permission::ExtensionDescriptor;
use crate::receipt::{Commit, Outcome, Receipt};
use crate::subject::Subject;

/// Makes a call. `share` is the time that it has, if not what its limits say; `registered` is `Some` for `lifecycle.load`, and gets what the plugin registered.
///
/// The future is made once and moved as little as possible, and what a warm call does not need stands in boxes: moving a large future
/// is what a call would spend its time on.
pub(super) async fn call<E: Typed>(
    entrance: Entrance,
    subject: Subject,
    request: E::Request,
    share: Option<Share>,
    mut registered: Option<&mut Vec<Registration>>,
) -> Receipt<E::Reply> {
    let hold = entrance.enter();
    let mut open = Open::begin(
        hold,
        const { &E::DESCRIPTOR },
        E::operation(&request),
        subject,
        share,
        E::hops(&request),
    );
    if open.hold.plugin().body().is_none()
        && let Err(fault) = Box::pin(rouse(&mut open, const { &E::DESCRIPTOR })).await
    {
        return without_reply(open.fail(fault));
    }
    let place = match admit::<E>(&open) {
        Ok(place) => place,
        Err(fault) => return without_reply(open.fail(fault)),
    };
    let mut turn: Option<Turn> = None;
    loop {
        let attempts = open.attempt();
        let ground = match ground(&open) {
            Some(ground) => ground,
            None => match Box::pin(wait_for_slots(&mut open)).await {
                Ok(slots) => Ground::Slots(slots),
                Err(fault) => return without_reply(open.fail(fault)),
            },
        };
        let (deadline, span) = (open.times.deadline(), open.span.clone());
        let mut watch = Watch::until(deadline);
        let ended = {
            let registering = registered.is_some();
            let work = pin!(Some(run::<E>(
                &mut open,
                place,
                ground,
                &request,
                registering
            )));
            Within::new(deadline, &mut watch, span, work).await
        };
        let reply = match conclude(&mut open, ended, &watch) {
            Ok(reply) => reply,
            Err(fault) => return without_reply(open.fail(fault)),
        };
        if let Some(registered) = &mut registered {
            **registered = open.take_registrations();
        }
        let Some(effects) = open.take_effects() else {
            let record = open.succeed(Commit::None);
            let reply = Some(reply);
            return Receipt { record, reply };
        };
        let refused = Commit::Refused {
            writes: effects.changes(),
        };
        match Box::pin(take_effect(open, effects, attempts)).await {
            Effected::Again(again, places) => {
                open = *again;
                let rooms = open.hold.plugin().rooms.clone();
                turn = match Box::pin(wait(rooms, open.times.deadline(), turn, places)).await {
                    Some(turn) => Some(turn),
                    None => return without_reply(open.not_committed(KEEPS_CHANGING, refused)),
                };
            }
            Effected::Done(record) => {
                let reply = (record.outcome == Outcome::Returned).then_some(reply);
                return Receipt { record, reply };
            }
        }
    }
}

/// The extension's place in the host's list; else why the plugin is not called through it.
fn admit<E: Typed>(open: &Open) -> Result<usize, Fault> {
    check(open, E::DESCRIPTOR.permission)?;
    let room = TypeId::of::<E>();
    let is_it = |bound: &Option<Bound>| bound.as_ref().is_some_and(|bound| bound.room == room);
    let body = open.hold.plugin().body();
    match body.and_then(|body| body.bound.iter().position(is_it)) {
        Some(place) => Ok(place),
        None => not_run("the plugin does not provide this extension"),
    }
}

/// Why the plugin is not called, if there is a reason that holds whether it is awake or not.
fn check(open: &Open, permission: Option<&str>) -> Result<(), Fault> {
    if open.hold.is_stopped() {
        return not_run("the plugin is stopped");
    }
    if depth::is_reached() {
        let why = format!("calls are nested in each other {} deep", depth::MOST);
        return not_run(&why);
    }
    let plugin = open.hold.plugin();
    if open.began.is_disabled() && !open.hold.is_by_steward() {
        return match open.began.is_suspended() {
            true => not_run(&plugin.rooms.warden.refusal(&plugin.identity().plugin)),
            false => not_run("the plugin is disabled"),
        };
    }
    if let Some(permission) = permission
        && plugin.grant.is_revoked(permission)
    {
        let why = format!("`{permission}` was revoked");
        return Err(Fault::new(Outcome::Denied, why));
    }
    Ok(())
}

fn not_run<T>(why: &str) -> Result<T, Fault> {
    Err(Fault::new(Outcome::NotRun, why))
}

/// Has a plugin woken that is asleep, if the call is one that may wake it, and waits for it. The plugin's time begins when it is awake.
#[cold]
async fn rouse(open: &mut Open, room: &ExtensionDescriptor) -> Result<(), Fault> {
    check(open, room.permission)?;
    let plugin = open.hold.plugin();
    let mut provided = plugin.grant.extensions();
    if !provided.any(|decision| decision.extension == room.id) {
        return not_run("the plugin does not provide this extension");
    }
    let activation = plugin.nap.as_ref().map(Nap::activation);
    if open.hold.is_by_steward() || activation.is_none() {
        return not_run("the plugin is asleep");
    }
    if activation == Some(Activation::FirstMatch) && !room.on_match {
        return not_run("the plugin is asleep, and is woken by a hook or an event only");
    }
    match open.hold.awaken(Some(open.times.patience())).await {
        Some(Ok(())) => {}
        Some(Err(unwoken)) => {
            let why = format!("the plugin was asleep and cannot be woken: {}", unwoken.why);
            return Err(Fault::new(unwoken.outcome, why).of_others());
        }
        None => return not_run("the plugin was asleep and did not wake in time"),
    }
    open.times.run_from(Instant::now());
    // What happened meanwhile counts: somebody may have disabled it.
    open.began = plugin.standing.now();
    match open.hold.unregistered(room.id) {
        Some(name) => {
            let why = format!("the plugin did not register `{name}` when it was woken");
            not_run(&why)
        }
        None => Ok(()),
    }
}

/// What the plugin runs on.
enum Ground {
    /// An instance that served such a call before.
    Warm(Lease),
    /// Room for a fresh one.
    Slots(Slots),
}

/// What the plugin can run on at once.
fn ground(open: &Open) -> Option<Ground> {
    let body = open.hold.plugin().body()?;
    let instances = open.hold.plugin().grant.instances();
    match body.pool.take(open.who().1, instances) {
        Some(warm) => Some(Ground::Warm(warm)),
        None => body.free_slots().map(Ground::Slots),
    }
}

/// Waits for slots. The plugin's time begins when it has them, unless it has begun before.
#[cold]
async fn wait_for_slots(open: &mut Open) -> Result<Slots, Fault> {
    let Some(body) = open.hold.plugin().body() else {
        return not_run("the plugin is asleep");
    };
    let is_first = open.attempts() == 1;
    let until = match is_first {
        true => open.times.patience(),
        false => open.times.deadline(),
    };
    let slots = tokio::time::timeout_at(until.into(), body.slots());
    match slots.await {
        Ok(Ok(slots)) => {
            if is_first {
                open.times.run_from(Instant::now());
            }
            Ok(slots)
        }
        Ok(Err(closed)) => Err(Fault::new(Outcome::HostFault, closed.to_string())),
        Err(_) => not_run("no slot of the engine came free in time"),
    }
}

/// Leases an instance and enters it. The receipt holds the lease while the plugin runs: if this future is dropped, what the call did is
/// still known.
async fn run<E: Typed>(
    open: &mut Open,
    place: usize,
    ground: Ground,
    request: &E::Request,
    registering: bool,
) -> wasmtime::Result<Result<E::Reply, String>> {
    let (id, subject) = open.who();
    let subject = subject.clone();
    let (deadline, hops) = (open.times.deadline(), open.hops);
    let Open { hold, lease, .. } = open;
    let Some(body) = hold.plugin().body() else {
        return Err(wasmtime::Error::msg("the plugin is asleep"));
    };
    let lease = match ground {
        Ground::Warm(warm) => {
            let lease = lease.insert(warm);
            lease.begin(id, subject, deadline)?;
            lease.store.data_mut().call.led_to_by(hops);
            lease
        }
        Ground::Slots(slots) => {
            let fresh = lease.insert(Lease::new(body, slots, id, subject, deadline)?);
            // Its start runs with it: what it emits there has as many events behind it as what it emits later.
            let call = &mut fresh.store.data_mut().call;
            call.led_to_by(hops);
            call.registrations = registering.then(Vec::new);
            Box::pin(fresh.start(body)).await?;
            fresh
        }
    };
    let (exports, store) = lease.exports::<E>(body, place)?;
    E::enter(exports, store, request).await
}

/// What the plugin replied, or what became of it.
fn conclude<R>(
    open: &mut Open,
    ended: Result<wasmtime::Result<Result<R, String>>, Cut>,
    watch: &Watch,
) -> Result<R, Fault> {
    match ended {
        Ok(Ok(reply)) => {
            open.retire_or_keep();
            reply.map_err(|message| Fault::new(Outcome::GuestError, message))
        }
        Ok(Err(error)) => Err(in_its_own_time(open, open.fault_of(&error), watch)),
        Err(Cut::Elapsed) => {
            let fault = match watch.waits_for_its_turn() {
                true => Fault::new(Outcome::TimedOut, Ended::TimedOut.to_string()),
                false => {
                    let why = "the wall time ran out while the plugin waited";
                    Fault::new(Outcome::TimedOut, why)
                }
            };
            Err(in_its_own_time(open, fault, watch))
        }
        Err(Cut::Panicked(text)) => Err(panicked(open, text)),
    }
}

/// Whether it was the plugin that has spent the time that ran out. It was not where one answer of a port took most of it; where others kept
/// it from running at all; where it had less than its full time, because of those before it in what it is part of; and where it ran before,
/// was in time, and had less than half of its time left when it had to run again because of what others changed.
#[cold]
fn in_its_own_time(open: &Open, fault: Fault, watch: &Watch) -> Fault {
    if fault.outcome != Outcome::TimedOut {
        return fault;
    }
    let plugin = open.hold.plugin();
    // Who waits for an answer of its own to a question of its own has nobody else to wait for.
    let asked_itself = || plugin.standing.has_asked_itself(open.who().0);
    match watch.taker() {
        Some(Taker::Port) if !asked_itself() => {
            let why = "the wall time ran out while the plugin waited for the host";
            return Fault::new(Outcome::TimedOut, why).of_host();
        }
        Some(Taker::Neighbours) => {
            let why = "the wall time ran out while others kept the plugin from running";
            return Fault::new(Outcome::TimedOut, why).of_host();
        }
        _ => {}
    }
    let ran_again = open.attempts() > 1;
    let had_ms = u128::from(watch.took_ms()) * 2;
    let is_cut = ran_again && had_ms < open.times.wall().as_millis();
    match is_cut || open.times.is_short() {
        true => fault.of_host(),
        false => fault,
    }
}

#[cold]
fn panicked(open: &Open, text: Option<String>) -> Fault {
    let (call, _) = open.who();
    let plugin = open.hold.plugin();
    let redactor = plugin.redactor();
    let text = text.map(|text| redactor.show(&text, 1_024));
    let plugin = plugin.identity();
    tracing::error!(
        plugin = %plugin.plugin,
        version = %plugin.version,
        %call,
        panic = text,
        "the host panicked in a call"
    );
    let why = "the host panicked while it served the plugin";
    Fault::new(Outcome::HostFault, why)
}

/// The call's turn to run again; `None` if it does not come in time. One that has a turn keeps it, unless it now depends on something else.
async fn wait(
    rooms: Arc<HostRooms>,
    deadline: Instant,
    turn: Option<Turn>,
    places: Places,
) -> Option<Turn> {
    match turn {
        Some(turn) if turn.covers(&places) => return Some(turn),
        other => drop(other),
    }
    tokio::time::timeout_at(deadline.into(), rooms.line.join(places))
        .await
        .ok()
}
