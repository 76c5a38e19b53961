//! `permissions`: all that plugins can ask for and offer, from the lists.

use std::fmt;

use clap::Args;
use portcullis::permission::Catalogue;
use serde::Serialize;

use crate::error::CliError;
use crate::status::Status;
use crate::table::table;
use crate::terminal::Terminal;

/// List all permissions, groups, capabilities and extensions
#[derive(Args)]
pub(crate) struct Options {}

pub(super) fn run(_: &Options, terminal: Terminal) -> Result<Status, CliError> {
    terminal.result(&Offer::of(&portcullis::catalogue()))?;
    Ok(Status::Fine)
}

/// What a host with every built-in room offers.
#[derive(Serialize)]
struct Offer {
    permissions: Vec<PermissionRow>,
    groups: Vec<GroupRow>,
    capabilities: Vec<CapabilityRow>,
    extensions: Vec<ExtensionRow>,
}

#[derive(Serialize)]
struct PermissionRow {
    id: &'static str,
    consent: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    danger: Option<&'static str>,
    host_switch: bool,
    /// The interfaces that it opens, and the extensions that need it.
    opens: Vec<String>,
}

#[derive(Serialize)]
struct GroupRow {
    id: &'static str,
    summary: &'static str,
    members: &'static [&'static str],
}

#[derive(Serialize)]
struct CapabilityRow {
    id: &'static str,
    summary: &'static str,
    interfaces: Vec<InterfaceRow>,
}

#[derive(Serialize)]
struct InterfaceRow {
    interface: &'static str,
    version: &'static str,
    permission: Option<&'static str>,
}

#[derive(Serialize)]
struct ExtensionRow {
    id: &'static str,
    summary: &'static str,
    export: &'static str,
    version: &'static str,
    permission: Option<&'static str>,
    operations: &'static [&'static str],
    /// Whether manifests list what a plugin contributes by it.
    contributes: bool,
    on_failure: &'static str,
}

impl Offer {
    fn of(catalogue: &Catalogue) -> Self {
        let permissions = catalogue.permissions().map(|permission| PermissionRow {
            id: permission.id,
            consent: permission.consent,
            danger: permission.danger,
            host_switch: permission.host_switch,
            opens: opens(catalogue, permission.id),
        });
        let groups = catalogue.groups().map(|group| GroupRow {
            id: group.id,
            summary: group.summary,
            members: group.members,
        });
        let capabilities = catalogue.capabilities().iter().map(|room| {
            let interfaces = room.gates.iter().map(|gate| InterfaceRow {
                interface: gate.interface,
                version: gate.version,
                permission: gate.permission,
            });
            CapabilityRow {
                id: room.id,
                summary: room.summary,
                interfaces: interfaces.collect(),
            }
        });
        let extensions = catalogue.extensions().iter().map(|room| ExtensionRow {
            id: room.id,
            summary: room.summary,
            export: room.export,
            version: room.version,
            permission: room.permission,
            operations: room.operations,
            contributes: room.contribution.is_some(),
            on_failure: room.on_failure,
        });
        Self {
            permissions: permissions.collect(),
            groups: groups.collect(),
            capabilities: capabilities.collect(),
            extensions: extensions.collect(),
        }
    }
}

/// What a permission is good for: interfaces that a plugin may import, and extensions that it may offer. Nothing for a permission whose
/// capability this version does not have.
pub(crate) fn opens(catalogue: &Catalogue, permission: &str) -> Vec<String> {
    let gates = catalogue.capabilities().iter().flat_map(|room| room.gates);
    let interfaces = gates
        .filter(|gate| gate.permission == Some(permission))
        .map(|gate| gate.interface.to_owned());
    let rooms = catalogue
        .extensions()
        .iter()
        .filter(|room| room.permission == Some(permission));
    interfaces
        .chain(rooms.map(|room| format!("extension {}", room.id)))
        .collect()
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permissions = self.permissions.iter().map(|row| {
            let opens = if row.opens.is_empty() {
                "nothing in this version".to_owned()
            } else {
                row.opens.join(", ")
            };
            let mut consent = row.consent.to_owned();
            if let Some(danger) = row.danger {
                consent.push_str(&format!(" (dangerous: {danger})"));
            }
            [row.id.to_owned(), consent, opens]
        });
        writeln!(
            f,
            "{}\n",
            table(["PERMISSION", "LETS A PLUGIN", "OPENS"], permissions)
        )?;
        let groups = self.groups.iter().map(|row| {
            [
                row.id.to_owned(),
                row.summary.to_owned(),
                row.members.join(", "),
            ]
        });
        writeln!(f, "{}\n", table(["GROUP", "IS FOR", "STANDS FOR"], groups))?;
        let capabilities = self
            .capabilities
            .iter()
            .map(|row| [row.id.to_owned(), row.summary.to_owned()]);
        writeln!(
            f,
            "{}\n",
            table(["CAPABILITY", "GIVES A PLUGIN"], capabilities)
        )?;
        let extensions = self.extensions.iter().map(|row| {
            let permission = row.permission.unwrap_or("-").to_owned();
            [
                row.id.to_owned(),
                row.summary.to_owned(),
                permission,
                row.on_failure.to_owned(),
            ]
        });
        writeln!(
            f,
            "{}",
            table(
                [
                    "EXTENSION",
                    "LETS A PLUGIN OFFER",
                    "PERMISSION",
                    "WHEN A CALL FAILS"
                ],
                extensions
            )
        )
    }
}
