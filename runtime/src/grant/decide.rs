//! The decision itself: no I/O, no clock, no state. The same package, catalogue, policy and consent always give the same.

use std::sync::Arc;

use semver::Version;

use super::explanation::{Decision, Explanation, ExtensionDecision, PermissionDecision, Refusal};
use super::held::{Grant, Held, Parts, Revocations};
use super::policy::{Consent, Policy};
use super::{Linking, imports};
use crate::identity::Identity;
use crate::manifest::{Manifest, PermissionRequest, PluginId};
use crate::package::{ExportKind, InterfaceName, Package, Scan};
use crate::permission::{Catalogue, ExtensionDescriptor};
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
    let errors: Vec<_> = problems.iter().filter(|p| p.is_error()).map(Problem::to_string).collect();
    errors.join("; ")
}

impl Explanation {
    /// Decides, and tells everything about it.
    pub fn of(package: &Package, catalogue: &Catalogue, policy: &Policy, consent: &Consent) -> Self {
        let manifest = package.manifest();
        let mut problems = Vec::new();
        check_host_version(manifest, &mut problems);
        let permissions = decide_permissions(manifest, catalogue, policy, consent, &mut problems);
        let mut imports = Vec::new();
        for import in &package.scan().imports {
            let (decision, problem) = imports::decide(import, catalogue, &permissions);
            imports.push(decision);
            problems.extend(problem);
        }
        let extensions = decide_extensions(package, catalogue, &permissions, &mut problems);
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
                Some(Held { permission: permission.id, scopes: asked.scopes.clone() })
            })
            .collect();
        let imports: Vec<(String, Linking)> =
            explanation.imports.into_iter().map(|import| (import.import, import.linking)).collect();
        Ok(Self::of(Parts {
            identity: Arc::new(explanation.plugin),
            held,
            imports,
            extensions: explanation.extensions,
            contributes: package.manifest().contributes.clone(),
            limits: policy.limits.lowered_by(&package.manifest().limits),
            on_denied: policy.on_denied,
            instances: policy.instances,
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
            Problem::error("host-version", message).hint("install a version of the plugin that supports this host"),
        );
    }
}

fn decide_permissions(
    manifest: &Manifest,
    catalogue: &Catalogue,
    policy: &Policy,
    consent: &Consent,
    problems: &mut Vec<Problem>,
) -> Vec<PermissionDecision> {
    let mut decisions: Vec<PermissionDecision> = Vec::new();
    for (permission, request) in expand(manifest, catalogue) {
        // What stands in the manifest by its own name wins over the same permission through a group.
        if decisions.iter().any(|earlier| earlier.permission == permission) {
            continue;
        }
        let decision = decide_permission(permission, request, catalogue, policy, consent);
        problems.extend(problem_of(&decision, request, catalogue));
        problems.extend(danger_of(&decision, request));
        decisions.push(decision);
    }
    decisions
}

/// The manifest's requests with groups expanded, those by their own name first.
fn expand<'a>(
    manifest: &'a Manifest,
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = (&'a str, &'a PermissionRequest)> {
    let own = manifest
        .permissions
        .iter()
        .filter(|request| catalogue.find_group(&request.permission).is_none())
        .map(|request| (request.permission.as_str(), request));
    let grouped = manifest.permissions.iter().flat_map(|request| {
        let members = catalogue.find_group(&request.permission).map_or(&[][..], |group| group.members);
        members.iter().map(move |member| (*member, request))
    });
    own.chain(grouped)
}

fn decide_permission(
    permission: &str,
    request: &PermissionRequest,
    catalogue: &Catalogue,
    policy: &Policy,
    consent: &Consent,
) -> PermissionDecision {
    let known = catalogue.find_permission(permission);
    let grouped = request.permission != permission;
    let own_scope = request.scope.iter().filter(|_| !grouped);
    let scopes: Vec<_> = own_scope.chain(policy.scopes.get(permission)).cloned().collect();
    let scope_problem = catalogue
        .opened_by(permission)
        .and_then(|room| scopes.iter().find_map(|scope| (room.scope.check)(scope).err()));
    let allowed = policy.allow.as_ref().is_none_or(|allow| allow.contains(permission));
    let refusal = match known {
        None => Some(Refusal::Unknown),
        Some(_) if !catalogue.offers(permission) => Some(Refusal::NotOffered),
        Some(_) if policy.deny.contains(permission) || !allowed => Some(Refusal::Policy),
        Some(known) if known.host_switch && !policy.switched_on.contains(permission) => Some(Refusal::HostSwitch),
        Some(_) if !consent.covers(permission) => Some(Refusal::Consent),
        Some(_) => scope_problem.map(|problem| Refusal::Scope(problem.to_string())),
    };
    PermissionDecision {
        permission: permission.to_owned(),
        group: grouped.then(|| request.permission.clone()),
        reason: request.reason.clone(),
        optional: request.optional,
        consent: known.map(|known| known.consent),
        danger: known.and_then(|known| known.danger),
        scopes,
        decision: refusal.map_or(Decision::Granted, Decision::Refused),
    }
}

