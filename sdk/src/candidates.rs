//! Activities that an NPC may pursue besides those of its routine. Permission: `behavior:configure_simulation`.
//!
//! ```
//! use portcullis_sdk::prelude::*;
//! let dance = Activity::new("dance")
//!     .at("market")
//!     .score(2.0)
//!     .effect("mood-boost", json!({ "amount": 5 }))
//!     .effect("tire", json!({ "by": 2 }));
//! ```

use crate::{Failure, Subject, Value};

crate::bindings::export!("provides-candidates");

use bindings::exports::portcullis::plugin::candidates as host;

/// Proposes the activities that the plugin contributes.
pub trait Candidates {
    /// The activities that the provider `name` proposes to the subject's NPC now, at most 16. A provider that fails adds none; for a name that
    /// the plugin does not know it is [`Failure::unknown`].
    fn propose(&self, name: &str, subject: &Subject) -> Result<Vec<Activity>, Failure>;
}

/// Something that an NPC may do for one tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    name: String,
    location: Option<String>,
    score: f64,
    effects: Vec<(String, Value)>,
}

impl Activity {
    /// An activity without effects, wherever the NPC is, as likely as one of which nothing is said. The name has 1 to 128 bytes; the host
    /// calls the activity `plugin:<id>:<name>`.
    pub fn new(name: impl Into<String>) -> Activity {
        Activity {
            name: name.into(),
            location: None,
            score: 1.0,
            effects: Vec::new(),
        }
    }

    /// Where it takes place. The host drops an activity at a location that the world does not have.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Activity {
        self.location = Some(location.into());
        self
    }

    /// How likely it is chosen among the others: a finite number from 0 on.
    #[must_use]
    pub fn score(mut self, score: f64) -> Activity {
        self.score = score;
        self
    }

    /// One more thing that it does, after those before: an effect of this plugin, by its name. The parameters are a JSON object, best
    /// written with [`json!`](crate::json). At most 16.
    #[must_use]
    pub fn effect(mut self, name: impl Into<String>, params: Value) -> Activity {
        self.effects.push((name.into(), params));
        self
    }
}

impl From<Activity> for host::Activity {
    fn from(activity: Activity) -> host::Activity {
        let effects = activity.effects.into_iter();
        host::Activity {
            name: activity.name,
            location: activity.location,
            score: activity.score,
            effects: effects
                .map(|(name, params)| host::Effect {
                    name,
                    params: params.to_string(),
                })
                .collect(),
        }
    }
}

impl<T: Candidates + Default> host::Guest for T {
    fn propose(name: String, subject: Subject) -> Result<Vec<host::Activity>, String> {
        let activities = Candidates::propose(&T::default(), &name, &subject)?;
        Ok(activities.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_activity_goes_over_as_it_was_built() {
        let activity = Activity::new("dance")
            .at("market")
            .score(2.5)
            .effect("cheer", json!({ "amount": 5 }))
            .effect("bow", json!({}));
        let host::Activity {
            name,
            location,
            score,
            effects,
        } = activity.into();
        assert_eq!(
            (&*name, location.as_deref(), score),
            ("dance", Some("market"), 2.5)
        );
        let effects: Vec<_> = effects
            .iter()
            .map(|effect| (&*effect.name, &*effect.params))
            .collect();
        assert_eq!(effects, [("cheer", r#"{"amount":5}"#), ("bow", "{}")]);
    }

    #[test]
    fn nothing_said_is_a_plain_activity() {
        let plain: host::Activity = Activity::new("nap").into();
        assert_eq!((plain.location, plain.score), (None, 1.0));
        assert!(plain.effects.is_empty());
    }
}
