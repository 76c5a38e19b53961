//! Core effects.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use portcullis_state::NpcDocument;

/// A core effect, by name and parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "name",
    content = "params",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
#[non_exhaustive]
pub enum CoreEffect {
    /// The NPC goes there.
    MoveTo {
        /// The location's id.
        location: String,
    },
    /// Adds to an attribute; one that is not set, or no whole number, counts as 0.
    AdjustAttribute {
        /// The attribute.
        attribute: String,
        /// What to add.
        by: i64,
        /// The least that it may become; 0 where nothing is said.
        #[serde(default)]
        min: i64,
        /// The most that it may become; 100 where nothing is said.
        #[serde(default = "hundred")]
        max: i64,
    },
    /// Sets an attribute.
    SetAttribute {
        /// The attribute.
        attribute: String,
        /// The value.
        value: Value,
    },
}

fn hundred() -> i64 {
    100
}

impl CoreEffect {
    /// Applies it.
    pub fn apply(&self, npc: &mut NpcDocument) {
        match self {
            Self::MoveTo { location } => npc.meta.location.clone_from(location),
            Self::AdjustAttribute {
                attribute,
                by,
                min,
                max,
            } => {
                let now = npc
                    .attributes
                    .get(attribute)
                    .and_then(Value::as_i64)
                    .unwrap_or(0);
                // Not `clamp`, which panics where a world file has the bounds the wrong way round.
                let after = now.saturating_add(*by).min(*max).max(*min);
                npc.attributes
                    .insert(attribute.clone(), Value::Number(Number::from(after)));
            }
            Self::SetAttribute { attribute, value } => {
                npc.attributes.insert(attribute.clone(), value.clone());
            }
        }
    }

    /// The location that it names.
    pub(crate) fn location(&self) -> Option<&str> {
        match self {
            Self::MoveTo { location } => Some(location),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn effects_change_the_npc() {
        let mut npc = NpcDocument::default();
        let mut apply = |name: &str, params: Value| {
            let effect: CoreEffect = crate::core::parse(name, params.as_object().unwrap()).unwrap();
            effect.apply(&mut npc);
        };
        apply("move-to", json!({"location": "inn"}));
        apply("adjust-attribute", json!({"attribute": "mood", "by": 70}));
        apply("adjust-attribute", json!({"attribute": "mood", "by": 70}));
        apply(
            "adjust-attribute",
            json!({"attribute": "debt", "by": -3, "min": -2}),
        );
        apply(
            "adjust-attribute",
            json!({"attribute": "odd", "by": 1, "min": 5, "max": 2}),
        );
        apply("set-attribute", json!({"attribute": "word", "value": "x"}));
        assert_eq!(npc.meta.location, "inn");
        assert_eq!(
            json!(npc.attributes),
            json!({"mood": 100, "debt": -2, "odd": 5, "word": "x"})
        );
    }
}
