//! What is old goes: expired keys, finished jobs, events, history.

use portcullis::capability::port::JobState;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Done, Task, Transaction, Writer};
use crate::content::Content;
use crate::item::Item;
use crate::save;

/// The most that one step removes of each, so that nobody waits long behind it.
const STEP: usize = 10_000;
/// What the history calls it.
pub(super) const ACTOR: &str = "sweep";
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Writer {
    /// Removes what is old, up to a limit; true if it reached the limit.
    pub(crate) fn sweep(&mut self) -> bool {
        let now_ms = self.now_ms();
        let before = |days: u32| match days {
            u32::MAX => 0,
            days => now_ms.saturating_sub(u64::from(days).saturating_mul(DAY_MS)),
        };
        let (events_ms, history_ms) = (
            before(self.options.events_days),
            before(self.options.history_days),
        );
        let documents = self.sweep_documents(events_ms);
        match sweep_rows(&mut self.connection, events_ms, history_ms) {
            Ok(more) => more || documents,
            Err(error) => {
                tracing::error!("old events and history could not be removed: {error}");
                false
            }
        }
    }

    fn sweep_documents(&mut self, finished_before_ms: u64) -> bool {
        let old = {
            let memory = self.shared.read();
            let now_ms = self.now_ms();
            let keys = memory.kv.iter().flat_map(|(plugin, keys)| {
                let expired = keys.expired(now_ms);
                expired.map(|key| Item::kv(plugin, key))
            });
            let jobs = memory.jobs.iter().flat_map(|(plugin, jobs)| {
                let finished = jobs.finished();
                finished
                    .take_while(|(at_ms, _)| *at_ms < finished_before_ms)
                    .map(|(_, job)| Item::generation(plugin, job))
            });
            keys.chain(jobs).take(STEP).collect::<Vec<_>>()
        };
        let revision = self.shared.read().revision;
        let more = old.len() == STEP;
        if !old.is_empty() {
            self.transact(ACTOR, move |transaction| {
                for item in &old {
                    transaction.0.remove(item);
                }
            });
        }
        // What could not be written would be tried for ever.
        more && self.shared.read().revision > revision
    }

    /// Queues the jobs again that were running when the host ended.
    pub(crate) fn requeue(&mut self) {
        let running: Vec<_> = {
            let memory = self.shared.read();
            let jobs = memory.jobs.iter().flat_map(|(plugin, jobs)| {
                let running = jobs
                    .iter()
                    .filter(|(_, job)| job.value.state == JobState::Running);
                running.map(|(job, _)| Item::generation(plugin, job))
            });
            jobs.collect()
        };
        if !running.is_empty() {
            self.transact("open", move |transaction| {
                for item in &running {
                    transaction.0.edit(item, |content: &mut Content| {
                        if let Some(job) = content.job_mut() {
                            job.state = JobState::Queued;
                        }
                    });
                }
            });
        }
    }

    /// A change of the writer's own. If it fails, the log says so.
    fn transact(&mut self, actor: &str, work: impl FnOnce(&mut Transaction<'_>) + Send + 'static) {
        let work = Box::new(|transaction: &mut Transaction<'_>| {
            work(transaction);
            Done {
                keep: true,
                reply: Box::new(|_| {}),
            }
        });
        let actor = actor.to_owned();
        self.write_all(vec![Task::Transact { actor, work }]);
    }
}

/// Both go from their beginning, so that what is left of the history is without gaps even if the clock was wrong for a while.
fn sweep_rows(
    connection: &mut Connection,
    events_ms: u64,
    history_ms: u64,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let mut removed = 0;
    if let Some(end) = end_of_old(&transaction, "events", events_ms)? {
        removed = transaction.execute("DELETE FROM events WHERE id < ?1", [end])?;
    }
    if let Some(end) = end_of_old(&transaction, "history", history_ms)? {
        let last = "SELECT revision FROM history WHERE id < ?1 ORDER BY id DESC LIMIT 1";
        let last: u64 = transaction.query_row(last, [end], |row| row.get(0))?;
        // A commit goes as a whole.
        let next = "SELECT id FROM history WHERE id >= ?1 AND revision > ?2 ORDER BY id LIMIT 1";
        let next = transaction.query_row(next, params![end, last], |row| row.get(0));
        let end = next.optional()?.unwrap_or(i64::MAX);
        removed = removed.max(transaction.execute("DELETE FROM history WHERE id < ?1", [end])?);
        save::counter(&transaction, "swept", last)?;
    }
    transaction.commit()?;
    Ok(removed >= STEP)
}

/// The id that the old rows at a table's beginning end before; `None` if there are no old ones. At most a step's worth.
fn end_of_old(
    connection: &Connection,
    table: &str,
    before_ms: u64,
) -> rusqlite::Result<Option<i64>> {
    let first = format!("SELECT id FROM {table} ORDER BY id LIMIT 1");
    let first = connection.query_row(&first, [], |row| row.get::<_, i64>(0));
    let Some(first) = first.optional()? else {
        return Ok(None);
    };
    let end = first.saturating_add(STEP as i64);
    let young = format!("SELECT id FROM {table} WHERE id < ?1 AND at_ms >= ?2 ORDER BY id LIMIT 1");
    let young = connection.query_row(&young, params![end, before_ms], |row| row.get(0));
    let end = young.optional()?.unwrap_or(end);
    Ok((end > first).then_some(end))
}
