//! The decision itself: no I/O, no clock, no state. The same package, catalogue, policy and consent always give the same.

use std::sync::Arc;

use semver::Version;

use super::explanation::Explanation;
use super::held::{Grant, Held, Parts, Revocations};
use super::policy::{Consent, Policy};
use super::{extensions, imports, permissions};
use crate::identity::Identity;
use crate::manifest::{Manifest, PluginId};
use crate::package::Package;
use crate::permission::Catalogue;
use crate::problem::Problem;

/// Why a plugin gets no grant.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the plugin `{plugin}` is refused: {}", join(problems))]
pub struct GrantError {
    /// The plugin.
    pub plugin: PluginId,
    /// What is wrong; at least one is an error.
    pub problems: Vec<Problem>,
}

fn join(problems: &[Problem]) -> String {
    let errors: Vec<_> = problems
        .iter()
        .filter(|p| p.is_error())
        .map(Problem::to_string)
        .collect();
    errors.join("; ")
}

impl Explanation {
    /// Decides, and tells everything about it.
    pub fn of(
        package: &Package,
        catalogue: &Catalogue,
        policy: &Policy,
        consent: &Consent,
    ) -> Self {
        let manifest = package.manifest();
        let mut problems = Vec::new();
        check_host_version(manifest, &mut problems);
        let permissions = permissions::decide(manifest, catalogue, policy, consent, &mut problems);
        let mut imports = Vec::new();
        for import in &package.scan().imports {
            let (decision, problem) = imports::decide(import, catalogue, &permissions);
            imports.push(decision);
            problems.extend(problem);
        }
        let extensions = extensions::decide(package, catalogue, &permissions, &mut problems);
        Self {
            plugin: Identity {
                plugin: manifest.id.clone(),
                version: manifest.version.clone(),
                digest: package.digest(),
            },
            permissions,
            imports,
            extensions,
            problems,
        }
    }
}

impl Grant {
    /// Decides what the plugin may do. This is the only way to a grant.
    ///
    /// # Errors
    /// Every reason for which the plugin is refused, each naming the import or the permission and the fix.
    pub fn decide(
        package: &Package,
        catalogue: &Catalogue,
        policy: &Policy,
        consent: &Consent,
    ) -> Result<Self, GrantError> {
        let explanation = Explanation::of(package, catalogue, policy, consent);
        if !explanation.is_granted() {
            return Err(GrantError {
                plugin: explanation.plugin.plugin,
                problems: explanation.problems,
            });
        }
        let held = explanation
            .permissions
            .iter()
            .filter(|asked| asked.decision.is_granted())
            .filter_map(|asked| {
                let permission = catalogue.find_permission(&asked.permission)?;
                Some(Held {
                    permission: permission.id,
                    scopes: asked.scopes.clone(),
                    by_plugin: asked.has_own_scope,
                })
            })
            .collect();
        Ok(Self::of(Parts {
            identity: Arc::new(explanation.plugin),
            held,
            imports: explanation.imports,
            extensions: explanation.extensions,
            contributes: package.manifest().contributes.clone(),
            limits: policy.limits.lowered_by(&package.manifest().limits),
            on_denied: policy.on_denied,
            instances: policy.instances.of_plugin(package.manifest().stateless),
            slots: policy.slots_per_plugin,
            revocations: Revocations::default(),
        }))
    }
}

fn check_host_version(manifest: &Manifest, problems: &mut Vec<Problem>) {
    let Ok(host) = Version::parse(env!("CARGO_PKG_VERSION")) else {
        return;
    };
    if !manifest.host.matches(&host) {
        let message = format!("needs a host `{}`, but this host is {host}", manifest.host);
        problems.push(
            Problem::error("host-version", message)
                .hint("install a version of the plugin that supports this host"),
        );
    }
}
