//! Commands: some that work, and one for each way not to. What each is expected to end in stands in the README of this workspace.

use portcullis_sdk::prelude::*;
use serde::Deserialize;

#[derive(Default)]
pub struct Clerk;

/// The arguments of `greets`.
#[derive(Deserialize)]
struct Greeting {
    name: String,
    times: usize,
}

fn trap() -> ! {
    std::process::abort()
}

fn never_return() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// All that the plugin is told.
fn report(subject: &Subject, invocation: &Invocation) -> Result<Value, Failure> {
    Ok(json!({
        "correlation": invocation.correlation(),
        "arguments": invocation.arguments::<Value>()?,
        "thread": invocation.thread().ok(),
        "channel": invocation.channel(),
        "user": invocation.user(),
        "said": invocation.said(),
        "world": subject.world,
        "session": subject.session,
    }))
}

/// Says how it goes on, and goes on until somebody says `bye`.
fn converse(invocation: &Invocation) -> Result<Answer, Failure> {
    Ok(match invocation.said() {
        None => Answer::result("what is it?").more(),
        Some("bye") => Answer::result("good day"),
        Some("fail") => return Err("the cellar key hangs behind the clock".into()),
        Some("trap") => trap(),
        Some(said) => Answer::result(format!("`{said}`, you say?")).more(),
    })
}

impl Commands for Clerk {
    fn invoke(
        &self,
        name: &str,
        subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure> {
        Ok(match name {
            "greets" => {
                let Greeting { name, times } = invocation.arguments()?;
                Answer::result(vec![format!("hello {name}"); times].join(", "))
            }
            "reports" | "in-session" => Answer::result(report(subject, invocation)?),
            "announces" => Answer::result("done")
                .event("began", json!({ "step": 1 }))
                .event("went-on", json!({ "step": 2 })),
            "refuses" => Answer::error("that cannot be done").event("tried", 1),
            "converses" => converse(invocation)?,

            "fails" => return Err("the cellar key hangs behind the clock".into()),
            "traps" => trap(),
            "loops" => never_return(),

            "event-nameless" => Answer::result(1).event("", 1),
            "too-many-events" => (0..65).fold(Answer::result(1), |answer, n| answer.event("n", n)),
            "result-large" => Answer::result("x".repeat(61_440)),
            "error-empty" => Answer::error(""),
            other => return Err(Failure::unknown(other)),
        })
    }
}

portcullis_sdk::plugin!(Clerk: commands);
