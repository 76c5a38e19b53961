//! The permissions that a manifest asks for, one by one.

use super::explanation::{Decision, PermissionDecision, Refusal};
use super::policy::{Consent, Policy};
use crate::manifest::{Manifest, PermissionRequest};
use crate::permission::Catalogue;
use crate::problem::Problem;

/// Decides every permission, groups expanded, and tells what is wrong.
pub(super) fn decide(
    manifest: &Manifest,
    catalogue: &Catalogue,
    policy: &Policy,
    consent: &Consent,
    problems: &mut Vec<Problem>,
) -> Vec<PermissionDecision> {
    check_group_scopes(manifest, catalogue, problems);
    let mut decisions: Vec<PermissionDecision> = Vec::new();
    for (permission, request) in expand(manifest, catalogue) {
        // What stands in the manifest by its own name wins over the same permission through a group.
        if decisions
            .iter()
            .any(|earlier| earlier.permission == permission)
        {
            continue;
        }
        let decision = decide_permission(permission, request, catalogue, policy, consent);
        problems.extend(problem_of(&decision, request, catalogue));
        problems.extend(danger_of(&decision, request));
        problems.extend(wildcard_of(&decision, request));
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
        let members = catalogue
            .find_group(&request.permission)
            .map_or(&[][..], |group| group.members);
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
    let has_own_scope = own_scope.clone().next().is_some();
    let scopes: Vec<_> = own_scope
        .chain(policy.scopes.get(permission))
        .cloned()
        .collect();
    let scope_problem = catalogue
        .scope_of(permission)
        .and_then(|parser| scopes.iter().find_map(|scope| (parser.check)(scope).err()));
    let allowed = policy
        .allow
        .as_ref()
        .is_none_or(|allow| allow.contains(permission));
    let refusal = match known {
        None => Some(Refusal::Unknown),
        Some(_) if !catalogue.offers(permission) => Some(Refusal::NotOffered),
        Some(_) if policy.deny.contains(permission) || !allowed => Some(Refusal::Policy),
        Some(known) if known.host_switch && !policy.switched_on.contains(permission) => {
            Some(Refusal::HostSwitch)
        }
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
        has_own_scope,
        decision: refusal.map_or(Decision::Granted, Decision::Refused),
    }
}

fn problem_of(
    decision: &PermissionDecision,
    request: &PermissionRequest,
    catalogue: &Catalogue,
) -> Option<Problem> {
    let Decision::Refused(refusal) = &decision.decision else {
        return None;
    };
    let permission = &decision.permission;
    let problem = match refusal {
        Refusal::Unknown => {
            let message = format!("no permission is named `{permission}`; it grants nothing");
            return Some(
                Problem::warning("permission-unknown", message)
                    .hint(nearest(permission, catalogue))
                    .at(request.location.clone()),
            );
        }
        // A group asks for what a host may not have; its members count only where an import needs them.
        Refusal::NotOffered if decision.group.is_some() => return None,
        // A scope that cannot be read is the author's mistake, optional or not.
        Refusal::Scope(problem) => {
            return Some(
                Problem::error(
                    "bad-scope",
                    format!("the scope of `{permission}`: {problem}"),
                )
                .at(request.location.clone()),
            );
        }
        _ if decision.optional => return None,
        refusal => Problem::error(
            "permission-refused",
            format!("needs the permission `{permission}`, but {refusal}"),
        ),
    };
    Some(problem.at(request.location.clone()).hint(match refusal {
        Refusal::Consent => format!("accept `{permission}`, for example with --grant {permission}"),
        Refusal::HostSwitch => {
            format!("switch `{permission}` on in the host's policy, for example with --switch-on {permission}")
        }
        Refusal::Policy => format!("allow `{permission}` in the host's policy"),
        _ => "use a host that offers it, or ask for it with `optional = true`".to_owned(),
    }))
}

fn nearest(permission: &str, catalogue: &Catalogue) -> String {
    let ids = catalogue
        .permissions()
        .map(|p| p.id)
        .chain(catalogue.groups().map(|g| g.id));
    let nearest = ids.max_by(|a, b| {
        strsim::jaro_winkler(a, permission).total_cmp(&strsim::jaro_winkler(b, permission))
    });
    format!("did you mean `{}`?", nearest.unwrap_or_default())
}

fn danger_of(decision: &PermissionDecision, request: &PermissionRequest) -> Option<Problem> {
    let danger = decision.danger.filter(|_| decision.decision.is_granted())?;
    let message = format!("`{}` is dangerous: {danger}", decision.permission);
    Some(Problem::warning("permission-dangerous", message).at(request.location.clone()))
}

/// A scope that holds the pattern `*`, or for subjects `>`, narrows nothing.
fn wildcard_of(decision: &PermissionDecision, request: &PermissionRequest) -> Option<Problem> {
    let scope = request
        .scope
        .as_ref()
        .filter(|_| decision.group.is_none() && decision.decision.is_granted())?;
    let wildcard = wildcard_in(&scope.to_json())?;
    let message = format!(
        "the scope of `{}` holds `{wildcard}`, which allows everything",
        decision.permission
    );
    let problem = Problem::warning("scope-wildcard", message).hint("name what the plugin needs");
    Some(problem.at(scope.location()))
}

fn wildcard_in(value: &serde_json::Value) -> Option<&'static str> {
    match value {
        serde_json::Value::String(text) => ["*", ">"].into_iter().find(|one| text == one),
        serde_json::Value::Array(values) => values.iter().find_map(wildcard_in),
        serde_json::Value::Object(values) => values.values().find_map(wildcard_in),
        _ => None,
    }
}

/// A group's members have scopes of different kinds, so a scope belongs to a permission.
fn check_group_scopes(manifest: &Manifest, catalogue: &Catalogue, problems: &mut Vec<Problem>) {
    for request in &manifest.permissions {
        if let (Some(group), Some(scope)) =
            (catalogue.find_group(&request.permission), &request.scope)
        {
            let message = format!("`{}` is a group and takes no scope", group.id);
            let hint = format!(
                "ask for the permission itself beside it, for example [permissions.\"{}\"]",
                group.members.first().unwrap_or(&"")
            );
            problems.push(
                Problem::error("scope-on-group", message)
                    .hint(hint)
                    .at(scope.location()),
            );
        }
    }
}
