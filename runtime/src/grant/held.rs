//! A grant: proof that a decision was made for these bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{ExtensionDecision, ImportDecision, Instances, OnDenied};
use crate::identity::Identity;
use crate::limits::Limits;
use crate::manifest::{RawContribution, RawTable};

/// A permission that a plugin holds, with the scopes that narrow it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The permission.
    pub permission: &'static str,
    /// Something must be allowed by each of these; empty for the narrowest default of the capability.
    pub scopes: Vec<RawTable>,
    /// Whether one of them is the plugin's own, and not the host's.
    pub by_plugin: bool,
}

/// Proof that a plugin may run, and under which permissions and limits. [`Grant::decide`] is the only way to one; it cannot be
/// deserialised, and it names the digest of the bytes that it was decided for. It travels by deciding again.
///
/// Clones share their revocations.
#[derive(Clone, Debug)]
pub struct Grant(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) identity: Arc<Identity>,
    pub(super) held: Vec<Held>,
    pub(super) imports: Vec<ImportDecision>,
    pub(super) extensions: Vec<ExtensionDecision>,
    pub(super) contributes: Vec<RawContribution>,
    pub(super) limits: Limits,
    pub(super) on_denied: OnDenied,
    pub(super) instances: Instances,
    pub(super) slots: u32,
    pub(super) revocations: Revocations,
}

/// What was taken back after the decision. The generation lets a host call see with one load that nothing was.
#[derive(Debug, Default)]
pub(super) struct Revocations {
    generation: AtomicU64,
    revoked: RwLock<BTreeSet<String>>,
}

impl Grant {
    pub(super) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Whether this is the same grant, and not one that was decided at another time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The plugin and the digest of its bytes.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.0.identity
    }

    /// The permissions that were granted; a revoked one is still listed.
    pub fn held(&self) -> &[Held] {
        &self.0.held
    }

    /// Whether the permission was granted and is not revoked.
    pub fn holds(&self, permission: &str) -> bool {
        self.0.held.iter().any(|held| held.permission == permission) && !self.is_revoked(permission)
    }

    /// Each import of the component and how it is satisfied.
    pub fn imports(&self) -> &[ImportDecision] {
        &self.0.imports
    }

    /// The extensions that the host may call.
    pub fn extensions(&self) -> impl Iterator<Item = &ExtensionDecision> {
        self.0
            .extensions
            .iter()
            .filter(|extension| extension.decision.is_granted())
    }

    /// What the manifest contributes by an extension, in its order; nothing if the extension was refused.
    pub fn contributions<'a>(
        &'a self,
        extension: &'a str,
    ) -> impl Iterator<Item = &'a RawContribution> {
        let granted = self
            .extensions()
            .any(|decision| decision.extension == extension);
        self.0
            .contributes
            .iter()
            .filter(move |contribution| granted && contribution.extension == extension)
    }

    /// The limits of a call: the manifest's wishes under the host's ceilings.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What an ungranted optional permission does.
    pub fn on_denied(&self) -> OnDenied {
        self.0.on_denied
    }

    /// Where the instances of calls come from; [`Instances::Shared`] only if the manifest says that the plugin is stateless.
    pub fn instances(&self) -> Instances {
        self.0.instances
    }

    /// How many of the engine's slots the plugin has at most at once.
    pub fn slots(&self) -> u32 {
        self.0.slots
    }

    /// Takes a permission back. Calls in flight are denied from their next host call on. Taking back what was not granted does nothing.
    pub fn revoke(&self, permission: &str) {
        if !self.0.held.iter().any(|held| held.permission == permission) {
            return;
        }
        let revocations = &self.0.revocations;
        let mut revoked = revocations
            .revoked
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if revoked.insert(permission.to_owned()) {
            revocations.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// How many permissions were revoked since the decision.
    pub fn generation(&self) -> u64 {
        self.0.revocations.generation.load(Ordering::Acquire)
    }

    /// Whether the permission was taken back.
    pub fn is_revoked(&self, permission: &str) -> bool {
        if self.generation() == 0 {
            return false;
        }
        let revoked = self
            .0
            .revocations
            .revoked
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        revoked.contains(permission)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds", self.0.identity)?;
        if self.0.held.is_empty() {
            return f.write_str(" nothing");
        }
        for held in &self.0.held {
            write!(f, " {}", held.permission)?;
        }
        Ok(())
    }
}

impl RawContribution {
    /// The contribution's name, where it has one.
    pub fn name(&self) -> Option<String> {
        Some(self.table.to_json().get("name")?.as_str()?.to_owned())
    }
}
