//! Says what it is told, and counts for each user of a world how often. The counts stand in the plugin's own store, so they outlast a restart.

use portcullis_sdk::prelude::*;
use serde::Deserialize;

#[derive(Default)]
struct Echo;

/// The arguments of `echo`.
#[derive(Deserialize)]
struct Said {
    text: String,
}

impl Commands for Echo {
    fn invoke(
        &self,
        name: &str,
        subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure> {
        match name {
            "echo" => echo(&count_key(subject, invocation), invocation.arguments()?),
            "echoes" => echoes(&count_key(subject, invocation)),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn count_key(subject: &Subject, invocation: &Invocation) -> String {
    let user = invocation.user().unwrap_or("nobody");
    kv::world_key("count", &subject.world, user)
}

fn echo(key: &str, said: Said) -> Result<Answer, Failure> {
    let Said { text } = said;
    match kv::increment(key, 1) {
        Ok(count) => Ok(Answer::result(json!({
            "text": format!("{text} (echo {count})"), "count": count,
        }))),
        // The store is full of other users' counts: an echo needs none.
        Err(Error::OverBudget) => Ok(Answer::result(text)),
        Err(error) => Err(error.into()),
    }
}

fn echoes(key: &str) -> Result<Answer, Failure> {
    let count = kv::get::<i64>(key)?.unwrap_or(0);
    let text = match count {
        0 => "you were never echoed".to_owned(),
        1 => "you were echoed once".to_owned(),
        _ => format!("you were echoed {count} times"),
    };
    Ok(Answer::result(json!({ "text": text, "count": count })))
}

portcullis_sdk::plugin!(Echo: commands);
