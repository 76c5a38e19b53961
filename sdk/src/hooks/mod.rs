//! Handlers at the points of the host's work: they look, change and stop. Permission: `hook:handle`.
//!
//! ```
//! use portcullis_sdk::prelude::*;
//!
//! #[derive(Default)]
//! struct Careful;
//!
//! impl Hooks for Careful {
//!     fn handle(&self, name: &str, _subject: &Subject, hook: Hook) -> Result<Decision, Failure> {
//!         match name {
//!             "no-shell" => hook.on(|call: ToolPreExec| match call.tool.as_str() {
//!                 "shell" => Ok(Verdict::block("no shell here")),
//!                 _ => Ok(Verdict::Proceed),
//!             }),
//!             "sign" => hook.on(|mut response: ResponsePreDeliver| {
//!                 response.text.push_str("\n-- your agent");
//!                 Ok(Verdict::Change(response))
//!             }),
//!             other => Err(Failure::unknown(other)),
//!         }
//!     }
//! }
//!
//! portcullis_sdk::plugin!(Careful: hooks);
//! # fn main() {}
//! ```
//!
//! Where each stands is in the manifest, in one place with what follows if something keeps it from deciding:
//!
//! ```toml
//! [permissions."hook:handle"]
//! reason = "Keeps the agent away from shells, and signs what it says."
//!
//! [[contributes.hooks]]
//! name = "no-shell"
//! point = "tool.pre_exec"
//! priority = 100          # the highest is asked first; 0 where nothing is said
//! fail = "closed"         # nothing happens without its consent; "open" where nothing is said
//! timeout_ms = 200        # the host may give it less
//!
//! [[contributes.hooks]]
//! name = "sign"
//! point = "response.pre_deliver"
//! ```
//!
//! Each handler gets the data as those before it have changed it. For a point of a host's own, write a type of the data and implement
//! [`Point`] for it, or go by [`Hook::point`], [`Hook::data`] and [`Decision::change`].

mod patch;
mod points;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, Subject};

crate::bindings::export!("provides-hooks");

use bindings::exports::portcullis::plugin::hooks as host;
pub use points::{
    Message, ModelPostCall, ModelPreCall, ResponsePostDeliver, ResponsePreDeliver, RunPrePrompt,
    ToolCall, ToolPostExec, ToolPreExec, WorkItemPostCreate, WorkItemPreCreate,
};

/// Serves the handlers that the plugin contributes.
pub trait Hooks {
    /// What the handler `name` makes of what the host is about to do, or has done. A failure changes nothing; whether the host then goes on is what
    /// the manifest says with `fail`. For a name that the plugin does not know it is [`Failure::unknown`].
    fn handle(&self, name: &str, subject: &Subject, hook: Hook) -> Result<Decision, Failure>;
}

/// The data of a hook point as a type. Fields that the type does not name are left alone.
pub trait Point: Serialize + DeserializeOwned {
    /// The point's name.
    const NAME: &'static str;
}

/// A hook point that the host has reached, with its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    point: String,
    data: String,
}

/// What a handler makes of a point's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<P> {
    /// Go on.
    Proceed,
    /// Go on with this data. Of what differs, those fields count that the point lets plugins change; the host drops the others and notes it.
    Change(P),
    /// Stop, for this reason, in at most 1,024 bytes. Where the point does not allow that, the host goes on and notes it.
    Block(String),
}

impl<P> Verdict<P> {
    /// Stop, for this reason.
    pub fn block(reason: impl Into<String>) -> Self {
        Self::Block(reason.into())
    }
}

/// What the plugin tells the host.
#[derive(Clone, Debug)]
pub struct Decision(host::Decision);

impl Decision {
    /// Go on with the data as it is.
    pub fn proceed() -> Decision {
        Decision(host::Decision::Proceed)
    }

    /// Go on with these changes: a JSON merge patch (RFC 7396), an object. A `null` takes the field away.
    pub fn change<T: Serialize + ?Sized>(patch: &T) -> Result<Decision, Failure> {
        Ok(Decision(host::Decision::Change(serde_json::to_string(
            patch,
        )?)))
    }

