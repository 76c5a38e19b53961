//! Time passes: each tick every NPC picks an activity, and its effects are applied.

use std::sync::Arc;

use portcullis::{EnabledPlugins, Host, Scene, Subject};
use serde_json::{Map, Value};

use crate::core::Moment;
use crate::draw::Draw;
use crate::memory::MemoryState;
use crate::plan::{Activity, Asked, Condition, DoneBy, Effect};
use crate::state::Npc;
use crate::tally::{Answered, Tally, Who};

/// Worlds, the plugins that they use, and chance that follows from a seed. One tick is one hour of every world.
///
/// Worlds come in the order of their ids, and so do their NPCs. An NPC's session is the first whose player is where the NPC is.
/// Nothing depends on the clock or on the order in which threads run, so the same worlds, plugins and seed come to the same state;
/// plugins run the same each time if the host's policy sets `Limits::fuel`, and a wall time that no load of the machine uses up.
pub struct Simulation {
    host: Host,
    state: Arc<MemoryState>,
    seed: u64,
    ticks: u64,
    tally: Tally,
}

/// What holds for all NPCs of a world in a tick.
struct Stage {
    world: Arc<str>,
    hour: u64,
    enabled: Arc<EnabledPlugins>,
    settings: Map<String, Value>,
}

/// Whose turn it is.
struct Turn<'a> {
    stage: &'a Stage,
    who: Who,
    npc: Arc<Npc>,
    session: Option<Arc<str>>,
    subject: Subject,
    draw: Draw,
}

impl Simulation {
    /// A simulation of the worlds in `state`, which should be the state of `host` as well.
    pub fn new(host: Host, state: Arc<MemoryState>, seed: u64) -> Self {
        Self {
            host,
            state,
            seed,
            ticks: 0,
            tally: Tally::default(),
        }
    }

    /// The ticks so far.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// What came of conditions and effects so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Lets an hour pass in every world.
    pub async fn tick(&mut self) {
        for world in self.state.ids() {
            self.tick_world(world).await;
        }
        self.ticks += 1;
    }

    async fn tick_world(&mut self, world: Arc<str>) {
        let look = |world: &crate::World| {
            (
                world.hour,
                world.enabled.clone(),
                world.npcs.keys().cloned().collect(),
            )
        };
        let Some((hour, enabled, npcs)): Option<(_, _, Vec<Arc<str>>)> =
            self.state.look(&world, look)
        else {
            return;
        };
        let subject = Subject::world(world.clone());
        let settings = self
            .host
            .simulation(Scene {
                subject: &subject,
                enabled: &enabled,
            })
            .await
            .values;
        let stage = Stage {
            world,
            hour,
            enabled,
            settings,
        };
        for npc in npcs {
            self.turn(&stage, npc).await;
        }
        self.state.change(&stage.world, |world| world.hour += 1);
    }

    /// Lets an NPC pick an activity, and applies it. One that finds nothing to do goes on as before, without effects.
    async fn turn(&mut self, stage: &Stage, id: Arc<str>) {
        let look = |world: &crate::World| {
            let npc = world.npcs.get(&id)?.clone();
            let session = world.session_at(&npc.location).cloned();
            Some((npc, session, world.routines.clone()))
        };
        let Some((npc, session, routines)) = self.state.look(&stage.world, look).flatten() else {
            return;
        };
        let Some(routine) = npc
            .routine
            .as_ref()
            .and_then(|routine| routines.get(routine))
        else {
            return;
        };
        let mut subject = Subject::world(stage.world.clone()).npc(id.clone());
        if let Some(session) = &session {
            subject = subject.session(session.clone());
        }
        let draw = Draw::new(self.seed, self.ticks, &stage.world, &id);
        let mut turn = Turn {
            stage,
            who: (stage.world.clone(), id),
            npc,
            session,
            subject,
            draw,
        };
        self.tally.choices += 1;
        let mut candidates = Vec::new();
        let activity = turn.npc.activity.clone();
        for candidate in routine.after(&activity) {
            if self.all_hold(candidate, &mut turn).await {
                candidates.push((candidate, candidate.weight(&stage.settings)));
            }
        }
        match choose(&candidates, turn.draw.next()) {
            Some(activity) => self.pursue(activity, &turn).await,
            None => self.tally.idle += 1,
        }
    }

    async fn all_hold(&mut self, activity: &Activity, turn: &mut Turn<'_>) -> bool {
        for condition in &activity.conditions {
            let answered = self.answer(condition, turn).await;
            self.tally.condition(&condition.name, &turn.who, answered);
            if answered.holds() == condition.not {
                return false;
            }
        }
        true
    }

    async fn answer(&self, condition: &Condition, turn: &mut Turn<'_>) -> Answered {
        match &condition.asked {
            Asked::Core(core) => Answered::Said(core.holds(&mut Moment {
                tick: self.ticks,
                hour: turn.stage.hour,
                npc: &turn.npc,
                session: turn.session.as_ref(),
                settings: &turn.stage.settings,
                draw: &mut turn.draw,
            })),
            Asked::Plugin(params) => {
                let evaluation = self
                    .host
                    .evaluate(&condition.name, turn.scene(), params)
                    .await;
                match evaluation.dispatched {
                    Ok(receipt) => receipt.reply.map_or(Answered::Failed, Answered::Said),
                    Err(_) => Answered::NotAsked,
                }
            }
        }
    }

    async fn pursue(&mut self, activity: &Activity, turn: &Turn<'_>) {
        let (world, npc) = &turn.who;
        self.state.change(world, |world| {
            world.change_npc(npc, |npc| {
                npc.activity.clone_from(&activity.id);
                if let Some(location) = &activity.location {
                    npc.location.clone_from(location);
                }
            });
        });
        for effect in &activity.effects {
            let applied = self.apply(effect, turn).await;
            self.tally.effect(&effect.name, applied);
        }
    }

    async fn apply(&self, effect: &Effect, turn: &Turn<'_>) -> bool {
        match &effect.done_by {
            DoneBy::Core(core) => {
                let (world, npc) = &turn.who;
                self.state
                    .change(world, |world| world.change_npc(npc, |npc| core.apply(npc)))
                    .is_some()
            }
            DoneBy::Plugin(params) => {
                self.host
                    .apply(&effect.name, turn.scene(), params)
                    .await
                    .applied
            }
        }
    }
}

impl Turn<'_> {
    fn scene(&self) -> Scene<'_> {
        Scene {
            subject: &self.subject,
            enabled: &self.stage.enabled,
        }
    }
}

/// The candidate on which a number from 0 to 1 falls, when each has its weight's share. `None` if there is none with a weight.
fn choose<'a, T>(candidates: &[(&'a T, f64)], number: f64) -> Option<&'a T> {
    let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
    let mut left = number * total;
    let mut last = None;
    for (candidate, weight) in candidates.iter().filter(|(_, weight)| *weight > 0.0) {
        last = Some(*candidate);
        if left < *weight {
            break;
        }
        left -= weight;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_candidate_has_its_weights_share() {
        let candidates = [(&'a', 1.0), (&'b', 0.0), (&'c', 3.0)];
        for (number, expected) in [
            (0.0, 'a'),
            (0.24, 'a'),
            (0.25, 'c'),
            (0.999_999, 'c'),
            (1.0, 'c'),
        ] {
            assert_eq!(choose(&candidates, number), Some(&expected), "{number}");
        }
        assert_eq!(choose(&[(&'a', 0.0)], 0.5), None);
        assert_eq!(choose::<char>(&[], 0.5), None);
    }
}
