//! The shapes of a world file. What is left out is empty; what is not known is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::distinct::distinct;

/// A world file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// The world itself.
    pub world: WorldHead,
    /// Its places.
    #[serde(default)]
    pub locations: Vec<LocationEntry>,
    /// What its NPCs do all day; several NPCs may share a routine.
    #[serde(default)]
    pub routines: Vec<RoutineEntry>,
    /// Its NPCs.
    #[serde(default)]
    pub npcs: Vec<NpcEntry>,
    /// The sessions of its players.
    #[serde(default)]
    pub sessions: Vec<SessionEntry>,
}

/// The world itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldHead {
    /// Its id: 1 to 128 bytes, no control characters. Ids of locations, NPCs, routines, activities and sessions have the same grammar.
    pub id: String,
    /// Its name; the id where none is given.
    #[serde(default)]
    pub name: String,
    /// Hours since the world began.
    #[serde(default)]
    pub hour: u64,
    /// The workspace that it belongs to, whose list of plugins counts as well; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// What plugins may read of its configuration.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Settings of behaviour as they stand; `enabledPlugins` is the list of plugins that the world uses: absent for all, empty for none.
    #[serde(default)]
    pub behavior: Map<String, Value>,
    /// What else the host keeps of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

/// A place.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationEntry {
    /// Its id.
    pub id: String,
    /// Its name; the id where none is given.
    #[serde(default)]
    pub name: String,
    /// What plugins know it by.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A graph of activities.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutineEntry {
    /// Its id.
    pub id: String,
    /// Its activities.
    pub activities: Vec<ActivityEntry>,
}

/// Something that an NPC does for one tick.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityEntry {
    /// Its id within the routine.
    pub id: String,
    /// Where it takes place: the NPC goes there. Absent: wherever the NPC is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// How likely it is chosen among those whose conditions hold; 1 where nothing is said.
    #[serde(default)]
    pub weight: Weight,
    /// What must hold for it to be chosen, asked in this order up to the first that does not hold.
    #[serde(default)]
    pub conditions: Vec<ConditionEntry>,
    /// What it does, in this order.
    #[serde(default)]
    pub effects: Vec<EffectEntry>,
    /// What may follow. Absent: any activity of the routine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Vec<String>>,
}

/// The weight of an activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Weight {
    /// A number from 0 on.
    Fixed(f64),
    /// What simulation providers set.
    Setting(SettingWeight),
}

/// A weight that simulation providers set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingWeight {
    /// The setting's name.
    pub setting: String,
    /// The weight where nobody sets it to a number from 0 on.
    #[serde(default = "one")]
    pub default: f64,
}

impl Default for Weight {
    fn default() -> Self {
        Self::Fixed(one())
    }
}

fn one() -> f64 {
    1.0
}

/// A condition of an activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionEntry {
    /// `core:<name>` or `plugin:<id>:<name>`.
    pub condition: String,
    /// Its parameters.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// Whether the condition must not hold. A plugin's condition that fails or is not there counts as false, so then this holds.
    #[serde(default)]
    pub not: bool,
}

/// An effect of an activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectEntry {
    /// `core:<name>` or `effect:plugin:<id>:<name>`.
    pub effect: String,
    /// Its parameters.
    #[serde(default)]
    pub params: Map<String, Value>,
}

/// An NPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpcEntry {
    /// Its id.
    pub id: String,
    /// Its name; the id where none is given.
    #[serde(default)]
    pub name: String,
    /// Where it is; empty for nowhere.
    #[serde(default)]
    pub location: String,
    /// The routine that it follows; absent for one that does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routine: Option<String>,
    /// What it does at first; empty for nothing yet.
    #[serde(default)]
    pub activity: String,
    /// What plugins know it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Its attributes.
    #[serde(default, deserialize_with = "distinct")]
    pub attributes: BTreeMap<String, Value>,
    /// What else the host keeps of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

/// A player's session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionEntry {
    /// Its id.
    pub id: String,
    /// The player's id.
    pub player: String,
    /// Where the player is; empty for nowhere.
    #[serde(default)]
    pub location: String,
    /// Flags by namespace (a plugin's id, or `host`), then by key.
    #[serde(default, deserialize_with = "distinct")]
    pub flags: BTreeMap<String, Flags>,
    /// The player's relationships by the NPC's id.
    #[serde(default, deserialize_with = "distinct")]
    pub relationships: BTreeMap<String, RelationshipEntry>,
    /// What else the host keeps of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

/// How an NPC and the player stand to each other; each number is between -100 and 100, and 0 where none is given.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelationshipEntry {
    /// Liking.
    pub affinity: i32,
    /// Trust.
    pub trust: i32,
    /// Closeness.
    pub intimacy: i32,
}

/// The flags of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(#[serde(deserialize_with = "distinct")] pub BTreeMap<String, Value>);
