//! Routines as a simulation runs them: checked, with every name resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portcullis_state::World;
use serde_json::{Map, Value};

use crate::core::{CoreCondition, CoreEffect};
use crate::file::Weight;
use crate::load::{self, LoadError};

/// The routines of a world.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) routines: BTreeMap<String, Routine>,
    pub(crate) locations: BTreeSet<String>,
    /// What it was read from.
    source: Value,
}

/// The routines of a stored world.
///
/// # Errors
/// Everything that is wrong with them. Those that came from a file were checked; the host may have changed them since.
pub fn of(world: &World) -> Result<Plan, LoadError> {
    let routines = load::routines(world)?;
    let locations = world.document.locations.iter();
    Ok(Plan {
        routines,
        locations: locations.map(|location| location.id.clone()).collect(),
        source: world.document.routines.clone(),
    })
}

impl Plan {
    /// Whether these are the world's routines as it stands.
    pub(crate) fn is_of(&self, world: &World) -> bool {
        let locations = &world.document.locations;
        self.source == world.document.routines
            && self.locations.len() == locations.len()
            && locations.iter().all(|one| self.has_location(&one.id))
    }

    pub(crate) fn routine(&self, id: &str) -> Option<&Routine> {
        self.routines.get(id)
    }

    pub(crate) fn has_location(&self, id: &str) -> bool {
        self.locations.contains(id)
    }
}

/// A graph of activities.
#[derive(Clone, Debug)]
pub struct Routine {
    pub(crate) activities: Vec<Activity>,
}

/// Something that an NPC does for one tick.
#[derive(Clone, Debug)]
pub struct Activity {
    pub(crate) id: Arc<str>,
    pub(crate) location: Option<Arc<str>>,
    pub(crate) weight: Weight,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) effects: Vec<Effect>,
    /// The places of those that may follow; `None` for any.
    pub(crate) next: Option<Vec<usize>>,
}

/// A condition of an activity.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As in the world file, for the tally.
    pub(crate) name: Arc<str>,
    pub(crate) not: bool,
    pub(crate) asked: Asked,
}

/// Who answers a condition.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// The world host.
    Core(CoreCondition),
    /// A plugin, with these parameters.
    Plugin(Map<String, Value>),
}

/// An effect of an activity.
#[derive(Clone, Debug)]
pub struct Effect {
    /// As in the world file, for the tally.
    pub(crate) name: Arc<str>,
    pub(crate) done_by: DoneBy,
}

/// Who applies an effect.
#[derive(Clone, Debug)]
pub(crate) enum DoneBy {
    /// The world host.
    Core(CoreEffect),
    /// A plugin, with these parameters.
    Plugin(Map<String, Value>),
}

impl Routine {
    /// What may follow an activity, in the order of the world file. After one that the routine does not have, anything may.
    pub(crate) fn after<'a>(&'a self, activity: &str) -> impl Iterator<Item = &'a Activity> {
        let now = self.activities.iter().find(|one| *one.id == *activity);
        let next = now.and_then(|now| now.next.as_deref());
        let any = next.is_none().then_some(self.activities.iter());
        let named = next
            .unwrap_or_default()
            .iter()
            .filter_map(|place| self.activities.get(*place));
        any.into_iter().flatten().chain(named)
    }
}

impl Activity {
    /// How likely it is chosen, by the settings of the simulation.
    pub(crate) fn weight(&self, settings: &Map<String, Value>) -> f64 {
        match &self.weight {
            Weight::Fixed(weight) => *weight,
            Weight::Setting(weight) => {
                let set = settings.get(&weight.setting).and_then(Value::as_f64);
                set.filter(|set| *set >= 0.0 && set.is_finite())
                    .unwrap_or(weight.default)
            }
        }
    }
}
