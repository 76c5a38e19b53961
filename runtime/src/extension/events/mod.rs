//! `events`: handlers of events. Each has a queue and a task of its own, so a slow one holds nobody up; one that fails has missed the event.

mod counts;
mod pump;
mod pumps;
mod turns;

use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Scene, SharedRegistry, dispatch};
use crate::bus::{Message, SubjectPattern};
use crate::capability::Ctx;
use crate::engine::{Extension, Typed};
use crate::manifest::RawTable;
use crate::permission::{Admission, ContributionDescriptor, ExtensionDescriptor, RawParser};
use crate::problem::Problem;
use crate::write_set::parse_value;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-events",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

use bindings::exports::portcullis::plugin::events as wit;
pub(crate) use pumps::{Hearing, Pumps, Started};

/// The extension `events`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Events;

/// A handler of events in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// Its name within the plugin; hosts use `event:plugin:<id>:<name>`.
    pub name: String,
    /// The events that it hears: a subject in which `*` stands for any one token and a last `>` for one or more.
    pub subject: SubjectPattern,
    /// How many events may wait for it, within the host's bounds for the plugin. Further ones are dropped, and counted.
    #[serde(default)]
    pub queue: Option<NonZeroU32>,
    /// What it does, for whoever runs the plugin.
    #[serde(default)]
    pub description: String,
}

/// Which events a plugin may hear. By default all but those of other plugins, `plugin.<their id>.>`: a handler that could hear these, also by a
/// wildcard, needs a scope in the manifest that names them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HearScope {
    /// Patterns of subjects. A handler's own must match no more than one of these.
    #[serde(default)]
    pub subjects: Option<Vec<SubjectPattern>>,
}

impl HearScope {
    fn covers(&self, subject: &SubjectPattern) -> bool {
        let subjects = self.subjects.as_ref();
        subjects.is_none_or(|subjects| subjects.iter().any(|wide| wide.covers(subject)))
    }
}

/// An event for a handler.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The handler's name within the plugin.
    pub name: Arc<str>,
    /// The event.
    pub message: Message,
}

impl Extension for Events {
    type Contribution = Handler;
    type Bound = bindings::ProvidesEventsIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "events",
        summary: "Handlers of events, by subject.",
        wit: include_str!("../../../wit/events.wit"),
        export: "portcullis:plugin/events",
        version: "0.1.0",
        permission: Some("event:subscribe"),
        scope: Some(RawParser::of::<HearScope>()),
        operations: &["handle"],
        contribution: Some(
            ContributionDescriptor::of::<Handler>("event:plugin:")
                .admitted_by(admit)
                .by_manifest_alone(),
        ),
        on_match: true,
        on_failure: "the event is not handled again, and who waits for a reply from it gets none; other handlers are not affected",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesEventsIndices::new(pre)
    }
}

impl Typed for Events {
    type Request = Handle;
    type Reply = Option<String>;
    type Exports = bindings::ProvidesEvents;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Handle) -> Arc<str> {
        request.name.clone()
    }

    fn hops(request: &Handle) -> u32 {
        request.message.hops
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Handle,
    ) -> wasmtime::Result<Result<Option<String>, String>> {
        let message = &request.message;
        let about = store.data_mut().call().subject().into();
        let event = wit::Event {
            subject: message.subject.to_string(),
            payload: message.payload.to_string(),
            source: message.source.to_string(),
            hops: message.hops,
            wants_reply: message.reply_to.is_some(),
        };
        let reply = exports
            .portcullis_plugin_events()
            .call_handle(store, &request.name, &about, &event)
            .await?;
        Ok(reply.and_then(checked))
    }
}

/// What a handler replied, or which rule it breaks.
fn checked(reply: Option<String>) -> Result<Option<String>, String> {
    if let Some(text) = &reply {
        parse_value("reply", text)?;
    }
    Ok(reply)
}

