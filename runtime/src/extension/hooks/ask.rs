//! The way to one handler: as it is now, not as it was when the chain began.

use std::sync::Arc;
use std::time::Duration;

use super::order::Place;
use super::stage::Declared;
use super::{Decision, Handle, Handler, Hooks};
use crate::engine::Plugin;
use crate::extension::{Entry, Registry, Scene, SharedRegistry};
use crate::receipt::Receipt;

/// What came of asking a handler.
pub(super) enum Asked {
    /// It is not there any more.
    Gone,
    /// It was not called.
    Not(Arc<Entry>, &'static str),
    /// This plugin was called, which may be the successor of the one that is registered.
    Called(Arc<Entry>, Plugin, Receipt<Decision>),
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
    /// Asks a handler. `time` says how long it has; `None` if there is no time left.
    pub(super) async fn ask(
        self,
        place: &Place,
        data: Arc<str>,
        time: impl Fn(&Handler) -> Option<Duration>,
    ) -> Asked {
        let mut stopped: Option<Arc<Entry>> = None;
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
            let Some(time) = time(handler) else {
                return Asked::Not(entry, "the chain's time was used up");
            };
            if let Some(hold) = entry.plugin.hold() {
                let request = Handle {
                    name: entry.name.clone(),
                    point: self.point.name.clone(),
                    data,
                };
                let subject = self.scene.subject.clone();
                let plugin = hold.held();
                let receipt = hold.call_within::<Hooks>(subject, request, time).await;
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
    fn now(self, place: &Place) -> Option<(Arc<Entry>, bool)> {
        let now = self.shared.snapshot();
        if Arc::ptr_eq(&now, self.began) {
            return Some((place.entry.clone(), place.disabled));
        }
        let serving = now.find(&place.qualified).map(|entry| (entry, false));
        let aside = || Some((now.find_aside(&place.qualified)?, true));
        let (entry, disabled) = serving.or_else(aside)?;
        Some((entry.clone(), disabled))
    }
}
