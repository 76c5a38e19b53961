//! Whether the history tells how everything came to be as it is.

use std::collections::BTreeMap;
use std::fmt;

use portcullis::identity::CallId;
use portcullis::write_set::{Change, Version};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use crate::content::Content;
use crate::document::unsaved;
use crate::error::ReadError;
use crate::history::{self, Actor, HistoryEntry};
use crate::item::Item;
use crate::job::JobDocument;
use crate::memory::Memory;
use crate::{change, load};

/// What came of replaying the history.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// The last commit.
    pub revision: Version,
    /// The last commit whose history was swept; 0 if it is there from the beginning.
    pub swept: Version,
    /// How many changes there are in the history.
    pub changes: u64,
    /// How many documents are as the history has them.
    pub agree: u64,
    /// Documents that were last seen whole in a part of the history that was swept: only their versions could be checked.
    pub versions_only: u64,
    /// What does not agree, in the order of the items.
    pub differences: Vec<Difference>,
    writes: BTreeMap<CallId, usize>,
}

/// Something stored that is not what the history makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What; `None` where it is about the history itself.
    pub item: Option<Item>,
    /// How they differ.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            Some(item) => write!(f, "{item}: {}", self.what),
            None => write!(f, "history: {}", self.what),
        }
    }
}

impl CheckReport {
    /// Whether everything that could be checked agrees.
    pub fn is_sound(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether the history goes back to the beginning.
    pub fn is_complete(&self) -> bool {
        self.swept == 0
    }

    /// How many changes of a call are in the history: as many as the receipt's [`Commit::Committed`](portcullis::receipt::Commit) says,
    /// unless they were swept.
    pub fn writes_of(&self, call: CallId) -> usize {
        self.writes.get(&call).copied().unwrap_or(0)
    }

    fn differ(&mut self, item: Option<&Item>, what: impl Into<String>) {
        self.differences.push(Difference {
            item: item.cloned(),
            what: what.into(),
        });
    }
}

/// An item in the course of the replay.
struct Replayed {
    /// `None` while it is unknown what stood there before the history's first row of it.
    content: Option<Option<Content>>,
    /// The last commit that changed it.
    version: Version,
}

/// Replays all of the history, and compares the outcome with what is stored. Both are read in one transaction.
pub(crate) fn run(connection: &Connection) -> Result<CheckReport, ReadError> {
    let transaction = connection.unchecked_transaction()?;
    let mut report = CheckReport {
        revision: load::counter(&transaction, "revision")?,
        swept: load::counter(&transaction, "swept")?,
        ..CheckReport::default()
    };
    let mut items: BTreeMap<Item, Replayed> = BTreeMap::new();
    let mut last = report.swept;
    history::each(&transaction, |entry| {
        report.changes += 1;
        if entry.revision != last && entry.revision != last + 1 {
            let what = format!("commit {} follows commit {last}", entry.revision);
            report.differ(None, what);
        }
        last = entry.revision;
        if let Actor::Plugin { call, .. } = &entry.actor {
            *report.writes.entry(*call).or_default() += 1;
        }
        let complete = report.is_complete();
        let replayed = items.entry(entry.item.clone()).or_insert(Replayed {
            content: complete.then_some(None),
            version: 0,
        });
        if let Err(what) = replay(replayed, &entry) {
            report.differ(Some(&entry.item), format!("row {}: {what}", entry.cursor));
        }
    })?;
    if last != report.revision {
        let what = format!(
            "it ends with commit {last}, the last was {}",
            report.revision
        );
        report.differ(None, what);
    }
    let (memory, damage) = load::all(&transaction)?;
    for what in damage {
        report.differ(None, what);
    }
    compare(&mut report, &memory, &items);
    report.differences.sort_by(|a, b| a.item.cmp(&b.item));
    Ok(report)
}

fn compare(report: &mut CheckReport, memory: &Memory, items: &BTreeMap<Item, Replayed>) {
    for (item, replayed) in items {
        match (memory.get(item), &replayed.content) {
            (None, None | Some(None)) => report.agree += 1,
            (Some(_), Some(None)) => {
                report.differ(Some(item), "stored, but the history removed it")
            }
            (None, Some(Some(_))) => {
                report.differ(Some(item), "not stored, but the history has it")
            }
            (Some(stored), _) if stored.version() != replayed.version => {
                let (stored, expected) = (stored.version(), replayed.version);
                let what = format!("stored with version {stored}, the history has {expected}");
                report.differ(Some(item), what);
            }
            (Some(_), None) => report.versions_only += 1,
            (Some(stored), Some(Some(expected))) if stored.same_document(expected) => {
                report.agree += 1;
            }
            (Some(_), Some(Some(_))) => {
                report.differ(Some(item), "stored otherwise than the history has it");
            }
        }
    }
    for item in memory.items() {
        let stored = memory.get(&item).map_or(0, |content| content.version());
        if items.contains_key(&item) {
            continue;
        }
        if stored <= report.swept {
            report.versions_only += 1;
        } else {
            report.differ(Some(&item), "stored, but the history does not have it");
        }
    }
}

/// Does to an item what a row of the history says.
fn replay(item: &mut Replayed, entry: &HistoryEntry) -> Result<(), String> {
    item.version = entry.revision;
    match &entry.actor {
        Actor::Host { .. } => {
            item.content = Some(host(entry)?);
            Ok(())
        }
        Actor::Plugin { subject, .. } => {
            let change: Change = serde_json::from_value(entry.change.clone())
                .map_err(|error| format!("its change: {error}"))?;
            let made = match (&entry.item, change) {
                (Item::Kv { .. }, Change::PutKv { value, expires_ms }) => {
                    let value = portcullis::capability::port::KvEntry { value, expires_ms };
                    item.content = Some(Some(Content::Kv(unsaved(value.into()))));
                    true
                }
                (Item::Kv { .. }, Change::DeleteKv) => {
                    item.content = Some(None);
                    true
                }
                (Item::Generation { .. }, Change::SubmitGeneration { request }) => {
                    let job = JobDocument::new(subject.clone(), request, entry.revision);
                    item.content = Some(Some(Content::Generation(unsaved(job))));
                    true
                }
                (_, change) => edit(item, &change),
            };
            made.then_some(())
                .ok_or_else(|| "its change does not fit what was there".to_owned())
        }
    }
}

fn host(entry: &HistoryEntry) -> Result<Option<Content>, String> {
    match entry.change.get("op").and_then(Value::as_str) {
        Some("remove") => Ok(None),
        Some("put") => {
            let document = entry.change.get("document").unwrap_or(&Value::Null);
            Content::parse(&entry.item, entry.revision, &document.to_string())
                .map(Some)
                .map_err(|error| format!("its document: {error}"))
        }
        _ => Err("neither `put` nor `remove`".to_owned()),
    }
}

/// Changes a session or an NPC; false if there is none to change. Of one that is unknown nothing more is known afterwards.
fn edit(item: &mut Replayed, change: &Change) -> bool {
    match &mut item.content {
        None => true,
        Some(None) => false,
        Some(Some(content)) => match content {
            Content::Session(_) => content
                .session_mut()
                .is_some_and(|session| change::session(session, change)),
            Content::Npc(_) => content
                .npc_mut()
                .is_some_and(|npc| change::npc(npc, change)),
            _ => false,
        },
    }
}
