//! What came of conditions and effects, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portcullis::extension::Dispatched;
use serde::Serialize;

/// What came of the conditions and effects of a simulation.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Conditions by name.
    pub conditions: BTreeMap<Arc<str>, ConditionTally>,
    /// Effects by name.
    pub effects: BTreeMap<Arc<str>, EffectTally>,
    /// Providers of candidate activities and overrides of scores, by name.
    pub providers: BTreeMap<String, ProviderTally>,
    /// How often an NPC found no activity whose conditions held, and went on as before.
    pub idle: u64,
    /// How often an NPC chose.
    pub choices: u64,
}

/// What came of a condition.
#[derive(Clone, Debug, Default)]
pub struct ConditionTally {
    /// How often it held.
    pub held: u64,
    /// How often it did not.
    pub not_held: u64,
    /// How often the plugin's call failed, which counts as false.
    pub failed: u64,
    /// How often it was not asked (the world does not use the plugin, it is not loaded, or no player was there), which counts as false.
    pub not_asked: u64,
    /// The NPCs, by world and id, for which it ever held.
    pub held_for: BTreeSet<Who>,
    /// The NPCs for which it ever answered that it did not.
    pub not_held_for: BTreeSet<Who>,
}

/// An NPC: its world's id and its own.
pub type Who = (Arc<str>, Arc<str>);

/// What came of an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EffectTally {
    /// How often it took effect.
    pub applied: u64,
    /// How often it was skipped: its call failed, or it was not asked.
    pub skipped: u64,
}

/// What came of a provider of candidate activities, or of an override of scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProviderTally {
    /// How often it answered.
    pub answered: u64,
    /// How often its call failed, which adds and changes nothing.
    pub failed: u64,
}

/// What a condition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It said so.
    Said(bool),
    /// The call failed.
    Failed,
    /// It was not asked.
    NotAsked,
}

impl Answered {
    pub(crate) fn holds(self) -> bool {
        self == Self::Said(true)
    }
}

impl Tally {
    pub(crate) fn condition(&mut self, name: &Arc<str>, who: &Who, answered: Answered) {
        let tally = entry(&mut self.conditions, name);
        match answered {
            Answered::Said(true) => {
                tally.held += 1;
                note(&mut tally.held_for, who);
            }
            Answered::Said(false) => {
                tally.not_held += 1;
                note(&mut tally.not_held_for, who);
            }
            Answered::Failed => tally.failed += 1,
            Answered::NotAsked => tally.not_asked += 1,
        }
    }

    pub(crate) fn effect(&mut self, name: &Arc<str>, applied: bool) {
        let tally = entry(&mut self.effects, name);
        match applied {
            true => tally.applied += 1,
            false => tally.skipped += 1,
        }
    }

    pub(crate) fn providers<R>(&mut self, asked: &[(String, Dispatched<R>)]) {
        for (name, dispatched) in asked {
            // A skipped one was not asked.
            let Ok(receipt) = dispatched else {
                continue;
            };
            if !self.providers.contains_key(name) {
                self.providers
                    .insert(name.clone(), ProviderTally::default());
            }
            if let Some(tally) = self.providers.get_mut(name) {
                match receipt.reply {
                    Some(_) => tally.answered += 1,
                    None => tally.failed += 1,
                }
            }
        }
    }
}

fn entry<'a, T: Default>(map: &'a mut BTreeMap<Arc<str>, T>, name: &Arc<str>) -> &'a mut T {
    map.entry(name.clone()).or_default()
}

fn note(set: &mut BTreeSet<Who>, who: &Who) {
    if !set.contains(who) {
        set.insert(who.clone());
    }
}
