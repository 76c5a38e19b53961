//! Which handlers stand at which point, in the order in which they are asked. Made once for each snapshot of the registry.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Hooks;
use crate::extension::{Entry, Registry};

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

    /// The handlers at a point.
    pub(super) fn at(&self, point: &str) -> &[Place] {
        self.0.get(point).map_or(&[], Vec::as_slice)
    }
}
