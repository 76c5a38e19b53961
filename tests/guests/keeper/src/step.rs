//! The steps: one for each function, and a few that make trouble.

use std::thread::sleep;
use std::time::Duration;

use portcullis_sdk::generation::{Request, State};
use portcullis_sdk::prelude::*;
use serde::Deserialize;

/// What came of a step; the outer result is the call's.
type Answer = Result<Value, Error>;

#[derive(Deserialize)]
#[serde(tag = "op", deny_unknown_fields)]
pub enum Step {
    #[serde(rename = "npc.get")]
    Npc { id: String },
    #[serde(rename = "npc.attribute")]
    Attribute { id: String, key: String },
    #[serde(rename = "npc.set-attribute")]
    SetAttribute {
        id: String,
        key: String,
        value: Value,
        /// A value that is text, this many times.
        repeat: Option<usize>,
    },
    #[serde(rename = "npc.clear-attribute")]
    ClearAttribute { id: String, key: String },
    #[serde(rename = "npc.move-to")]
    MoveTo { id: String, location: String },
    #[serde(rename = "npc.add-tag")]
    AddTag { id: String, tag: String },
    #[serde(rename = "npc.remove-tag")]
    RemoveTag { id: String, tag: String },

    #[serde(rename = "kv.get")]
    Get { key: String },
    /// With `page`, the keys page by page, so many at once.
    #[serde(rename = "kv.keys")]
    Keys { prefix: String, page: Option<u32> },
    #[serde(rename = "kv.set")]
    Set {
        key: String,
        value: Value,
        ttl_ms: Option<u64>,
        repeat: Option<usize>,
    },
    #[serde(rename = "kv.delete")]
    Delete { key: String },
    #[serde(rename = "kv.increment")]
    Increment { key: String, by: i64 },
    /// With `seen`, expects the version that the key has now; else `expected`, or nothing.
    #[serde(rename = "kv.compare-and-set")]
    CompareAndSet {
        key: String,
        #[serde(default)]
        seen: bool,
        expected: Option<u64>,
        value: Value,
        ttl_ms: Option<u64>,
    },

    /// With `keep`, keeps the job's id at that key.
    #[serde(rename = "generation.submit")]
    Submit {
        prompt: String,
        system: Option<String>,
        max_tokens: Option<u32>,
        repeat: Option<usize>,
        keep: Option<String>,
    },
    /// Of the job whose id stands at the key `kept`, or of `job`.
    #[serde(rename = "generation.read")]
    Read {
        kept: Option<String>,
        job: Option<String>,
    },

    /// Reads and writes, and so depends on what it read.
    #[serde(rename = "npc.increment")]
    IncrementAttribute { id: String, key: String },
    #[serde(rename = "flag.increment")]
    IncrementFlag { key: String },
    #[serde(rename = "sleep")]
    Sleep { ms: u64 },
    #[serde(rename = "fail")]
    Fail {},
    #[serde(rename = "trap")]
    Trap {},
}

impl Step {
    pub fn take(self) -> Result<Answer, Failure> {
        match self {
            Self::Sleep { ms } => sleep(Duration::from_millis(ms)),
            Self::Fail {} => return Err("the plugin fails on purpose".into()),
            Self::Trap {} => core::arch::wasm32::unreachable(),
            other => return Ok(other.ask()),
        }
        Ok(Ok(Value::Null))
    }

