//! What a component imports, compared with what its plugin was granted. This happens before anything is linked: a linker resolves names
//! by compatible versions, a decision by interface.

use semver::Version;

use super::explanation::{ImportDecision, Linking, PermissionDecision};
use crate::package::{Import, ImportKind, InterfaceName};
use crate::permission::{Catalogue, Gate};
use crate::problem::Problem;

/// Decides one import; the problem, if there is one, refuses the plugin.
pub(super) fn decide(
    import: &Import,
    catalogue: &Catalogue,
    permissions: &[PermissionDecision],
) -> (ImportDecision, Option<Problem>) {
    let mut decision = ImportDecision {
        import: import.name.clone(),
        capability: None,
        permission: None,
        linking: Linking::Refused,
    };
    if let Some(problem) = wrong_kind(import) {
        return (decision, Some(problem));
    }
    if has_nothing_to_call(&import.kind) {
        decision.linking = Linking::Types;
        return (decision, None);
    }
    let name = InterfaceName::parse(&import.name);
    let offered = name.and_then(|name| Some((catalogue.gate(&name.interface)?, name.version)));
    let Some(((room, gate), version)) = offered else {
        return (decision, Some(unknown(import, catalogue)));
    };
    decision.capability = Some(room.id);
    decision.permission = gate.permission;
    let linking = match wrong_version(&import.name, version.as_ref(), gate) {
        Some(problem) => Err(problem),
        None => link(&import.name, gate, permissions),
    };
    match linking {
        Ok(linking) => {
            decision.linking = linking;
            (decision, None)
        }
        Err(problem) => (decision, Some(problem)),
    }
}

fn link(import: &str, gate: &Gate, permissions: &[PermissionDecision]) -> Result<Linking, Problem> {
    let Some(permission) = gate.permission else {
        return Ok(Linking::Open);
    };
    let asked = permissions
        .iter()
        .find(|asked| asked.permission == permission);
    match asked {
        Some(asked) if asked.decision.is_granted() => Ok(Linking::Open),
        Some(asked) if asked.optional => Ok(Linking::Stub),
        // The permission itself is refused, and that problem says why.
        Some(_) => Ok(Linking::Refused),
        None => Err(Problem::error(
            "permission-missing",
            format!(
                "imports `{import}`, which needs the permission `{permission}`, but plugin.toml does not ask for it"
            ),
        )
        .hint(format!(
            "add [permissions.\"{permission}\"] with a reason to plugin.toml, or stop using the interface"
        ))),
    }
}

fn wrong_kind(import: &Import) -> Option<Problem> {
    let (code, what) = match import.kind {
        ImportKind::Instance { .. } => return None,
        ImportKind::Function => (
            "import-bare-function",
            "a function outside of any interface",
        ),
        ImportKind::Module => ("import-core-module", "a core module"),
        ImportKind::Component => ("import-component", "a component"),
        ImportKind::Value => ("import-value", "a value"),
        // A type alone can do nothing; tools import types at the top level for shared records.
        ImportKind::Type => return None,
    };
    Some(
        Problem::error(
            code,
            format!(
                "imports `{}`, {what}; a host offers interfaces only",
                import.name
            ),
        )
        .hint("import an interface that the reference lists"),
    )
}

fn has_nothing_to_call(kind: &ImportKind) -> bool {
    match kind {
        ImportKind::Instance {
            functions,
            resources,
        } => functions.is_empty() && resources.is_empty(),
        ImportKind::Type => true,
        _ => false,
    }
}

fn unknown(import: &Import, catalogue: &Catalogue) -> Problem {
    let name = import.name.split('@').next().unwrap_or_default();
    let nearest = catalogue
        .capabilities()
        .iter()
        .flat_map(|room| room.gates)
        .map(|gate| (strsim::jaro_winkler(gate.interface, name), gate.interface))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.9);
    let problem = Problem::error(
        "import-unknown",
        format!(
            "imports `{}`, which no capability of this host offers",
            import.name
        ),
    );
    match nearest {
        Some((_, interface)) => problem.hint(format!("did you mean `{interface}`?")),
        None => problem.hint("remove what uses it; a plugin reaches the outside only through the host's capabilities"),
    }
}

/// Refuses versions that only look compatible: newer than the host's, another major, build metadata, or none at all.
fn wrong_version(import: &str, asked: Option<&Version>, gate: &Gate) -> Option<Problem> {
    let offered = Version::parse(gate.version).ok()?;
    let compatible = asked.is_some_and(|asked| {
        asked.build.is_empty()
            && asked.pre == offered.pre
            && asked.major == offered.major
            && (asked.major > 0 || asked.minor == offered.minor)
            && *asked <= offered
    });
    (!compatible).then(|| {
        Problem::error(
            "import-version",
            format!(
                "imports `{import}`, but this host offers `{}` in version {offered}",
                gate.interface
            ),
        )
        .hint(format!(
            "build the plugin against version {offered} or an older compatible one"
        ))
    })
}
