//! What NPCs do: their choices are committed together, then plugins apply their effects.

use std::convert::Infallible;
use std::sync::Arc;

use portcullis_state::{NpcDocument, TransactError};
use serde_json::{Map, Value};

use super::Simulation;
use super::choose::{Choice, Doing};
use super::stage::Stage;
use crate::core::CoreEffect;
use crate::plan::DoneBy;

/// Who changes the worlds here, for their history.
const ACTOR: &str = "tick";

/// What the host itself changes of an NPC.
struct Deed {
    npc: Arc<str>,
    activity: Arc<str>,
    location: Option<Arc<str>>,
    effects: Vec<CoreEffect>,
}

impl Deed {
    fn of(choice: &Choice<'_>) -> Self {
        Self {
            npc: choice.who.1.clone(),
            activity: choice.doing.id().clone(),
            location: choice.doing.location().cloned(),
            effects: core_effects(&choice.doing),
        }
    }

    fn apply(&self, npc: &mut NpcDocument) {
        npc.meta.activity = self.activity.to_string();
        if let Some(location) = &self.location {
            npc.meta.location = location.to_string();
        }
        for effect in &self.effects {
            effect.apply(npc);
        }
    }
}

/// What of an activity is the host's own doing. What a plugin proposes is done by its own effects alone, under its permissions.
fn core_effects(doing: &Doing<'_>) -> Vec<CoreEffect> {
    let Doing::Planned(activity) = doing else {
        return Vec::new();
    };
    let effects = activity.effects.iter();
    let core = effects.filter_map(|effect| match &effect.done_by {
        DoneBy::Core(core) => Some(core.clone()),
        DoneBy::Plugin(_) => None,
    });
    core.collect()
}

impl Simulation {
    /// Commits what all NPCs of a world chose, and that the hour has passed.
    pub(super) async fn commit(
        &mut self,
        stage: &Stage<'_>,
        choices: &[Choice<'_>],
    ) -> Result<(), TransactError<Infallible>> {
        let deeds: Vec<Deed> = choices.iter().map(Deed::of).collect();
        for choice in choices {
            self.tally_core(choice);
        }
        let world = stage.world.id.clone();
        self.store
            .transact(ACTOR, move |transaction| {
                for deed in &deeds {
                    // One that went away meanwhile does nothing more.
                    let _there = transaction.edit_npc(&world, &deed.npc, |npc| deed.apply(npc));
                }
                let _there = transaction.edit_world(&world, |world| {
                    world.meta.hour = world.meta.hour.saturating_add(1);
                });
                Ok(())
            })
            .await
    }

    fn tally_core(&mut self, choice: &Choice<'_>) {
        if let Doing::Planned(activity) = &choice.doing {
            for effect in &activity.effects {
                if matches!(effect.done_by, DoneBy::Core(_)) {
                    self.tally.effect(&effect.name, true);
                }
            }
        }
    }

    /// Lets plugins apply their effects of what an NPC does.
    pub(super) async fn affect(&mut self, stage: &Stage<'_>, choice: &Choice<'_>) {
        match &choice.doing {
            Doing::Planned(activity) => {
                for effect in &activity.effects {
                    if let DoneBy::Plugin(params) = &effect.done_by {
                        let applied = self.apply(stage, choice, &effect.name, params).await;
                        self.tally.effect(&effect.name, applied);
                    }
                }
            }
            Doing::Proposed { effects, .. } => {
                for effect in effects {
                    // Not tallied by name: a plugin may make up as many names as it likes.
                    self.apply(stage, choice, &effect.effect, &effect.params)
                        .await;
                }
            }
        }
    }

    async fn apply(
        &self,
        stage: &Stage<'_>,
        choice: &Choice<'_>,
        effect: &str,
        params: &Map<String, Value>,
    ) -> bool {
        let scene = portcullis::Scene {
            subject: &choice.subject,
            enabled: &stage.world.enabled,
        };
        self.host.apply(effect, scene, params).await.applied
    }
}
