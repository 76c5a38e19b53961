//! How large calls may make what they change.

use std::io;

use portcullis::write_set::{Change, CommitError, KvQuota};

use super::overlay::Overlay;
use super::tally::Tally;
use crate::content::Content;
use crate::item::Item;
use crate::job::MOST_UNFINISHED;

/// The most bytes of a session's or an NPC's JSON that a call may leave. Each commit that changes the document copies it and writes all of
/// it, and it stays in memory, so it must not grow with each call without an end.
const DOCUMENT_BYTES: u64 = 4 * 1024 * 1024;
/// The most tags of an NPC that a call may leave. Tags are few words that plugins find NPCs by, and all are handed out with each read; as
/// a call cannot go beyond it even for a moment, looking for one of them stays quick.
const TAGS: usize = 64;

/// A bound holds back what grows only: what is over a bound that was lowered, or that the host went over, can still shrink.
fn over(before: u64, after: u64, most: u64) -> bool {
    after > before && after > most
}

/// Whether what a plugin has in the store may be what it is after a job.
pub(super) fn tally(before: Tally, after: Tally, quota: KvQuota) -> Result<(), CommitError> {
    within(
        over(before.kv.bytes, after.kv.bytes, quota.bytes)
            || over(before.kv.keys, after.kv.keys, quota.keys)
            || over(
                before.unfinished_jobs,
                after.unfinished_jobs,
                MOST_UNFINISHED,
            ),
    )
}

/// Whether the documents that a job changed are small enough.
pub(super) fn documents(overlay: &Overlay<'_>) -> Result<(), CommitError> {
    for (item, content) in overlay.job() {
        let (Item::Session { .. } | Item::Npc { .. }, Some(content)) = (item, content) else {
            continue;
        };
        let after = bytes(content)?;
        if after > DOCUMENT_BYTES {
            let before = overlay.before(item);
            let before = before.as_ref().map_or(Ok(0), bytes)?;
            within(over(before, after, DOCUMENT_BYTES))?;
        }
    }
    Ok(())
}

/// Whether one change may be made of an NPC.
pub(super) fn npc(content: &Content, change: &Change) -> Result<(), CommitError> {
    match (content, change) {
        (Content::Npc(npc), Change::AddTag { tag }) => {
            let tags = &npc.value.meta.tags;
            within(tags.len() >= TAGS && !tags.contains(tag))
        }
        _ => Ok(()),
    }
}

fn within(over: bool) -> Result<(), CommitError> {
    if over {
        Err(CommitError::OverQuota)
    } else {
        Ok(())
    }
}

/// The size of a document as JSON text, which is not kept.
fn bytes(content: &Content) -> Result<u64, CommitError> {
    let mut count = Count(0);
    let counted = content.write(&mut count);
    counted.map_err(|_| CommitError::Failed)?;
    Ok(count.0)
}

struct Count(u64);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
