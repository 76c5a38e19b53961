//! `state plugins`: which plugins a world, or a workspace, uses.

use std::collections::BTreeSet;
use std::fmt;

use clap::Args;
use portcullis::enabled::{self, EnabledPluginsError};
use portcullis::{EnabledPlugins, PluginId};
use portcullis_state::{Archive, Store};
use serde::Serialize;
use serde_json::{Value, json};

use crate::archive;
use crate::error::CliError;
use crate::host::block_on;
use crate::status::Status;
use crate::terminal::Terminal;

/// Show or change which plugins a world or a workspace uses
///
/// A world uses the plugins that both its own list and its workspace's name; no list stands for all plugins, an empty one for none. No host
/// may be running on the state while it is changed.
#[derive(Args, Clone)]
pub(super) struct Options {
    /// The world's id, or the workspace's with --workspace.
    id: String,

    /// The id is that of a workspace.
    #[arg(long)]
    workspace: bool,

    /// Removes the list: all plugins.
    #[arg(long, conflicts_with_all = ["set", "add", "remove"])]
    all: bool,

    /// Only these plugins, separated by commas; `none` for no plugin.
    #[arg(long, value_name = "IDS", conflicts_with_all = ["add", "remove"])]
    set: Option<String>,

    /// Adds a plugin to the list. May be repeated.
    #[arg(long, value_name = "ID")]
    add: Vec<PluginId>,

    /// Removes a plugin from the list. May be repeated. Where there is no list, name all plugins of the host with --set instead.
    #[arg(long, value_name = "ID")]
    remove: Vec<PluginId>,
}

impl Options {
    /// Changes the list in a document as the command line says.
    fn change(&self, document: &mut Value) -> Result<(), String> {
        let said = |error: EnabledPluginsError| error.to_string();
        if self.all {
            enabled::set(document, EnabledPlugins::All).map_err(said)?;
        }
        if let Some(list) = &self.set {
            enabled::set(document, EnabledPlugins::Only(ids(list)?)).map_err(said)?;
        }
        for id in &self.add {
            enabled::add(document, id).map_err(said)?;
        }
        for id in &self.remove {
            if enabled::get(document).map_err(said)? == EnabledPlugins::All {
                return Err(format!(
                    "there is no list to remove `{id}` from: all plugins are used; name those that stay with --set"
                ));
            }
            enabled::remove(document, id, []).map_err(said)?;
        }
        Ok(())
    }

    fn changes_something(&self) -> bool {
        self.all || self.set.is_some() || !self.add.is_empty() || !self.remove.is_empty()
    }
}

fn ids(list: &str) -> Result<BTreeSet<PluginId>, String> {
    if list == "none" {
        return Ok(BTreeSet::new());
    }
    let id = |id: &str| id.trim().parse().map_err(|error| format!("--set: {error}"));
    list.split(',').map(id).collect()
}

pub(super) fn run(
    options: &Options,
    place: &archive::Place,
    terminal: Terminal,
) -> Result<Status, CliError> {
    if options.changes_something() {
        let store = place.store()?;
        block_on(change(&store, options.clone()))??;
    }
    terminal.result(&Uses::of(&place.open()?, options)?)?;
    Ok(Status::Fine)
}

async fn change(store: &Store, options: Options) -> Result<(), CliError> {
    let changed = store.transact("command line", move |transaction| {
        let mut changed = Err(format!("the state has no world `{}`", options.id));
        if options.workspace {
            if transaction.workspace(&options.id).is_none() {
                transaction.put_workspace(&options.id, json!({}));
            }
            transaction.edit_workspace(&options.id, |document| changed = options.change(document));
        } else {
            transaction.edit_world(&options.id, |world| {
                changed = world.edit_enabled(|document| options.change(document));
            });
        }
        changed
    });
    let usage = |message| CliError::Usage {
        message,
        hint: None,
    };
    changed.await.map_err(archive::refused(usage))
}

/// What a world or a workspace uses.
#[derive(Serialize)]
struct Uses {
    id: String,
    /// Its own list; absent for all plugins.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<PluginId>>,
    /// The workspace of a world.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<String>,
    /// What its own list and its workspace's come to; absent for all plugins.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<Vec<PluginId>>,
}

impl Uses {
    fn of(archive: &Archive, options: &Options) -> Result<Self, CliError> {
        let said = |error: EnabledPluginsError| CliError::host(error.to_string());
        if options.workspace {
            let workspaces = archive.workspaces().map_err(archive::failed)?;
            let Some(document) = workspaces.get(&options.id) else {
                let message = format!("the state has no workspace `{}`", options.id);
                return Err(CliError::usage(message, "changing its list makes one"));
            };
            let list = names(&enabled::get(document).map_err(said)?);
            return Ok(Self {
                id: options.id.clone(),
                uses: list.clone(),
                list,
                workspace: None,
            });
        }
        let worlds = archive.worlds().map_err(archive::failed)?;
        let Some(world) = worlds.iter().find(|world| *world.id == *options.id) else {
            let ids = worlds.iter().map(|world| &*world.id);
            return Err(archive::no_world(&options.id, ids));
        };
        let own = json!({ "behavior": world.document.behavior });
        Ok(Self {
            id: options.id.clone(),
            list: names(&enabled::get(&own).map_err(said)?),
            workspace: world.document.meta.workspace.as_deref().map(str::to_owned),
            uses: names(&world.enabled),
        })
    }
}

fn names(plugins: &EnabledPlugins) -> Option<Vec<PluginId>> {
    match plugins {
        EnabledPlugins::All => None,
        EnabledPlugins::Only(ids) => Some(ids.iter().cloned().collect()),
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |plugins: &Option<Vec<PluginId>>| match plugins.as_deref() {
            None => "all plugins".to_owned(),
            Some([]) => "no plugins".to_owned(),
            Some(ids) => {
                let ids: Vec<_> = ids.iter().map(PluginId::as_str).collect();
                ids.join(", ")
            }
        };
        writeln!(f, "{} lists {}", self.id, said(&self.list))?;
        if let Some(workspace) = &self.workspace {
            writeln!(f, "it belongs to the workspace {workspace}")?;
        }
        write!(f, "it uses {}", said(&self.uses))
    }
}
