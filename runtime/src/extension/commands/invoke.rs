//! The way of a command: its arguments are checked, its plugin called, its replies published.

use std::sync::{Arc, Mutex, PoisonError};

use super::response::{self, Response};
use super::{
    Answer, Command, Commands, Dispatched, Entry, Invocation, Invoke, Scene, SharedRegistry, Skip,
    dispatch_checked,
};
use crate::bus::{Bus, Source};
use crate::identity::CallId;
use crate::log_record::escape;
use crate::pattern::check_key;
use crate::problem::Problem;

/// What came of a command.
#[derive(Debug)]
pub struct Invoked {
    /// What its replies carry: what the invocation said, or an id of the host's.
    pub correlation: String,
    /// What its plugin answered, or what is wrong with its arguments; `None` if the plugin failed, or was not called for another reason.
    pub answer: Option<Answer>,
    /// The receipt, or why there was no call.
    pub dispatched: Dispatched<Answer>,
    /// How many replies the bus did not take.
    pub unpublished: usize,
}

/// Carries out a command by its qualified name.
pub(crate) async fn invoke(
    registry: &SharedRegistry,
    bus: &Arc<dyn Bus>,
    qualified: &str,
    scene: Scene<'_>,
    invocation: Invocation,
) -> Invoked {
    let correlation = correlation(&invocation);
    let to = |subject| Response::new(bus, subject, scene.subject, &correlation, qualified);
    // On one of the bus's own subjects nothing is said, and that it is one is told among what is wrong.
    let response = invocation.response.clone();
    let response = response.filter(|subject| !subject.is_reserved()).map(to);
    let (answer, dispatched) = attempt(registry, qualified, scene, &invocation, &correlation).await;
    let mut unpublished = 0;
    if let Some(response) = response {
        let (source, said) = reply(answer.as_ref(), &dispatched);
        unpublished = response.answer(source, &said).await;
    }
    Invoked {
        correlation,
        answer,
        dispatched,
        unpublished,
    }
}

/// What the invocation says, unless it cannot be one: that is told among what is wrong with it.
fn correlation(invocation: &Invocation) -> String {
    let given = invocation.correlation.as_ref();
    let given = given.filter(|given| check_key("correlation", given).is_ok());
    // One counter for both: an id of an invocation is never that of a call.
    given.map_or_else(|| CallId::next().to_string(), Clone::clone)
}

async fn attempt(
    registry: &SharedRegistry,
    qualified: &str,
    scene: Scene<'_>,
    invocation: &Invocation,
    correlation: &str,
) -> (Option<Answer>, Dispatched<Answer>) {
    let wrong = Mutex::new(Vec::new());
    let request = |entry: &Entry, command: &Command| {
        let arguments = invocation.checked(&command.arguments).map_err(|problems| {
            *wrong.lock().unwrap_or_else(PoisonError::into_inner) = problems;
            Skip::BadArguments
        })?;
        Ok(Invoke {
            name: entry.name.clone(),
            correlation: correlation.to_owned(),
            arguments,
            thread: invocation.thread.clone(),
            channel: invocation.channel.clone(),
            user: invocation.user.clone(),
            said: invocation.said.clone(),
        })
    };
    let dispatched =
        dispatch_checked::<Commands>(registry, qualified, scene, |one| &one.requires, request)
            .await;
    // What is disabled is there, and keeps its name.
    let is_aside = || registry.snapshot().find_aside(qualified).is_some();
    let dispatched = match dispatched {
        Err(Skip::Unknown) if is_aside() => Err(Skip::Disabled),
        other => other,
    };
    let answer = match &dispatched {
        Ok(receipt) => receipt.reply.clone(),
        Err(Skip::BadArguments) => {
            let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
            Some(Answer::error(told(&wrong)))
        }
        Err(_) => None,
    };
    (answer, dispatched)
}

/// Problems in words for a user: a line each.
fn told(problems: &[Problem]) -> String {
    let lines = problems
        .iter()
        .map(|problem| escape(&problem.to_string(), 500));
    lines.collect::<Vec<_>>().join("\n")
}

/// Who says what on the response channel. Of a failure nothing is told but that there was one: details are for the operator.
fn reply(answer: Option<&Answer>, dispatched: &Dispatched<Answer>) -> (Source, Answer) {
    match (answer, dispatched) {
        (Some(answer), Ok(receipt)) => {
            let plugin = receipt.plugin.plugin.clone();
            let call = receipt.id;
            (Source::Plugin { plugin, call }, answer.clone())
        }
        (Some(answer), Err(_)) => (response::host(), answer.clone()),
        (None, Ok(_)) => (response::host(), Answer::error("the command failed")),
        (None, Err(Skip::Unknown)) => (response::host(), Answer::error("there is no such command")),
        (None, Err(_)) => (
            response::host(),
            Answer::error("the command is not available"),
        ),
    }
}