fn problem_of(decision: &PermissionDecision, request: &PermissionRequest, catalogue: &Catalogue) -> Option<Problem> {
    let Decision::Refused(refusal) = &decision.decision else {
        return None;
    };
    let permission = &decision.permission;
    let problem = match refusal {
        Refusal::Unknown => {
            let message = format!("no permission is named `{permission}`; it grants nothing");
            return Some(Problem::warning("permission-unknown", message).hint(nearest(permission, catalogue)).at(request.location.clone()));
        }
        // A group asks for what a host may not have; its members count only where an import needs them.
        Refusal::NotOffered if decision.group.is_some() => return None,
        // A scope that cannot be read is the author's mistake, optional or not.
        Refusal::Scope(problem) => return Some(Problem::error("bad-scope", format!("the scope of `{permission}`: {problem}")).at(request.location.clone())),
        _ if decision.optional => return None,
        refusal => Problem::error("permission-refused", format!("needs the permission `{permission}`, but {refusal}")),
    };
    Some(problem.at(request.location.clone()).hint(match refusal {
        Refusal::Consent => format!("accept `{permission}`, for example with --grant {permission}"),
        Refusal::HostSwitch => format!("switch `{permission}` on in the host's policy"),
        Refusal::Policy => format!("allow `{permission}` in the host's policy"),
        _ => "use a host that offers it, or ask for it with `optional = true`".to_owned(),
    }))
}

fn nearest(permission: &str, catalogue: &Catalogue) -> String {
    let ids = catalogue.permissions().map(|p| p.id).chain(catalogue.groups().map(|g| g.id));
    let nearest = ids.max_by(|a, b| strsim::jaro_winkler(a, permission).total_cmp(&strsim::jaro_winkler(b, permission)));
    format!("did you mean `{}`?", nearest.unwrap_or_default())
}

fn danger_of(decision: &PermissionDecision, request: &PermissionRequest) -> Option<Problem> {
    let danger = decision.danger.filter(|_| decision.decision.is_granted())?;
    let message = format!("`{}` is dangerous: {danger}", decision.permission);
    Some(Problem::warning("permission-dangerous", message).at(request.location.clone()))
}

fn decide_extensions(
    package: &Package,
    catalogue: &Catalogue,
    permissions: &[PermissionDecision],
    problems: &mut Vec<Problem>,
) -> Vec<ExtensionDecision> {
    let manifest = package.manifest();
    for raw in &manifest.contributes {
        if catalogue.find_extension(&raw.extension).is_none_or(|room| room.contribution.is_none()) {
            let message = format!("contributes `{}`, but this host has no such extension", raw.extension);
            problems.push(Problem::error("extension-unknown", message).at(raw.table.location()));
        }
    }
    let mut decisions = Vec::new();
    for room in catalogue.extensions() {
        let contributions = manifest.contributes.iter().filter(|raw| raw.extension == room.id);
        let count = contributions.clone().count();
        let exported = exported_version(package.scan(), room);
        if let Some(contribution) = room.contribution {
            problems.extend(contributions.filter_map(|raw| (contribution.parser.check)(&raw.table).err()));
            if count > 0 && exported.is_none() {
                let message = format!("contributes {} but does not export `{}`", room.id, room.export);
                problems.push(Problem::error("export-missing", message).hint("export the interface, or drop the contributions"));
            }
        }
        if let Some(version) = exported {
            if !is_callable(version.as_ref(), room) {
                let name = version.as_ref().map_or(room.export.to_owned(), |version| format!("{}@{version}", room.export));
                let message = format!("exports `{name}`, but this host calls version {}", room.version);
                problems.push(Problem::error("export-version", message));
            }
            decisions.push(decide_extension(room, count, permissions, problems));
        }
    }
    decisions
}

fn decide_extension(
    room: &ExtensionDescriptor,
    contributions: usize,
    permissions: &[PermissionDecision],
    problems: &mut Vec<Problem>,
) -> ExtensionDecision {
    let decision = match room.permission {
        None => Decision::Granted,
        Some(permission) => match permissions.iter().find(|asked| asked.permission == permission) {
            Some(asked) => asked.decision.clone(),
            None => {
                let message = format!("exports `{}`, which needs the permission `{permission}`, but plugin.toml does not ask for it", room.export);
                let hint = format!("add [permissions.\"{permission}\"] with a reason to plugin.toml");
                problems.push(Problem::error("permission-missing", message).hint(hint));
                Decision::Refused(Refusal::Consent)
            }
        },
    };
    ExtensionDecision {
        extension: room.id,
        contributions,
        permission: room.permission,
        decision,
    }
}

/// The version of the extension's interface that the component exports; the inner one is `None` for a name without a version. Other exports are
/// no concern of the host.
fn exported_version(scan: &Scan, room: &ExtensionDescriptor) -> Option<Option<Version>> {
    scan.exports.iter().find_map(|export| {
        let ExportKind::Instance { .. } = export.kind else {
            return None;
        };
        let name = InterfaceName::parse(&export.name)?;
        (name.interface == room.export).then_some(name.version)
    })
}

/// Whether the host can call an export of this version: an older or a newer compatible one. Whether it has all functions shows when they are bound.
fn is_callable(exported: Option<&Version>, room: &ExtensionDescriptor) -> bool {
    let Ok(called) = Version::parse(room.version) else {
        return false;
    };
    exported.is_some_and(|exported| {
        exported.build.is_empty()
            && exported.pre == called.pre
            && exported.major == called.major
            && (exported.major > 0 || exported.minor == called.minor)
    })
}
