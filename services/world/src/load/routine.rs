//! From the routines of a world file to those that a simulation runs.

use std::collections::BTreeMap;

use portcullis::PluginId;

use super::check::{Findings, Known};
use crate::core;
use crate::file::{ActivityEntry, ConditionEntry, EffectEntry, RoutineEntry, Weight};
use crate::place::Step;
use crate::plan::{Activity, Asked, Condition, DoneBy, Effect, Routine};

/// Where a plugin's condition or effect begins, before `<id>:<name>`.
const CONDITION: &str = "plugin:";
const EFFECT: &str = "effect:plugin:";

/// The routines by id.
pub(super) fn all(
    documents: &[RoutineEntry],
    known: &Known,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, Routine> {
    findings.ids(
        &[Step::Key("routines")],
        "routine",
        documents.iter().map(|one| one.id.as_str()),
    );
    let mut routines = BTreeMap::new();
    for (place, document) in documents.iter().enumerate() {
        let path = [
            Step::Key("routines"),
            Step::At(place),
            Step::Key("activities"),
        ];
        let names: Vec<&str> = document
            .activities
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        findings.ids(&path, "activity", names.iter().copied());
        let activities = document.activities.iter().enumerate().map(|(place, one)| {
            let path = [&path[..], &[Step::At(place)]].concat();
            Here {
                path,
                known,
                findings: &mut *findings,
            }
            .activity(one, &names)
        });
        routines.insert(
            document.id.clone(),
            Routine {
                activities: activities.collect(),
            },
        );
    }
    routines
}

/// A place in the file, and who is told about what is wrong there.
struct Here<'a, 'f> {
    path: Vec<Step<'a>>,
    known: &'a Known,
    findings: &'a mut Findings<'f>,
}

impl<'a> Here<'a, '_> {
    fn wrong(&mut self, inner: &[Step<'a>], code: &'static str, message: String, hint: &str) {
        let path = [&self.path[..], inner].concat();
        self.findings.add(&path, code, message, hint);
    }

    fn location(&mut self, inner: &[Step<'a>], location: Option<&str>) {
        if let Some(location) = location {
            let path = [&self.path[..], inner].concat();
            self.findings
                .reference(&path, "location", location, &self.known.locations);
        }
    }

    fn activity(mut self, document: &'a ActivityEntry, names: &[&str]) -> Activity {
        self.location(&[Step::Key("location")], document.location.as_deref());
        let weight = match &document.weight {
            Weight::Fixed(weight) => *weight,
            Weight::Setting(weight) => weight.default,
        };
        if weight < 0.0 {
            let message = format!("the weight {weight} is below 0");
            self.wrong(
                &[Step::Key("weight")],
                "bad-weight",
                message,
                "a weight of 0 is never chosen",
            );
        }
        Activity {
            id: document.id.as_str().into(),
            location: document.location.as_deref().map(Into::into),
            weight: document.weight.clone(),
            conditions: document
                .conditions
                .iter()
                .enumerate()
                .filter_map(|(place, one)| self.condition(place, one))
                .collect(),
            effects: document
                .effects
                .iter()
                .enumerate()
                .filter_map(|(place, one)| self.effect(place, one))
                .collect(),
            next: document.next.as_ref().map(|next| self.next(next, names)),
        }
    }

    fn next(&mut self, next: &'a [String], names: &[&str]) -> Vec<usize> {
        let mut places = Vec::new();
        for (place, name) in next.iter().enumerate() {
            match names.iter().position(|one| one == name) {
                Some(found) => places.push(found),
                None => {
                    let message = format!("there is no activity `{name}` in this routine");
                    let hint = format!("the routine has: {}", names.join(", "));
                    self.wrong(
                        &[Step::Key("next"), Step::At(place)],
                        "dangling-reference",
                        message,
                        &hint,
                    );
                }
            }
        }
        places
    }

    fn condition(&mut self, place: usize, document: &'a ConditionEntry) -> Option<Condition> {
        let name = document.condition.as_str();
        let at = [Step::Key("conditions"), Step::At(place)];
        let asked = if let Some(core) = name.strip_prefix(core::PREFIX) {
            let condition: core::CoreCondition =
                self.core(&at, name, core::parse(core, &document.params))?;
            self.location(&at, condition.location());
            Asked::Core(condition)
        } else {
            self.contribution(&at, name, CONDITION)?;
            Asked::Plugin(document.params.clone())
        };
        Some(Condition {
            name: name.into(),
            not: document.not,
            asked,
        })
    }

    fn effect(&mut self, place: usize, document: &'a EffectEntry) -> Option<Effect> {
        let name = document.effect.as_str();
        let at = [Step::Key("effects"), Step::At(place)];
        let done_by = if let Some(core) = name.strip_prefix(core::PREFIX) {
            let effect: core::CoreEffect =
                self.core(&at, name, core::parse(core, &document.params))?;
            self.location(&at, effect.location());
            DoneBy::Core(effect)
        } else {
            self.contribution(&at, name, EFFECT)?;
            DoneBy::Plugin(document.params.clone())
        };
        Some(Effect {
            name: name.into(),
            done_by,
        })
    }

    fn core<T>(&mut self, at: &[Step<'a>], name: &str, parsed: Result<T, String>) -> Option<T> {
        parsed
            .map_err(|message| {
                self.wrong(
                    at,
                    "bad-core",
                    format!("`{name}`: {message}"),
                    "see portcullis_world::core for what there is",
                )
            })
            .ok()
    }

    /// Whether the plugin is there is not asked: a world outlives the plugins of a host.
    fn contribution(&mut self, at: &[Step<'a>], name: &str, prefix: &str) -> Option<()> {
        let well_formed = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(plugin, name)| plugin.parse::<PluginId>().is_ok() && !name.is_empty());
        if !well_formed {
            let hint = format!(
                "write `{}<name>`, or `{prefix}<plugin's id>:<name>`",
                core::PREFIX
            );
            self.wrong(at, "bad-name", format!("`{name}` names nothing"), &hint);
        }
        well_formed.then_some(())
    }
}
