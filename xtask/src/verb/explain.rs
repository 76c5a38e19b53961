//! `explain`: import -> permission -> scope -> decision, offline.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use portcullis::configuration::ConfigKey;
use portcullis::grant::{Decision, Explanation, ImportDecision, Linking, PermissionDecision};
use portcullis::manifest::{Activation, RawTable};
use portcullis::problem::Problem;
use portcullis::{Consent, Manifest, Package, Policy, SecurityLevel};
use serde::Serialize;

use crate::configuration;
use crate::error::CliError;
use crate::file::read_package;
use crate::grants::Grants;
use crate::status::Status;
use crate::table::table;
use crate::terminal::{Terminal, one_line, problem_lines};

/// Show what a plugin imports, which permission opens it, how that is narrowed, what is decided, and what can be configured
///
/// Nothing is compiled or run. Without --grant, everything that the manifest asks for is taken as accepted. The exit status is 1 if the
/// plugin is refused.
#[derive(Args)]
pub(crate) struct Options {
    /// The plugin.
    file: PathBuf,

    #[command(flatten)]
    grants: Grants,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let catalogue = portcullis::catalogue();
    let consent = options.grants.consent(&catalogue, Consent::Everything)?;
    let policy = options.grants.policy(&catalogue)?;
    let package = match read_package(&options.file)? {
        Ok(package) => package,
        Err(error) => {
            terminal.result(&NoPlugin {
                granted: false,
                problems: error.problems(),
                path: options.file.clone(),
            })?;
            return Ok(Status::Plugin);
        }
    };
    let explanation = Explanation::of(&package, &catalogue, &policy, &consent);
    let granted = explanation.is_granted();
    terminal.result(&Explained {
        granted,
        explanation,
        activation: package.manifest().activation,
        configuration: configuration::keys(package.manifest()),
        path: options.file.clone(),
    })?;
    Ok(if granted {
        Status::Fine
    } else {
        Status::Plugin
    })
}

/// What a host of this level with every built-in room says about a plugin once everything is accepted and switched on.
pub(crate) fn judge(package: &Package, level: SecurityLevel) -> Explanation {
    let catalogue = portcullis::catalogue();
    let switches = catalogue
        .permissions()
        .filter(|permission| permission.host_switch)
        .map(|permission| permission.id);
    let policy = switches.fold(level.policy(), Policy::switch_on);
    Explanation::of(package, &catalogue, &policy, &Consent::Everything)
}

/// What can be said about a manifest without its component: unknown permissions and extensions, and tables that their owners cannot read.
pub(crate) fn judge_manifest(manifest: &Manifest) -> Vec<Problem> {
    let catalogue = portcullis::catalogue();
    let mut problems = Vec::new();
    for request in &manifest.permissions {
        let name = &request.permission;
        if catalogue.find_permission(name).is_none() && catalogue.find_group(name).is_none() {
            let problem = Problem::warning(
                "permission-unknown",
                format!("no permission is named `{name}`; it grants nothing"),
            );
            problems.push(
                problem
                    .hint("`portcullis permissions` lists them all")
                    .at(request.location.clone()),
            );
        }
        let room = catalogue.opened_by(name);
        problems.extend(
            request
                .scope
                .as_ref()
                .zip(room)
                .and_then(|(scope, room)| (room.scope.check)(scope).err()),
        );
    }
    for raw in &manifest.contributes {
        match catalogue
            .find_extension(&raw.extension)
            .and_then(|room| room.contribution)
        {
            Some(contribution) => problems.extend((contribution.parser.check)(&raw.table).err()),
            None => {
                let message = format!(
                    "contributes `{}`, but no extension of this name takes contributions",
                    raw.extension
                );
                problems
                    .push(Problem::error("extension-unknown", message).at(raw.table.location()));
            }
        }
    }
    problems
}

/// A file that cannot be explained, because it is no plugin.
#[derive(Serialize)]
struct NoPlugin {
    granted: bool,
    problems: Vec<Problem>,
    #[serde(skip)]
    path: PathBuf,
}

impl fmt::Display for NoPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems
            .iter()
            .try_for_each(|problem| writeln!(f, "{}", problem_lines(&self.path, problem)))
    }
}

