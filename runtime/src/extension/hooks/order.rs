//! Which handlers stand at which point, in the order in which they are asked. Made once for each snapshot of the registry.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Hooks;
use crate::extension::{Entry, Registry};
use crate::hook_point::Fail;
use crate::manifest::PluginId;

/// A handler that is registered.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HookEntry {
    /// The name that hosts use, `hook:plugin:<id>:<name>`.
    pub qualified: Arc<str>,
    /// Whose it is.
    pub plugin: PluginId,
    /// The hook point.
    pub point: String,
    /// Where it stands among the others.
    pub priority: i32,
    /// What follows if something keeps it from deciding.
    pub fail: Fail,
    /// What it does.
    pub description: String,
    /// Whether its plugin is disabled: it is not asked, and counts as one that was kept from deciding.
    pub disabled: bool,
}

/// The handlers in the order in which they are asked, the points by name.
pub(crate) fn list(registry: &Registry) -> Vec<HookEntry> {
    let entry = |place: &Place| {
        let handler = place.entry.contribution::<Hooks>()?;
        Some(HookEntry {
            qualified: place.qualified.clone(),
            plugin: place.entry.plugin.identity().plugin.clone(),
            point: handler.point.clone(),
            priority: handler.priority,
            fail: handler.fail,
            description: handler.description.clone(),
            disabled: place.disabled,
        })
    };
    registry.hooks().all().filter_map(entry).collect()
}

/// A handler's place in a chain.
pub(super) struct Place {
    /// The handler's qualified name.
    pub(super) qualified: Arc<str>,
    /// The handler, as it is in this snapshot.
    pub(super) entry: Arc<Entry>,
    /// Whether its plugin is disabled.
    pub(super) disabled: bool,
}

/// The handlers of a registry, by point.
pub(in crate::extension) struct Order(BTreeMap<String, Vec<Place>>);

impl Order {
    /// The handlers by priority, the highest first, then by the plugins' ids, then as they were registered.
    pub(in crate::extension) fn of(registry: &Registry) -> Self {
        let serving = registry.of::<Hooks>().map(|entry| (entry, false));
        let aside = registry.aside::<Hooks>().map(|entry| (entry, true));
        let mut points = BTreeMap::<_, Vec<_>>::new();
        for (entry, disabled) in serving.chain(aside) {
            if let Some(handler) = entry.contribution::<Hooks>() {
                let place = Place {
                    qualified: entry.qualified.as_str().into(),
                    entry: entry.clone(),
                    disabled,
                };
                let places = points.entry(handler.point.clone()).or_default();
                places.push((Reverse(handler.priority), place));
            }
        }
        let sorted = points.into_iter().map(|(point, mut places)| {
            // Stable: those of one plugin stay as they were registered.
            places.sort_by(|(one, a), (other, b)| {
                let ids = [&a.entry, &b.entry].map(|entry| &entry.plugin.identity().plugin);
                one.cmp(other).then_with(|| ids[0].cmp(ids[1]))
            });
            (point, places.into_iter().map(|(_, place)| place).collect())
        });
        Self(sorted.collect())
    }

    /// All handlers, the points by name.
    fn all(&self) -> impl Iterator<Item = &Place> {
        self.0.values().flatten()
    }

    /// The handlers at a point.
    pub(super) fn at(&self, point: &str) -> &[Place] {
        self.0.get(point).map_or(&[], Vec::as_slice)
    }
}
