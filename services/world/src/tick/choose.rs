//! How an NPC chooses what to do.

use std::sync::Arc;

use portcullis::extension::candidates::{Proposed, ProposedEffect};
use portcullis::extension::scoring::Candidate;
use portcullis_state::NpcDocument;

use super::Simulation;
use super::stage::{Stage, Turn};
use crate::core::Moment;
use crate::plan::{Activity, Asked, Condition};
use crate::tally::{Answered, Who};

/// What an NPC does for this hour.
pub(super) struct Choice<'a> {
    pub(super) who: Who,
    pub(super) subject: portcullis::Subject,
    pub(super) doing: Doing<'a>,
}

/// Where an activity comes from.
pub(super) enum Doing<'a> {
    /// The NPC's routine.
    Planned(&'a Activity),
    /// A plugin.
    Proposed {
        /// The name that the host uses.
        id: Arc<str>,
        location: Option<Arc<str>>,
        effects: Vec<ProposedEffect>,
    },
}

impl Doing<'_> {
    /// What the NPC pursues then.
    pub(super) fn id(&self) -> &Arc<str> {
        match self {
            Self::Planned(activity) => &activity.id,
            Self::Proposed { id, .. } => id,
        }
    }

    /// Where it takes place; `None` for wherever the NPC is.
    pub(super) fn location(&self) -> Option<&Arc<str>> {
        match self {
            Self::Planned(activity) => activity.location.as_ref(),
            Self::Proposed { location, .. } => location.as_ref(),
        }
    }
}

impl Simulation {
    /// What an NPC does for this hour; `None` for one without a routine, and for one that finds nothing to do and goes on as before,
    /// without effects.
    pub(super) async fn choose<'a>(
        &mut self,
        stage: &'a Stage<'a>,
        id: &Arc<str>,
        npc: &'a NpcDocument,
    ) -> Option<Choice<'a>> {
        let routine = stage.plan.routine(npc.meta.routine.as_deref()?)?;
        let mut turn = stage.turn(self.seed, id, npc);
        self.tally.choices += 1;
        let mut doings = Vec::new();
        for activity in routine.after(&npc.meta.activity) {
            if self.all_hold(activity, &mut turn).await {
                doings.push((Doing::Planned(activity), activity.weight(&stage.settings)));
            }
        }
        self.add_proposals(&turn, &mut doings).await;
        self.rescore(&turn, &mut doings).await;
        let number = turn.draw.next();
        let Some(doing) = pick(doings, number) else {
            self.tally.idle += 1;
            return None;
        };
        Some(Choice {
            who: turn.who,
            subject: turn.subject,
            doing,
        })
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
                hour: turn.stage.hour(),
                npc: turn.npc,
                session: turn.subject.session_id(),
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

    /// What plugins propose besides, as far as the world has the place for it.
    async fn add_proposals<'a>(&mut self, turn: &Turn<'a>, doings: &mut Vec<(Doing<'a>, f64)>) {
        let proposals = self.host.candidates(turn.scene()).await;
        self.tally.providers(&proposals.providers);
        for Proposed {
            activity, proposal, ..
        } in proposals.activities
        {
            let known = |location: &String| turn.stage.plan.has_location(location);
            if proposal.location.as_ref().is_none_or(known) {
                let doing = Doing::Proposed {
                    id: activity.into(),
                    location: proposal.location.map(Into::into),
                    effects: proposal.effects,
                };
                doings.push((doing, proposal.score));
            }
        }
    }

    /// What plugins make of the scores.
    async fn rescore(&mut self, turn: &Turn<'_>, doings: &mut [(Doing<'_>, f64)]) {
        let candidate = |(doing, score): &(Doing<'_>, f64)| Candidate {
            activity: doing.id().clone(),
            location: doing.location().cloned(),
            score: *score,
        };
        let candidates: Vec<Candidate> = doings.iter().map(candidate).collect();
        let rescored = self.host.rescore(turn.scene(), &candidates).await;
        self.tally.providers(&rescored.overrides);
        for ((_, score), new) in doings.iter_mut().zip(rescored.scores) {
            *score = new;
        }
    }
}

/// A higher score counts as this one, so that the sum of all stays a number.
const HIGHEST_SCORE: f64 = 1e12;

/// The one on which a number from 0 to 1 falls, when each has its score's share. `None` if there is none with a score above 0.
fn pick<T>(mut scored: Vec<(T, f64)>, number: f64) -> Option<T> {
    for (_, score) in &mut scored {
        *score = score.min(HIGHEST_SCORE);
    }
    let total: f64 = scored.iter().map(|(_, score)| score).sum();
    let mut left = number * total;
    let mut last = None;
    for (one, score) in scored {
        if score > 0.0 {
            last = Some(one);
            if left < score {
                break;
            }
            left -= score;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_scores_share() {
        let scored = || vec![('a', 1.0), ('b', 0.0), ('c', 3.0)];
        for (number, expected) in [
            (0.0, 'a'),
            (0.24, 'a'),
            (0.25, 'c'),
            (0.999_999, 'c'),
            (1.0, 'c'),
        ] {
            assert_eq!(pick(scored(), number), Some(expected), "{number}");
        }
        assert_eq!(pick(vec![('a', f64::MAX), ('b', f64::MAX)], 0.4), Some('a'));
        assert_eq!(pick(vec![('a', 0.0)], 0.5), None);
        assert_eq!(pick::<char>(Vec::new(), 0.5), None);
    }
}
