//! The extensions that a plugin provides, one by one.

use semver::Version;

use super::explanation::{Decision, ExtensionDecision, PermissionDecision, Refusal};
use crate::manifest::Activation;
use crate::package::{ExportKind, InterfaceName, Package, Scan};
use crate::permission::{Admission, Catalogue, ExtensionDescriptor};
use crate::problem::Problem;

/// Decides every extension that the component exports, and tells what is wrong with the manifest's contributions.
pub(super) fn decide(
    package: &Package,
    catalogue: &Catalogue,
    permissions: &[PermissionDecision],
    problems: &mut Vec<Problem>,
) -> Vec<ExtensionDecision> {
    let manifest = package.manifest();
    for raw in &manifest.contributes {
        if catalogue
            .find_extension(&raw.extension)
            .is_none_or(|room| room.contribution.is_none())
        {
            let message = format!(
                "contributes `{}`, but this host has no such extension",
                raw.extension
            );
            problems.push(Problem::error("extension-unknown", message).at(raw.table.location()));
        }
    }
    let mut decisions = Vec::new();
    for room in catalogue.extensions() {
        let contributions = manifest
            .contributes
            .iter()
            .filter(|raw| raw.extension == room.id);
        let count = contributions.clone().count();
        let exported = exported_version(package.scan(), room);
        if let Some(contribution) = room.contribution {
            let asked = asked_for(room, permissions);
            let scopes = asked.map_or(&[][..], |asked| &asked.scopes);
            let admission = Admission {
                catalogue,
                scopes,
                // It stands before the host's.
                own_scope: scopes
                    .first()
                    .filter(|_| asked.is_some_and(|asked| asked.has_own_scope)),
                plugin: &manifest.id,
            };
            // None is looked at beyond the bound: that is what it is for.
            let most = contribution.at_most;
            if let Some(beyond) = contributions.clone().nth(most) {
                let message = format!("contributes {count} {}; {most} are the most", room.id);
                let problem = Problem::error("too-many", message);
                let problem = problem.hint("remove some, or make two plugins of it");
                problems.push(problem.at(beyond.table.location()));
            }
            for raw in contributions.take(most) {
                problems.extend(match (contribution.parser.check)(&raw.table) {
                    Ok(()) => (contribution.admits)(&raw.table, admission),
                    Err(problem) => vec![problem],
                });
            }
            if count > 0 && exported.is_none() {
                let message = format!(
                    "contributes {} but does not export `{}`",
                    room.id, room.export
                );
                problems.push(
                    Problem::error("export-missing", message)
                        .hint("export the interface, or drop the contributions"),
                );
            }
        }
        if let Some(version) = exported {
            if !is_callable(version.as_ref(), room) {
                let name = version.as_ref().map_or(room.export.to_owned(), |version| {
                    format!("{}@{version}", room.export)
                });
                let message = format!(
                    "exports `{name}`, but this host calls version {}",
                    room.version
                );
                problems.push(Problem::error("export-version", message));
            }
            decisions.push(decide_extension(room, count, permissions, problems));
        }
    }
    if manifest.activation == Activation::FirstMatch && !can_match(catalogue, &decisions) {
        let message = "is activated on its first match, but contributes nothing that this host comes to by itself";
        let hint = "contribute a hook or an event handler, or write `on = \"first-use\"`";
        problems.push(Problem::warning("never-woken", message).hint(hint));
    }
    decisions
}

/// Whether the host comes by itself to something that a plugin contributes.
fn can_match(catalogue: &Catalogue, decisions: &[ExtensionDecision]) -> bool {
    decisions.iter().any(|decision| {
        let room = catalogue.find_extension(decision.extension);
        decision.decision.is_granted() && room.is_some_and(|room| room.on_match)
    })
}

/// The permission that an extension needs, if the manifest asks for it.
fn asked_for<'a>(
    room: &ExtensionDescriptor,
    permissions: &'a [PermissionDecision],
) -> Option<&'a PermissionDecision> {
    let mut asked = permissions.iter();
    asked.find(|asked| Some(asked.permission.as_str()) == room.permission)
}

fn decide_extension(
    room: &ExtensionDescriptor,
    contributions: usize,
    permissions: &[PermissionDecision],
    problems: &mut Vec<Problem>,
) -> ExtensionDecision {
    let decision = match room.permission {
        None => Decision::Granted,
        Some(permission) => match permissions
            .iter()
            .find(|asked| asked.permission == permission)
        {
            Some(asked) => asked.decision.clone(),
            None => {
                let message = format!(
                    "exports `{}`, which needs the permission `{permission}`, but plugin.toml does not ask for it",
                    room.export
                );
                let hint =
                    format!("add [permissions.\"{permission}\"] with a reason to plugin.toml");
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
