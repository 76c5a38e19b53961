//! Time passes: each tick every NPC picks an activity, and its effects are applied.

mod act;
mod choose;
mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis::{Host, Scene, Subject};
use portcullis_state::{Store, TransactError, World};

use crate::load::LoadError;
use crate::plan::{self, Plan};
use crate::tally::Tally;
use stage::Stage;

/// Worlds, the plugins that they use, and chance that follows from a seed. One tick is one hour of every world.
///
/// A tick of a world has three steps. Every NPC chooses what to do, in the order of their ids: all of them see the world as it stood when the
/// hour began, in one snapshot. Then the choices, what the activities' core effects change, and the passing of the hour are committed
/// together: a tick is there as a whole or not at all, also after a crash. Then the effects of plugins are applied, NPC by NPC, each a
/// call with a commit of its own; those that a crash cuts off are not made up for.
///
/// Worlds come in the order of their ids. An NPC's session is the first, by id, whose player is where the NPC is. Nothing depends on the
/// order in which threads run, so the same worlds, plugins and seed come to the same state, in one run or in several; plugins run the same
/// each time if the host's policy sets `Limits::fuel`, and a wall time that no load of the machine uses up. What goes by a clock goes by
/// the host's: keys that expire, and the window in which failures disable a plugin.
pub struct Simulation {
    host: Host,
    store: Store,
    seed: u64,
    ticks: u64,
    tally: Tally,
    /// The routines of each world.
    plans: BTreeMap<Arc<str>, Arc<Plan>>,
}

/// Why an hour did not pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TickError {
    /// The routines of a stored world cannot be followed.
    #[error("the world `{world}` is stored with routines that cannot be followed: {source}")]
    Plan {
        /// The world.
        world: Arc<str>,
        /// What is wrong with them.
        source: LoadError,
    },
    /// The choices of a world's NPCs cannot be stored.
    #[error("the hour of the world `{world}` cannot be stored: {source}")]
    Store {
        /// The world.
        world: Arc<str>,
        /// Why not.
        source: TransactError<std::convert::Infallible>,
    },
}

impl Simulation {
    /// A simulation of the worlds in `store`, which should be the state of `host` as well.
    pub fn new(host: Host, store: Store, seed: u64) -> Self {
        Self {
            host,
            store,
            seed,
            ticks: 0,
            tally: Tally::default(),
            plans: BTreeMap::new(),
        }
    }

    /// The ticks so far, of this simulation. What the worlds have behind them is their hour.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// What came of conditions and effects so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Lets an hour pass in every world.
    ///
    /// # Errors
    /// The first world that cannot be simulated or stored. The others have their hour behind them.
    pub async fn tick(&mut self) -> Result<(), TickError> {
        let mut ticked = Ok(());
        for world in self.store.ids() {
            if let Some(world) = self.store.snapshot(&world) {
                ticked = ticked.and(self.tick_world(world).await);
            }
        }
        self.ticks += 1;
        ticked
    }

    async fn tick_world(&mut self, world: World) -> Result<(), TickError> {
        let plan = self.plan(&world)?;
        let subject = Subject::world(world.id.clone());
        let scene = Scene {
            subject: &subject,
            enabled: &world.enabled,
        };
        let settings = self.host.simulation(scene).await.values;
        let stage = Stage::new(&world, &plan, settings);
        let mut choices = Vec::new();
        for (id, npc) in &world.npcs {
            choices.extend(self.choose(&stage, id, &npc.value).await);
        }
        let committed = self.commit(&stage, &choices).await;
        committed.map_err(|source| TickError::Store {
            world: world.id.clone(),
            source,
        })?;
        for choice in &choices {
            self.affect(&stage, choice).await;
        }
        Ok(())
    }

    /// The routines of a world, read anew when they have changed.
    fn plan(&mut self, world: &World) -> Result<Arc<Plan>, TickError> {
        if let Some(plan) = self.plans.get(&world.id)
            && plan.is_of(world)
        {
            return Ok(plan.clone());
        }
        let plan = plan::of(world).map_err(|source| TickError::Plan {
            world: world.id.clone(),
            source,
        })?;
        let plan = Arc::new(plan);
        self.plans.insert(world.id.clone(), plan.clone());
        Ok(plan)
    }
}