    fn ask(self) -> Answer {
        match self {
            Self::Npc { id } => npc::get(&id).map(|npc| json!([npc.location, npc.tags])),
            Self::Attribute { id, key } => npc::attribute::<Value>(&id, &key).map(Value::from),
            Self::SetAttribute {
                id,
                key,
                value,
                repeat,
            } => done(npc::set_attribute(&id, &key, &repeated(value, repeat))),
            Self::ClearAttribute { id, key } => done(npc::clear_attribute(&id, &key)),
            Self::MoveTo { id, location } => done(npc::move_to(&id, &location)),
            Self::AddTag { id, tag } => done(npc::add_tag(&id, &tag)),
            Self::RemoveTag { id, tag } => done(npc::remove_tag(&id, &tag)),

            Self::Get { key } => get(&key),
            Self::Keys { prefix, page } => keys(&prefix, page),
            Self::Set {
                key,
                value,
                ttl_ms,
                repeat,
            } => done(set(&key, &repeated(value, repeat), ttl_ms)),
            Self::Delete { key } => done(kv::delete(&key)),
            Self::Increment { key, by } => kv::increment(&key, by).map(Value::from),
            Self::CompareAndSet {
                key,
                seen,
                expected,
                value,
                ttl_ms,
            } => {
                let expected = match seen {
                    true => kv::entry::<Value>(&key)?.map(|entry| entry.version),
                    false => expected,
                };
                compare_and_set(&key, expected, &value, ttl_ms)
            }

            Self::Submit {
                prompt,
                system,
                max_tokens,
                repeat,
                keep,
            } => {
                let mut request = Request::new(prompt.repeat(repeat.unwrap_or(1)));
                request.system = system;
                request.max_tokens = max_tokens.unwrap_or(request.max_tokens);
                let job = generation::submit(request)?;
                keep.map_or(Ok(()), |key| kv::set(&key, &job))?;
                Ok(job.into())
            }
            Self::Read { kept, job } => {
                let kept = match kept {
                    Some(key) => kv::get::<String>(&key)?,
                    None => job,
                };
                generation::read(&kept.unwrap_or_default()).map(state)
            }

            Self::IncrementAttribute { id, key } => {
                let sum = npc::attribute::<i64>(&id, &key)?.unwrap_or(0) + 1;
                npc::set_attribute(&id, &key, &sum).map(|()| sum.into())
            }
            Self::IncrementFlag { key } => {
                let sum = session::flag::<i64>(&key)?.unwrap_or(0) + 1;
                session::set_flag(&key, &sum).map(|()| sum.into())
            }
            Self::Sleep { .. } | Self::Fail {} | Self::Trap {} => Ok(Value::Null),
        }
    }
}

fn done(answer: Result<(), Error>) -> Answer {
    answer.map(|()| Value::Null)
}

fn repeated(value: Value, times: Option<usize>) -> Value {
    match (value, times) {
        (Value::String(text), Some(times)) => text.repeat(times).into(),
        (value, _) => value,
    }
}

/// The value, and the milliseconds that the key has left. Of the version only that there is one: it is the store's business.
fn get(key: &str) -> Answer {
    let entry = kv::entry::<Value>(key)?;
    Ok(entry.map_or(Value::Null, |entry| {
        let ttl = entry.ttl.map(|ttl| ttl.as_millis() as u64);
        json!([entry.value, ttl, entry.version != 0])
    }))
}

fn keys(prefix: &str, limit: Option<u32>) -> Answer {
    let Some(limit) = limit else {
        let keys: Result<Vec<_>, _> = kv::keys(prefix).collect();
        return keys.map(Value::from);
    };
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let page = kv::page(prefix, cursor.as_deref(), limit)?;
        pages.push(json!(page.keys));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(pages.into());
        }
    }
}

fn set(key: &str, value: &Value, ttl_ms: Option<u64>) -> Result<(), Error> {
    match ttl_ms {
        Some(ms) => kv::set_for(key, value, Duration::from_millis(ms)),
        None => kv::set(key, value),
    }
}

fn compare_and_set(key: &str, expected: Option<u64>, value: &Value, ttl_ms: Option<u64>) -> Answer {
    let was_so = match ttl_ms {
        Some(ms) => kv::compare_and_set_for(key, expected, value, Duration::from_millis(ms)),
        None => kv::compare_and_set(key, expected, value),
    };
    was_so.map(Value::from)
}

fn state(state: State) -> Value {
    match state {
        State::Queued => json!("queued"),
        State::Running => json!("running"),
        State::Done(text) => json!({ "done": text }),
        State::Failed => json!("failed"),
    }
}