/// What keeps a plugin from hearing what a handler wants to hear.
fn admit(table: &RawTable, admission: Admission<'_>) -> Vec<Problem> {
    // Both were read before.
    let Ok(handler) = table.parse::<Handler>() else {
        return Vec::new();
    };
    let read = |scope: &RawTable| scope.parse::<HearScope>().ok();
    let mut scopes = admission.scopes.iter().filter_map(read);
    let names_some = |scope: HearScope| scope.subjects.is_some();
    let named = admission.own_scope.and_then(read).is_some_and(names_some);
    let subject = &handler.subject;
    let problem = if subject.is_reserved() {
        let message = format!("`{subject}`: subjects that begin with `_` are the bus's own");
        Problem::error("subject-reserved", message).hint("hear another subject")
    } else if scopes.any(|scope| !scope.covers(subject)) {
        let message =
            format!("`{subject}` is more than a scope of `event:subscribe` lets the plugin hear");
        Problem::error("out-of-scope", message)
            .hint("narrow the handler's subject, or widen the scope `subjects`")
    } else if !named && subject.is_over_others(admission.plugin.as_str()) {
        let message = format!(
            "`{subject}` matches events of other plugins, which the scope of `event:subscribe` does not name"
        );
        let hint = format!(
            "narrow the handler's subject, or write `scope = {{ subjects = [\"{subject}\"] }}` below `[permissions.\"event:subscribe\"]`"
        );
        Problem::error("out-of-scope", message).hint(hint)
    } else {
        return Vec::new();
    };
    let place = table.location_of("subject");
    vec![problem.at(place.unwrap_or_else(|| table.location()))]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::permission::Catalogue;

    /// The codes of what is wrong with a handler of this subject under these scopes.
    fn problems(subject: &str, scopes: &[&[&str]]) -> Vec<&'static str> {
        let handler = json!({ "name": "hears", "subject": subject });
        let scope = |subjects: &&[&str]| RawTable::from_json(json!({ "subjects": subjects }));
        let scopes: Vec<_> = scopes.iter().map(|one| scope(one).unwrap()).collect();
        let admission = Admission {
            catalogue: &Catalogue::new(),
            scopes: &scopes,
            own_scope: scopes.first(),
            plugin: &"bard".parse().unwrap(),
        };
        let found = admit(&RawTable::from_json(handler).unwrap(), admission);
        found.iter().map(|problem| problem.code).collect()
    }

    /// Proves E9: a handler hears no more than each scope allows, and nothing of the bus's own.
    #[test]
    fn a_handler_lies_within_each_scope() {
        assert!(problems("chat.>", &[]).is_empty());
        assert!(problems("chat.*", &[&["news.>", "chat.>"], &[">"]]).is_empty());
        assert_eq!(problems("chat.>", &[&["chat.*"]]), ["out-of-scope"]);
        assert_eq!(problems("chat.a", &[&[">"], &["news.>"]]), ["out-of-scope"]);
        assert_eq!(problems("chat.a", &[&[]]), ["out-of-scope"]);
        assert_eq!(problems("_INBOX.>", &[&[">"]]), ["subject-reserved"]);
        // What other plugins say among themselves must be named.
        for wide in [">", "*.>", "plugin.>", "plugin.stealth.seen"] {
            assert_eq!(problems(wide, &[]), ["out-of-scope"], "{wide}");
            assert!(problems(wide, &[&[wide]]).is_empty(), "{wide}");
        }
        assert!(problems("plugin.bard.>", &[]).is_empty());
    }

    /// Proves E9: a reply is JSON, or an error of the plugin's.
    #[test]
    fn a_reply_is_json() {
        assert_eq!(checked(None), Ok(None));
        assert_eq!(checked(Some("[1]".into())), Ok(Some("[1]".into())));
        assert!(
            checked(Some("pong".into()))
                .unwrap_err()
                .starts_with("reply: ")
        );
        let long = format!("\"{}\"", "x".repeat(65_536));
        assert!(checked(Some(long)).unwrap_err().contains("65536 bytes"));
    }
}
