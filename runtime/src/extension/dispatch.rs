//! The way from a name to a call: look the entry up, check that the world uses the plugin, keep the plugin while it is called.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::registry::{Entry, SharedRegistry};
use crate::enabled::EnabledPlugins;
use crate::engine::{Extension, Typed};
use crate::receipt::Receipt;
use crate::subject::{Context, Subject};

/// In which a contribution is used: whom it is about, and which plugins that world uses.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Whom the call is about.
    pub subject: &'a Subject,
    /// The plugins of the subject's world.
    pub enabled: &'a EnabledPlugins,
}

/// Why a contribution was not called at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why", content = "context")]
#[non_exhaustive]
pub enum Skip {
    /// Nothing is registered under the name.
    Unknown,
    /// The world does not use the plugin.
    NotEnabled,
    /// The subject lacks a part that the contribution requires.
    MissingContext(Context),
    /// The plugin is stopped.
    Stopped,
    /// The plugin is disabled, by an operator or because it failed too often.
    Disabled,
    /// What it is called with is not what its manifest asks for.
    BadArguments,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("nothing is registered under this name"),
            Self::NotEnabled => f.write_str("the world does not use the plugin"),
            Self::MissingContext(context) => write!(f, "the subject has no {context}"),
            Self::Stopped => f.write_str("the plugin is stopped"),
            Self::Disabled => f.write_str("the plugin is disabled"),
            Self::BadArguments => f.write_str("the arguments do not fit"),
        }
    }
}

impl std::error::Error for Skip {}

/// A receipt, or why there was no call.
pub type Dispatched<R> = Result<Receipt<R>, Skip>;

/// Calls what is registered under a name. A plugin that is replaced at the same time is called once, in its old or in its new version.
pub async fn dispatch<E: Typed>(
    registry: &SharedRegistry,
    qualified: &str,
    scene: Scene<'_>,
    requires: impl Fn(&E::Contribution) -> &[Context],
    request: impl Fn(&Entry, &E::Contribution) -> E::Request,
) -> Dispatched<E::Reply> {
    let request = |entry: &Entry, one: &E::Contribution| Ok(request(entry, one));
    dispatch_checked::<E>(registry, qualified, scene, requires, request).await
}

/// Like [`dispatch`], but whoever makes the request may find that there is to be no call.
pub(super) async fn dispatch_checked<E: Typed>(
    registry: &SharedRegistry,
    qualified: &str,
    scene: Scene<'_>,
    requires: impl Fn(&E::Contribution) -> &[Context],
    request: impl Fn(&Entry, &E::Contribution) -> Result<E::Request, Skip>,
) -> Dispatched<E::Reply> {
    let mut stopped: Option<Arc<Entry>> = None;
    loop {
        let entry = registry
            .snapshot()
            .find(qualified)
            .cloned()
            .ok_or(Skip::Unknown)?;
        let contribution = entry.contribution::<E>().ok_or(Skip::Unknown)?;
        check(&entry, scene, requires(contribution))?;
        if let Some(hold) = entry.hold() {
            let request = request(&entry, contribution)?;
            return Ok(hold.call::<E>(scene.subject.clone(), request).await);
        }
        // Stopped since the snapshot was taken: the next snapshot has its successor, or it is gone for good.
        if stopped.is_some_and(|before| Arc::ptr_eq(&before, &entry)) {
            return Err(Skip::Stopped);
        }
        stopped = Some(entry);
    }
}

/// Whether an entry may be called in the scene.
pub(super) fn check(entry: &Entry, scene: Scene<'_>, requires: &[Context]) -> Result<(), Skip> {
    if !is_used(entry, scene) {
        return Err(Skip::NotEnabled);
    }
    if entry.plugin.is_suspended() {
        return Err(Skip::Disabled);
    }
    match requires.iter().find(|part| !scene.subject.has(**part)) {
        Some(missing) => Err(Skip::MissingContext(*missing)),
        None => Ok(()),
    }
}

/// Whether the scene's world uses the entry's plugin.
pub(super) fn is_used(entry: &Entry, scene: Scene<'_>) -> bool {
    scene.enabled.contains(&entry.plugin.identity().plugin)
}

/// The qualified names of an extension's entries, the highest priority first; among equals the order of registration decides.
pub(super) fn by_priority<E: Extension>(
    registry: &SharedRegistry,
    counts: impl Fn(&Entry) -> bool,
    priority: impl Fn(&E::Contribution) -> i32,
) -> Vec<String> {
    let snapshot = registry.snapshot();
    let mut names: Vec<(i32, String)> = snapshot
        .of::<E>()
        .filter(|entry| counts(entry))
        .filter_map(|entry| {
            let contribution = entry.contribution::<E>()?;
            Some((priority(contribution), entry.qualified.clone()))
        })
        .collect();
    // Stable: equals stay as they were registered.
    names.sort_by_key(|(priority, _)| Reverse(*priority));
    names.into_iter().map(|(_, name)| name).collect()
}
