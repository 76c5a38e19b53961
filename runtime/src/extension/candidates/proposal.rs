//! What a plugin proposes, and the rules of a reply.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wit;
use crate::extension::check_score;
use crate::manifest::PluginId;
use crate::pattern::check_key;
use crate::write_set::Texts;

/// A reply proposes at most this many activities: an NPC picks one, and each is weighed against all others.
const MAX_ACTIVITIES: usize = 16;

/// An activity has at most this many effects: each is a call of a plugin, on the way of a tick.
const MAX_EFFECTS: usize = 16;

/// Something that an NPC may do for one tick. Its plugin said so, and the host has checked it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its name within the plugin: 1 to 128 bytes, no control characters.
    pub name: String,
    /// Where it takes place, `None` for wherever the NPC is; of the form of a name, but the world may not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// How likely it is chosen, a finite number from 0 on; 1 is the weight of an activity of which nothing is said.
    pub score: f64,
    /// What it does, in this order; at most 16.
    #[serde(default)]
    pub effects: Vec<ProposedEffect>,
}

/// An effect of a proposed activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedEffect {
    /// The name that hosts use, `effect:plugin:<id>:<name>`: always one of the plugin's own. It may not be registered.
    pub effect: String,
    /// Its parameters.
    #[serde(default)]
    pub params: Map<String, Value>,
}

/// What a plugin replied as the host uses it, or which rule it breaks.
pub(super) fn checked(
    activities: Vec<wit::Activity>,
    plugin: &PluginId,
) -> Result<Vec<Proposal>, String> {
    at_most(MAX_ACTIVITIES, "activities", activities.len())?;
    let mut params = Texts::new();
    activities
        .into_iter()
        .enumerate()
        .map(|(place, activity)| {
            proposal(
                &format!("activities[{place}]"),
                activity,
                plugin,
                &mut params,
            )
        })
        .collect()
}

fn proposal(
    at: &str,
    activity: wit::Activity,
    plugin: &PluginId,
    params: &mut Texts,
) -> Result<Proposal, String> {
    check_key(&format!("{at}.name"), &activity.name)?;
    if let Some(location) = &activity.location {
        check_key(&format!("{at}.location"), location)?;
    }
    check_score(&format!("{at}.score"), activity.score)?;
    at_most(
        MAX_EFFECTS,
        &format!("{at}.effects"),
        activity.effects.len(),
    )?;
    let effects = activity.effects.into_iter().enumerate();
    Ok(Proposal {
        name: activity.name,
        location: activity.location,
        score: activity.score,
        effects: effects
            .map(|(place, one)| effect(&format!("{at}.effects[{place}]"), one, plugin, params))
            .collect::<Result<_, _>>()?,
    })
}

fn effect(
    at: &str,
    effect: wit::Effect,
    plugin: &PluginId,
    params: &mut Texts,
) -> Result<ProposedEffect, String> {
    check_key(&format!("{at}.name"), &effect.name)?;
    // What an activity does, its plugin does, under its own permissions: it names no effect of another's, and none of the host's.
    if effect.name.contains(':') {
        return Err(format!(
            "{at}.name: must be the name of an effect of this plugin, without `:`"
        ));
    }
    let params = params
        .object(&effect.params)
        .map_err(|error| format!("{at}.params: must be a JSON object: {error}"))?;
    Ok(ProposedEffect {
        effect: format!("effect:plugin:{plugin}:{}", effect.name),
        params,
    })
}

fn at_most(max: usize, argument: &str, count: usize) -> Result<(), String> {
    if count > max {
        return Err(format!("{argument}: must be at most {max}, are {count}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn activity(change: impl FnOnce(&mut wit::Activity)) -> Vec<wit::Activity> {
        let mut activity = wit::Activity {
            name: "dance".to_owned(),
            location: None,
            score: 1.0,
            effects: Vec::new(),
        };
        change(&mut activity);
        vec![activity]
    }

    fn effect(name: &str, params: &str) -> wit::Effect {
        wit::Effect {
            name: name.to_owned(),
            params: params.to_owned(),
        }
    }

    fn reply(activities: Vec<wit::Activity>) -> Result<Vec<Proposal>, String> {
        checked(activities, &"festival".parse().unwrap())
    }

    /// Proves E5: effects are the plugin's own.
    #[test]
    fn effects_are_named_as_hosts_name_them() {
        let named = |name: &str| {
            reply(activity(|one| one.effects = vec![effect(name, "{}")]))
                .map(|replied| replied[0].effects[0].effect.clone())
        };
        assert_eq!(
            named("cheer"),
            Ok("effect:plugin:festival:cheer".to_owned())
        );
        for name in [
            "",
            "core:move-to",
            ":cheer",
            "plugin:stealth:hide",
            "effect:plugin:festival:cheer",
        ] {
            let refused = named(name).unwrap_err();
            assert!(refused.starts_with("activities[0].effects[0].name: "));
        }
    }

    /// Proves E5: what breaks a rule names the rule.
    #[test]
    fn the_rules_of_a_reply() {
        let refused = |change: fn(&mut wit::Activity)| reply(activity(change)).unwrap_err();
        for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1] {
            let refused = reply(activity(|one| one.score = score)).unwrap_err();
            assert!(refused.contains("score: must be a number"), "{refused}");
        }
        assert!(refused(|one| one.name.clear()).contains("name: must have 1 to 128 bytes"));
        assert!(refused(|one| one.location = Some("a\n".to_owned())).contains("location: must"));
        assert!(
            refused(|one| one.effects = vec![effect("cheer", "[]")])
                .contains("params: must be a JSON object")
        );
        assert!(
            refused(|one| one.effects = vec![effect("cheer", "{}"); 17])
                .contains("effects: must be at most 16, are 17")
        );
        let many = vec![activity(|_| ()).remove(0); 17];
        assert!(
            reply(many)
                .unwrap_err()
                .contains("activities: must be at most 16")
        );
        let most =
            vec![activity(|one| one.effects = vec![effect("cheer", "{}"); 16]).remove(0); 16];
        assert_eq!(reply(most).unwrap().len(), 16);
    }

    /// Proves S4: the parameters of all effects of a reply have together as many values as any text of plugins.
    #[test]
    fn parameters_have_few_values() {
        let params = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(2_045));
        let proposed = |effects| {
            reply(activity(|one| {
                one.effects = vec![effect("cheer", &params); effects]
            }))
        };
        assert!(proposed(2).is_ok());
        let refused = proposed(3).unwrap_err();
        assert!(
            refused.starts_with("activities[0].effects[2].params: "),
            "{refused}"
        );
        assert!(refused.contains("at most 4096 values"), "{refused}");
    }
}
