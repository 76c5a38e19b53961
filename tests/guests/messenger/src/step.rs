//! The steps: emitting and requesting, what goes with them, and a few that make trouble.

use std::thread::sleep;
use std::time::Duration;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A payload that is text, this many times.
    Emit {
        subject: String,
        #[serde(default)]
        payload: Value,
        repeat: Option<usize>,
    },
    /// Events whose payloads are the numbers up to this one; stops at a refusal.
    EmitMany {
        subject: String,
        count: usize,
    },
    Request {
        subject: String,
        #[serde(default)]
        payload: Value,
        timeout_ms: u64,
    },
    Get {
        key: String,
    },
    Set {
        key: String,
        value: Value,
    },
    /// Reads, waits and writes one more: conflicts are run again.
    Count {
        key: String,
        ms: Option<u64>,
    },
    Sleep {
        ms: u64,
    },
    Fail {},
    Trap {},
    Loop {},
}

impl Step {
    /// What came of it; the outer result is the call's.
    pub fn take(self) -> Result<Result<Value, Error>, Failure> {
        match self {
            Self::Fail {} => Err("the plugin fails on purpose".into()),
            Self::Trap {} => core::arch::wasm32::unreachable(),
            Self::Loop {} => loop {
                std::hint::spin_loop();
            },
            other => Ok(other.ask()),
        }
    }

    fn ask(self) -> Result<Value, Error> {
        match self {
            Self::Emit {
                subject,
                payload,
                repeat,
            } => events::emit(&subject, &repeated(payload, repeat))?,
            Self::EmitMany { subject, count } => {
                (0..count).try_for_each(|number| events::emit(&subject, &number))?;
            }
            Self::Request {
                subject,
                payload,
                timeout_ms,
            } => {
                return events::request(&subject, &payload, Duration::from_millis(timeout_ms));
            }
            Self::Get { key } => return Ok(kv::get(&key)?.unwrap_or_default()),
            Self::Set { key, value } => kv::set(&key, &value)?,
            Self::Count { key, ms } => {
                let before = kv::get::<u64>(&key)?.unwrap_or(0);
                sleep(Duration::from_millis(ms.unwrap_or(0)));
                kv::set(&key, &(before + 1))?;
            }
            Self::Sleep { ms } => sleep(Duration::from_millis(ms)),
            Self::Fail {} | Self::Trap {} | Self::Loop {} => {}
        }
        Ok(Value::Null)
    }
}

fn repeated(payload: Value, times: Option<usize>) -> Value {
    match (payload, times) {
        (Value::String(text), Some(times)) => text.repeat(times).into(),
        (payload, _) => payload,
    }
}
