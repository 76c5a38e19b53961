//! Core conditions.

use std::sync::Arc;

use portcullis_state::NpcDocument;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::draw::Draw;

/// A core condition, by name and parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "name",
    content = "params",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
#[non_exhaustive]
pub enum CoreCondition {
    /// The hour of the day, 0 to 23, is at least `from` and before `to`. A `from` after `to` spans midnight.
    HourBetween {
        /// The first hour.
        from: u64,
        /// The hour after the last.
        to: u64,
    },
    /// The hours since the world began are a multiple of `ticks`: a tick is an hour.
    Every {
        /// How many ticks lie between.
        ticks: u64,
    },
    /// The NPC is there.
    AtLocation {
        /// The location's id.
        location: String,
    },
    /// The NPC has the tag.
    HasTag {
        /// The tag.
        tag: String,
    },
    /// A player is where the NPC is.
    PlayerPresent {},
    /// By chance, `chance` times out of one: drawn for each NPC and tick.
    Random {
        /// From 0 to 1.
        chance: f64,
    },
    /// An attribute of the NPC is a number and at least `value`.
    AttributeAtLeast {
        /// The attribute.
        attribute: String,
        /// The least value.
        value: f64,
    },
    /// A setting of the simulation is a number and at least `value`.
    SettingAtLeast {
        /// The setting.
        setting: String,
        /// The least value.
        value: f64,
    },
}

/// An NPC's situation when it chooses.
pub struct Moment<'a> {
    /// Hours since the world began.
    pub hour: u64,
    /// The NPC.
    pub npc: &'a NpcDocument,
    /// The session of a player who is where the NPC is.
    pub session: Option<&'a Arc<str>>,
    /// What simulation providers set.
    pub settings: &'a Map<String, Value>,
    pub(crate) draw: &'a mut Draw,
}

impl CoreCondition {
    /// Whether it holds.
    pub fn holds(&self, moment: &mut Moment<'_>) -> bool {
        match self {
            Self::HourBetween { from, to } => {
                let hour = moment.hour % 24;
                if from <= to {
                    (*from..*to).contains(&hour)
                } else {
                    hour >= *from || hour < *to
                }
            }
            Self::Every { ticks } => moment.hour.is_multiple_of(*ticks),
            Self::AtLocation { location } => moment.npc.meta.location == *location,
            Self::HasTag { tag } => moment.npc.meta.tags.contains(tag),
            Self::PlayerPresent {} => moment.session.is_some(),
            Self::Random { chance } => moment.draw.next() < *chance,
            Self::AttributeAtLeast { attribute, value } => {
                at_least(moment.npc.attributes.get(attribute), *value)
            }
            Self::SettingAtLeast { setting, value } => {
                at_least(moment.settings.get(setting), *value)
            }
        }
    }

    /// The location that it names.
    pub(crate) fn location(&self) -> Option<&str> {
        match self {
            Self::AtLocation { location } => Some(location),
            _ => None,
        }
    }
}

fn at_least(found: Option<&Value>, value: f64) -> bool {
    found
        .and_then(Value::as_f64)
        .is_some_and(|found| found >= value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn holds(name: &str, params: Value) -> bool {
        let mut npc = NpcDocument::default();
        npc.meta.location = "inn".to_owned();
        npc.meta.tags = vec!["guard".to_owned()];
        npc.attributes = [("mood".to_owned(), json!(7))].into();
        let settings = json!({"weight": 1.5, "word": "x"})
            .as_object()
            .cloned()
            .unwrap();
        let mut moment = Moment {
            hour: 47,
            npc: &npc,
            session: None,
            settings: &settings,
            draw: &mut Draw::new(1, 1, "w", "n"),
        };
        let condition: CoreCondition =
            crate::core::parse(name, params.as_object().unwrap()).unwrap();
        condition.holds(&mut moment)
    }

    #[test]
    fn conditions_hold_when_they_should() {
        for (name, params, expected) in [
            ("hour-between", json!({"from": 20, "to": 24}), true),
            ("hour-between", json!({"from": 6, "to": 23}), false),
            ("hour-between", json!({"from": 22, "to": 6}), true),
            ("hour-between", json!({"from": 3, "to": 1}), true),
            ("every", json!({"ticks": 47}), true),
            ("every", json!({"ticks": 21}), false),
            ("every", json!({"ticks": 0}), false),
            ("at-location", json!({"location": "inn"}), true),
            ("at-location", json!({"location": "sea"}), false),
            ("has-tag", json!({"tag": "guard"}), true),
            ("has-tag", json!({"tag": "guards"}), false),
            ("player-present", json!({}), false),
            ("random", json!({"chance": 1.0}), true),
            ("random", json!({"chance": 0.0}), false),
            (
                "attribute-at-least",
                json!({"attribute": "mood", "value": 7}),
                true,
            ),
            (
                "attribute-at-least",
                json!({"attribute": "none", "value": -1}),
                false,
            ),
            (
                "setting-at-least",
                json!({"setting": "weight", "value": 1.5}),
                true,
            ),
            (
                "setting-at-least",
                json!({"setting": "word", "value": 0}),
                false,
            ),
        ] {
            assert_eq!(holds(name, params.clone()), expected, "{name} {params}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let refused = |name, params: Value| {
            crate::core::parse::<CoreCondition>(name, params.as_object().unwrap()).unwrap_err()
        };
        assert!(refused("levitates", json!({})).contains("hour-between"));
        assert!(refused("has-tag", json!({})).contains("tag"));
        assert!(refused("has-tag", json!({"tag": "a", "tga": 1})).contains("tga"));
        assert!(refused("player-present", json!({"who": 1})).contains("who"));
    }
}
