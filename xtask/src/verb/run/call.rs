//! What can be called, and how.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use portcullis::extension::candidates::{Candidates, Propose};
use portcullis::extension::commands::Commands;
use portcullis::extension::conditions::Conditions;
use portcullis::extension::effects::Effects;
use portcullis::extension::events::Events;
use portcullis::extension::hooks::Hooks;
use portcullis::extension::lifecycle::Lifecycle;
use portcullis::extension::run::{Main, Run};
use portcullis::extension::scoring::{Rescore, Scoring};
use portcullis::extension::simulation::{Provide, Simulation};
use portcullis::extension::{Dispatched, Skip};
use portcullis::grant::{Explanation, ExtensionDecision};
use portcullis::permission::{ContributionDescriptor, ExtensionDescriptor};
use portcullis::{
    EnabledPlugins, Extension, Host, Outcome, Package, Plugin, Receipt, Scene, Typed,
};
use serde::Serialize;
use serde_json::Value;

use super::input::Request;
use crate::error::CliError;
use crate::stage::Stage;

/// What to call: an extension, and one of the plugin's contributions to it or one of its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The extension's id.
    pub(super) extension: String,
    /// The contribution's name; the operation's for an extension without contributions.
    pub(super) name: String,
}

impl Call {
    /// A program's `main`.
    pub(super) fn main() -> Self {
        Self {
            extension: Run::DESCRIPTOR.id.to_owned(),
            name: "run".to_owned(),
        }
    }

    /// The name as requests have it.
    fn name(&self) -> Arc<str> {
        self.name.as_str().into()
    }
}

impl FromStr for Call {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((extension, name)) if !extension.is_empty() && !name.is_empty() => Ok(Self {
                extension: extension.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err("write it as EXTENSION/NAME, for example conditions/has-disguise".to_owned()),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.extension, self.name)
    }
}

/// A loaded plugin and where it stands.
pub(super) struct Ground<'a> {
    pub(super) host: Host,
    pub(super) plugin: Plugin,
    pub(super) stage: &'a Stage,
}

type Calling<'a> = Pin<Box<dyn Future<Output = Dispatched<Value>> + Send + 'a>>;

/// An extension that this command line can call.
pub(super) struct Callable {
    room: ExtensionDescriptor,
    pub(super) enter: for<'a> fn(&'a Ground<'a>, &'a Call, &'a Request) -> Calling<'a>,
}

/// The extensions that can be called. Conditions and effects go the way that a host's own code takes, by their qualified names: what they
/// require is checked, and defaults are merged in.
const CALLABLE: &[Callable] = &[
    Callable {
        room: Conditions::DESCRIPTOR,
        enter: |ground, call, request| {
            Box::pin(async move {
                let name = qualified(Conditions::DESCRIPTOR.contribution, ground, call);
                let evaluation = ground
                    .host
                    .evaluate(&name, scene(request), &request.params)
                    .await;
                evaluation.dispatched.map(untyped)
            })
        },
    },
    Callable {
        room: Effects::DESCRIPTOR,
        enter: |ground, call, request| {
            Box::pin(async move {
                let name = qualified(Effects::DESCRIPTOR.contribution, ground, call);
                let application = ground
                    .host
                    .apply(&name, scene(request), &request.params)
                    .await;
                application.dispatched.map(untyped)
            })
        },
    },
    Callable {
        room: Simulation::DESCRIPTOR,
        enter: |ground, call, request| {
            let provide = Provide { name: call.name() };
            Box::pin(direct::<Simulation>(ground, request, provide))
        },
    },
    Callable {
        room: Candidates::DESCRIPTOR,
        enter: |ground, call, request| {
            let propose = Propose { name: call.name() };
            Box::pin(direct::<Candidates>(ground, request, propose))
        },
    },
    Callable {
        room: Scoring::DESCRIPTOR,
        enter: |ground, call, request| {
            let rescore = Rescore {
                name: call.name(),
                candidates: request.candidates.clone(),
            };
            Box::pin(direct::<Scoring>(ground, request, rescore))
        },
    },
    Callable {
        room: Lifecycle::DESCRIPTOR,
        enter: |ground, call, _| Box::pin(step(ground, call)),
    },
    Callable {
        room: Run::DESCRIPTOR,
        enter: |ground, _, request| Box::pin(direct::<Run>(ground, request, Main {})),
    },
];

/// The extensions that a verb of the same name dispatches: what they are called with comes from a host's point, bus or users.
const DISPATCHED: &[&str] = &[
    Hooks::DESCRIPTOR.id,
    Events::DESCRIPTOR.id,
    Commands::DESCRIPTOR.id,
];