    /// Stop, for this reason, in at most 1,024 bytes.
    pub fn block(reason: impl Into<String>) -> Decision {
        Decision(host::Decision::Block(reason.into()))
    }
}

impl Hook {
    /// A hook as the host would hand it over, for a plugin's own tests.
    pub fn of<P: Point>(data: &P) -> Result<Hook, Failure> {
        Ok(Hook {
            point: P::NAME.to_owned(),
            data: serde_json::to_string(data)?,
        })
    }

    /// The point's name.
    pub fn point(&self) -> &str {
        &self.point
    }

    /// The data as a type of the plugin's own, or as a [`Value`](crate::Value).
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.data)
            .map_err(|error| Failure::new(format!("the data of `{}`: {error}", self.point)))
    }

    /// Handles the data of one point. Fails if the host has reached another one: then the manifest puts the handler where it does not
    /// belong.
    ///
    /// What a [`Verdict::Change`] differs in becomes a merge patch. Such a patch cannot set a member of an object to `null`: it takes it away.
    pub fn on<P: Point>(
        &self,
        handle: impl FnOnce(P) -> Result<Verdict<P>, Failure>,
    ) -> Result<Decision, Failure> {
        if self.point != P::NAME {
            let (here, there) = (&self.point, P::NAME);
            return Err(Failure::new(format!(
                "this handler is for the point `{there}`, and was asked at `{here}`"
            )));
        }
        match handle(self.data()?)? {
            Verdict::Proceed => Ok(Decision::proceed()),
            Verdict::Block(reason) => Ok(Decision::block(reason)),
            Verdict::Change(after) => {
                let before: P = self.data()?;
                let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
                match patch::between(&before, after) {
                    Some(patch) => Decision::change(&patch),
                    None => Ok(Decision::proceed()),
                }
            }
        }
    }
}

impl<T: Hooks + Default> host::Guest for T {
    fn handle(
        name: String,
        subject: Subject,
        point: String,
        data: String,
    ) -> Result<host::Decision, String> {
        let hook = Hook { point, data };
        let decision = Hooks::handle(&T::default(), &name, &subject, hook)?;
        Ok(decision.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Value, json};

    fn hook() -> Hook {
        Hook::of(&ToolPreExec {
            run: "r1".into(),
            turn: 1,
            call: "c1".into(),
            tool: "search".into(),
            arguments: serde_json::from_value(json!({ "query": "cats", "limit": 5 })).unwrap(),
        })
        .unwrap()
    }

    fn patch(decision: Decision) -> Value {
        match decision.0 {
            host::Decision::Change(patch) => serde_json::from_str(&patch).unwrap(),
            other => json!(format!("{other:?}")),
        }
    }

    #[test]
    fn only_what_differs_goes_over() {
        let changed = hook().on(|mut call: ToolPreExec| {
            call.arguments.insert("query".into(), json!("dogs"));
            call.arguments.remove("limit");
            Ok(Verdict::Change(call))
        });
        assert_eq!(
            patch(changed.unwrap()),
            json!({ "arguments": { "query": "dogs", "limit": null } })
        );
        let same = hook().on(|call: ToolPreExec| Ok(Verdict::Change(call)));
        assert!(matches!(same.unwrap().0, host::Decision::Proceed));
    }

    #[test]
    fn a_handler_at_another_point_says_so() {
        let wrong = hook().on(|_: ResponsePreDeliver| Ok(Verdict::Proceed));
        let wrong = wrong.unwrap_err();
        assert!(wrong.message().contains("`response.pre_deliver`"));
        assert!(wrong.message().contains("`tool.pre_exec`"));
    }

    #[test]
    fn points_of_a_hosts_own_need_no_type() {
        let hook = Hook {
            point: "garden.watered".into(),
            data: r#"{"litres": 2}"#.into(),
        };
        assert_eq!(hook.point(), "garden.watered");
        assert_eq!(hook.data::<Value>().unwrap(), json!({ "litres": 2 }));
        let failed = hook.data::<Vec<u8>>().unwrap_err();
        assert!(failed.message().contains("`garden.watered`"));
        let decision = Decision::change(&json!({ "litres": 3 })).unwrap();
        assert_eq!(patch(decision), json!({ "litres": 3 }));
    }
}