/// An explanation and whether it lets the plugin run.
#[derive(Serialize)]
struct Explained {
    granted: bool,
    #[serde(flatten)]
    explanation: Explanation,
    /// When it is made ready.
    #[serde(skip_serializing_if = "is_start_up")]
    activation: Activation,
    /// What an operator can set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configuration: Vec<ConfigKey>,
    #[serde(skip)]
    path: PathBuf,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = &self.explanation.plugin;
        writeln!(
            f,
            "{}@{} {}\n",
            plugin.plugin, plugin.version, plugin.digest
        )?;
        writeln!(f, "{}\n", self.imports())?;
        if !self.explanation.extensions.is_empty() {
            writeln!(f, "{}\n", self.extensions())?;
        }
        if !self.explanation.permissions.is_empty() {
            writeln!(f, "{}\n", self.permissions())?;
        }
        if !self.configuration.is_empty() {
            writeln!(f, "{}\n", configuration::text(&self.configuration))?;
        }
        for problem in &self.explanation.problems {
            writeln!(f, "{}", problem_lines(&self.path, problem))?;
        }
        match (self.granted, self.activation.can_sleep()) {
            (false, _) => writeln!(f, "The plugin is refused."),
            (true, false) => writeln!(f, "The plugin may run."),
            (true, true) => {
                let match_or_use = self.activation.waits_for();
                writeln!(
                    f,
                    "The plugin may run. It is asleep until its {match_or_use}."
                )
            }
        }
    }
}

fn is_start_up(activation: &Activation) -> bool {
    !activation.can_sleep()
}

impl Explained {
    fn imports(&self) -> String {
        let row = |import: &ImportDecision| {
            let permission = import.permission;
            let asked = permission.and_then(|permission| self.asked(permission));
            let scope = asked.map(scope).unwrap_or_else(dash);
            let permission = permission.map_or_else(dash, str::to_owned);
            [
                one_line(&import.import),
                permission,
                scope,
                decision(import, asked),
            ]
        };
        table(
            ["IMPORT", "PERMISSION", "SCOPE", "DECISION"],
            self.explanation.imports.iter().map(row),
        )
    }

    fn extensions(&self) -> String {
        let rows = self.explanation.extensions.iter().map(|extension| {
            let permission = extension.permission.map_or_else(dash, str::to_owned);
            [
                extension.extension.to_owned(),
                permission,
                extension.contributions.to_string(),
                extension.decision.to_string(),
            ]
        });
        table(
            ["EXTENSION", "PERMISSION", "CONTRIBUTIONS", "DECISION"],
            rows,
        )
    }

    fn permissions(&self) -> String {
        let rows = self.explanation.permissions.iter().map(|asked| {
            let need = if asked.optional {
                "optional"
            } else {
                "required"
            };
            [
                one_line(&asked.permission),
                need.to_owned(),
                one_line(&asked.reason),
                asked.decision.to_string(),
            ]
        });
        table(
            ["PERMISSION", "NEED", "THE PLUGIN'S REASON", "DECISION"],
            rows,
        )
    }

    fn asked(&self, permission: &str) -> Option<&PermissionDecision> {
        self.explanation
            .permissions
            .iter()
            .find(|asked| asked.permission == permission)
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn scope(asked: &PermissionDecision) -> String {
    if asked.scopes.is_empty() {
        return "default".to_owned();
    }
    let scopes: Vec<_> = asked
        .scopes
        .iter()
        .map(RawTable::to_json)
        .map(|scope| one_line(&scope))
        .collect();
    scopes.join(" and ")
}

fn decision(import: &ImportDecision, asked: Option<&PermissionDecision>) -> String {
    match import.linking {
        Linking::Types => "types only".to_owned(),
        Linking::Open if import.permission.is_none() => "open to every plugin".to_owned(),
        Linking::Open => "granted".to_owned(),
        Linking::Stub => match asked.map(|asked| &asked.decision) {
            Some(Decision::Refused(refusal)) => format!("answers `denied`: {refusal}"),
            _ => "answers `denied`".to_owned(),
        },
        Linking::Refused => match asked.map(|asked| &asked.decision) {
            Some(Decision::Refused(refusal)) => format!("refused: {refusal}"),
            _ => "refused: see below".to_owned(),
        },
    }
}
