//! `levels`: the security levels, side by side.

use std::fmt;

use clap::Args;
use portcullis::grant::{Instances, OnDenied};
use portcullis::guard::GuardPolicy;
use portcullis::permission::{PERMISSIONS, Permission};
use portcullis::{Limits, Policy, SecurityLevel};
use serde::Serialize;
use serde_json::Value;

use crate::error::CliError;
use crate::status::Status;
use crate::table::table;
use crate::terminal::Terminal;

/// Compare the security levels: what a host grants, how much a call may use up, and where plugins run
#[derive(Args)]
pub(crate) struct Options {}

pub(super) fn run(_: &Options, terminal: Terminal) -> Result<Status, CliError> {
    terminal.result(&Levels {
        levels: SecurityLevel::ALL.map(Level::of),
    })?;
    Ok(Status::Fine)
}

/// All levels, from the least protection to the most.
#[derive(Serialize)]
struct Levels {
    levels: [Level; SecurityLevel::ALL.len()],
}

/// A level and its policy.
#[derive(Serialize)]
struct Level {
    level: SecurityLevel,
    summary: &'static str,
    placement: &'static str,
    instances: Instances,
    on_denied: OnDenied,
    guard: GuardPolicy,
    limits: Limits,
    permissions: Vec<PermissionRow>,
}

/// A permission and what a level says to a plugin that asks for it.
#[derive(Serialize)]
struct PermissionRow {
    permission: &'static str,
    granted: Granted,
}

/// Whether a permission is granted to a plugin for which an operator accepted it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Granted {
    /// It is.
    Yes,
    /// It is, in the scope of the level.
    Narrowed,
    /// Once the host has switched it on.
    Switch,
    /// It is not.
    Never,
}

impl Granted {
    fn of(policy: &Policy, permission: &Permission) -> Self {
        let id = permission.id;
        let is_allowed = policy.allow.as_ref().is_none_or(|allow| allow.contains(id));
        if policy.deny.contains(id) || !is_allowed {
            Self::Never
        } else if permission.host_switch && !policy.switched_on.contains(id) {
            Self::Switch
        } else if policy.scopes.contains_key(id) {
            Self::Narrowed
        } else {
            Self::Yes
        }
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "if accepted",
            Self::Narrowed => "if accepted, narrowed",
            Self::Switch => "if switched on",
            Self::Never => "never",
        })
    }
}

impl Level {
    fn of(level: SecurityLevel) -> Self {
        let policy = level.policy();
        let permission = |permission: &Permission| PermissionRow {
            permission: permission.id,
            granted: Granted::of(&policy, permission),
        };
        Self {
            level,
            summary: level.summary(),
            placement: level.placement(),
            instances: policy.instances,
            on_denied: policy.on_denied,
            limits: policy.limits,
            permissions: PERMISSIONS.iter().map(permission).collect(),
            guard: policy.guard,
        }
    }

    fn instances(&self) -> String {
        match self.instances {
            Instances::Fresh => "fresh for each call".to_owned(),
            Instances::Warm { max_idle } => format!("warm, {max_idle} idle"),
            Instances::Shared { max_idle } => format!("warm and shared, {max_idle} idle"),
        }
    }

    fn guard(&self) -> String {
        format!(
            "{} failures, {} to recover",
            self.guard.failures, self.guard.probation
        )
    }

    /// A limit by its name; a dash for one that is not there.
    fn limit(&self, name: &str) -> String {
        let limits = serde_json::to_value(self.limits).unwrap_or_default();
        match limits.get(name) {
            None | Some(Value::Null) => "-".to_owned(),
            Some(value) => value.to_string(),
        }
    }
}

impl Levels {
    /// A row of the table: its name, and a value for each level.
    fn row<V: ToString>(&self, name: &str, value: impl Fn(&Level) -> V) -> [String; 5] {
        let [minimal, standard, strict, isolated] =
            self.levels.each_ref().map(|level| value(level).to_string());
        [name.to_owned(), minimal, standard, strict, isolated]
    }

    fn rows(&self) -> Vec<[String; 5]> {
        let mut rows = vec![
            self.row("for", |level| level.summary),
            self.row("placement", |level| level.placement),
            self.row("instances", Level::instances),
            self.row("on_denied", |level| name(level.on_denied)),
            self.row("guard", Level::guard),
        ];
        let limits = serde_json::to_value(Limits::default()).unwrap_or_default();
        let names = limits
            .as_object()
            .into_iter()
            .flat_map(|limits| limits.keys());
        rows.extend(
            names.map(|name| self.row(&format!("limits.{name}"), |level| level.limit(name))),
        );
        for (place, permission) in PERMISSIONS.iter().enumerate() {
            let granted = |level: &Level| level.permissions.get(place).map(|row| row.granted);
            rows.push(self.row(permission.id, |level| {
                granted(level).unwrap_or(Granted::Never)
            }));
        }
        rows
    }
}

/// The name that a value has in JSON.
fn name(value: impl Serialize) -> String {
    let name = serde_json::to_value(value).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [minimal, standard, strict, isolated] =
            SecurityLevel::ALL.map(|level| level.as_str().to_uppercase());
        let header = ["LEVEL", &minimal, &standard, &strict, &isolated];
        writeln!(f, "{}", table(header, self.rows()))
    }
}
