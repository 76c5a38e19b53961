//! The way to one handler: as it is now, not as it was when the chain began.

use std::ops::Deref;
use std::sync::Arc;

use super::order::Place;
use super::stage::Declared;
use super::{Decision, Handle, Handler, Hooks};
use crate::engine::{Plugin, Share};
use crate::extension::{Entry, Registry, Scene, SharedRegistry};
use crate::receipt::Receipt;

/// What came of asking a handler.
pub(super) enum Asked<'a> {
    /// It is not there any more.
    Gone,
    /// It was not called.
    Not(Found<'a>, &'static str),
    /// This plugin was called, which may be the successor of the one that is registered.
    Called(Found<'a>, Plugin, Receipt<Decision>),
}

/// A handler as it is registered now.
pub(super) enum Found<'a> {
    /// As when the chain began.
    Same(&'a Arc<Entry>),
    /// In another version.
    Other(Arc<Entry>),
}

impl Deref for Found<'_> {
    type Target = Arc<Entry>;

    fn deref(&self) -> &Arc<Entry> {
        match self {
            Self::Same(entry) => entry,
            Self::Other(entry) => entry,
        }
    }
}

/// What a chain's handlers are asked under.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) point: &'a Declared,
    pub(super) scene: Scene<'a>,
    pub(super) shared: &'a SharedRegistry,
    /// The snapshot that the chain began with.
    pub(super) began: &'a Arc<Registry>,
}

impl Terms<'_> {
    /// Asks a handler. `share` says how long it has, or why there is no time left.
    pub(super) async fn ask<'p>(
        self,
        place: &'p Place,
        data: Arc<str>,
        share: impl Fn(&Handler) -> Result<Share, &'static str>,
    ) -> Asked<'p> {
        let mut stopped: Option<Found<'_>> = None;
        loop {
            let Some((entry, disabled)) = self.now(place) else {
                return Asked::Gone;
            };
            let Some(handler) = entry.contribution::<Hooks>() else {
                return Asked::Gone;
            };
            if handler.point != *self.point.name {
                return Asked::Gone;
            }
            if disabled || entry.plugin.is_suspended() {
                return Asked::Not(entry, "the plugin is disabled");
            }
            let share = match share(handler) {
                Ok(share) => share,
                Err(why) => return Asked::Not(entry, why),
            };
            if let Some(hold) = entry.plugin.hold() {
                let request = Handle {
                    name: entry.name.clone(),
                    point: self.point.name.clone(),
                    data,
                };
                let subject = self.scene.subject.clone();
                let plugin = hold.held();
                let receipt = hold.call_within::<Hooks>(subject, request, share).await;
                return Asked::Called(entry, plugin, receipt);
            }
            // Stopped since the snapshot was taken: the next snapshot has its successor, or it is gone for good.
            if stopped.is_some_and(|before| Arc::ptr_eq(&before, &entry)) {
                return Asked::Gone;
            }
            stopped = Some(entry);
        }
    }

    /// The handler as it is registered now, and whether its plugin is disabled.
    fn now(self, place: &Place) -> Option<(Found<'_>, bool)> {
        let now = self.shared.snapshot();
        if Arc::ptr_eq(&now, self.began) {
            return Some((Found::Same(&place.entry), place.disabled));
        }
        let serving = now.find(&place.qualified).map(|entry| (entry, false));
        let aside = || Some((now.find_aside(&place.qualified)?, true));
        let (entry, disabled) = serving.or_else(aside)?;
        Some((Found::Other(entry.clone()), disabled))
    }
}