/// Calls an extension of the plugin itself.
async fn direct<E: Typed>(
    ground: &Ground<'_>,
    request: &Request,
    what: E::Request,
) -> Dispatched<Value> {
    let subject = request.subject.clone();
    Ok(untyped(ground.plugin.call::<E>(subject, what).await))
}

/// The plugin's steps are the host's to make: loading has made the first two, and its going makes the others. What is asked for is the
/// receipt of one of them.
async fn step(ground: &Ground<'_>, call: &Call) -> Dispatched<Value> {
    let id = &ground.plugin.identity().plugin;
    // Their failures are in the receipts.
    let _recorded = ground.host.disable(id).await;
    let _recorded = ground.host.unload(id).await;
    let record = ground
        .stage
        .record_of(Lifecycle::DESCRIPTOR.id, &call.name)
        .ok_or(Skip::Unknown)?;
    let reply = (record.outcome == Outcome::Returned).then_some(Value::Null);
    Ok(Receipt {
        record: record.into(),
        reply,
    })
}

fn qualified(
    contribution: Option<ContributionDescriptor>,
    ground: &Ground<'_>,
    call: &Call,
) -> String {
    let prefix = contribution.map_or("", |contribution| contribution.prefix);
    format!("{prefix}{}:{}", ground.plugin.identity().plugin, call.name)
}

fn scene(request: &Request) -> Scene<'_> {
    Scene {
        subject: &request.subject,
        enabled: &EnabledPlugins::All,
    }
}

fn untyped<R: Serialize>(receipt: Receipt<R>) -> Receipt<Value> {
    Receipt {
        record: receipt.record,
        reply: receipt
            .reply
            .map(|reply| serde_json::to_value(reply).unwrap_or_default()),
    }
}

/// How to call what is asked for.
///
/// # Errors
/// The plugin has no such thing; the error lists what it has.
pub(super) fn find(
    call: &Call,
    package: &Package,
    explanation: &Explanation,
) -> Result<&'static Callable, CliError> {
    if DISPATCHED.contains(&call.extension.as_str()) {
        let message = format!("`run` does not call `{}`", call.extension);
        let hint = format!("use `portcullis {}`; its --help says how", call.extension);
        return Err(CliError::usage(message, hint));
    }
    let callable = CALLABLE
        .iter()
        .find(|callable| callable.room.id == call.extension);
    let names = |callable: &Callable| {
        let exported = explanation
            .extensions
            .iter()
            .any(|extension: &ExtensionDecision| extension.extension == callable.room.id);
        if exported {
            names(callable.room, package)
        } else {
            Vec::new()
        }
    };
    if let Some(callable) = callable.filter(|callable| names(callable).contains(&call.name)) {
        return Ok(callable);
    }
    let all: Vec<String> = CALLABLE
        .iter()
        .flat_map(|room| {
            names(room)
                .into_iter()
                .map(|name| format!("{}/{name}", room.room.id))
        })
        .collect();
    let plugin = &package.manifest().id;
    let message = if *call == Call::main() {
        format!(
            "`{plugin}` has no main (it does not export `{}`)",
            Run::DESCRIPTOR.export
        )
    } else {
        format!(
            "`{plugin}` has nothing to call by the name `{}`",
            call.to_string().escape_debug()
        )
    };
    let hint = if all.is_empty() {
        "it has nothing that can be called".to_owned()
    } else {
        format!("use --call with one of {}", all.join(", "))
    };
    Err(CliError::usage(message, hint))
}

/// What a plugin has of an extension: what its manifest contributes, or the operations of an extension that takes no contributions.
fn names(room: ExtensionDescriptor, package: &Package) -> Vec<String> {
    if room.contribution.is_none() {
        return room
            .operations
            .iter()
            .map(|operation| (*operation).to_owned())
            .collect();
    }
    let own = package
        .manifest()
        .contributes
        .iter()
        .filter(|raw| raw.extension == room.id);
    own.filter_map(|raw| raw.table.to_json().get("name")?.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_two_parts() {
        let call: Result<Call, _> = "conditions/has-disguise".parse();
        assert_eq!(
            call.map(|call| call.to_string()),
            Ok("conditions/has-disguise".to_owned())
        );
        assert!("conditions".parse::<Call>().is_err());
        assert!("/x".parse::<Call>().is_err());
    }

    /// A typed extension that the runtime gains must be callable from here too, or by a verb of its own.
    #[test]
    fn every_extension_can_be_called() {
        for room in portcullis::catalogue().extensions() {
            assert!(
                DISPATCHED.contains(&room.id)
                    || CALLABLE.iter().any(|callable| callable.room.id == room.id),
                "{} cannot be called",
                room.id
            );
        }
    }
}
