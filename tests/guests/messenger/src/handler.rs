//! What the handlers do.

use std::thread::sleep;
use std::time::Duration;

use portcullis_sdk::prelude::*;

pub fn handle(name: &str, about: &Subject, event: &Event) -> Result<Option<Value>, Failure> {
    let (behaviour, _) = name.split_once('-').unwrap_or((name, ""));
    match behaviour {
        "counts" => count(name)?,
        "keeps" => keep(name, event)?,
        "notes" => note(name, about, event)?,
        "sleeps" => {
            sleep(Duration::from_millis(event.payload()?));
            count(name)?;
        }
        "volleys" => volley(name, event)?,
        "replies" => return Ok(Some(json!({ "to": event.payload::<Value>()? }))),
        "oversized" => return Ok(Some("x".repeat(70_000).into())),
        "steps" => {
            let answers = crate::all(event.payload()?)?.into_iter();
            let answers = answers.map(|(_, answer)| match answer {
                Ok(value) => json!({ "answer": value }),
                Err(error) => json!({ "refused": error.to_string() }),
            });
            return Ok(Some(answers.collect()));
        }
        "fails" => return Err("the plugin fails on purpose".into()),
        "traps" => core::arch::wasm32::unreachable(),
        "loops" => loop {
            std::hint::spin_loop();
        },
        _ => return Err(Failure::unknown(name)),
    }
    Ok(None)
}

fn count(name: &str) -> Result<(), Error> {
    kv::increment(&format!("count/{name}"), 1).map(drop)
}

/// Keeps the payloads in the order in which they came.
fn keep(name: &str, event: &Event) -> Result<(), Failure> {
    let key = format!("kept/{name}");
    let mut kept = kv::get::<Vec<Value>>(&key)?.unwrap_or_default();
    kept.push(event.payload()?);
    Ok(kv::set(&key, &kept)?)
}

/// Notes all that the event says, and what the key `mark` holds at the time.
fn note(name: &str, about: &Subject, event: &Event) -> Result<(), Failure> {
    let noted = json!({
        "subject": event.subject(),
        "payload": event.payload::<Value>()?,
        "source": event.source(),
        "hops": event.hops(),
        "wants-reply": event.wants_reply(),
        "about": [about.world, about.session, about.npc],
        "mark": kv::get::<Value>("mark")?,
    });
    Ok(kv::set(&format!("noted/{name}"), &noted)?)
}

/// Plays the ball back, as long as the host lets it.
fn volley(name: &str, event: &Event) -> Result<(), Failure> {
    count(name)?;
    let back = match event.subject() {
        "game.ping" => "game.pong",
        _ => "game.ping",
    };
    if let Err(error) = events::emit(back, &(event.payload::<u32>()? + 1)) {
        kv::set(&format!("refused/{name}"), &error.to_string())?;
    }
    Ok(())
}
