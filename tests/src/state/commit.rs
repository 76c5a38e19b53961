//! The commit: all of a write set, or nothing.

use std::sync::Arc;

use portcullis::PluginId;
use portcullis::capability::port::{JobState, KvEntry};
use portcullis::capability::{Answer, Port};
use portcullis::clock::Clock;
use portcullis::write_set::{Change, CommitError, Document, Version, Write, WriteSet};

use super::MemoryState;
use super::data::{Data, Npc, Session};
use super::jobs::Job;
use super::knobs::Refused;
use super::ports::serve;
use super::store::exceeds;

impl Port<WriteSet> for MemoryState {
    fn call(&self, writes: WriteSet) -> Answer<'_, WriteSet> {
        let refuse = |refused| match refused {
            Refused::Fail => CommitError::Failed,
            Refused::Conflict => CommitError::Conflict,
        };
        serve(&self.commits, refuse, move || {
            commit(&mut self.lock(), &writes, self.clock.now_ms())
        })
    }
}

fn commit(data: &mut Data, set: &WriteSet, now_ms: u64) -> Result<(), CommitError> {
    let is_old = |(document, version): (&Document, &Version)| {
        version_of(data, document, now_ms) != Some(*version)
    };
    if set.reads.iter().any(is_old) {
        return Err(CommitError::Conflict);
    }
    let mut draft = data.clone();
    for write in &set.writes {
        apply(&mut draft, set, write).ok_or(CommitError::Failed)?;
    }
    let usage = |data: &Data| {
        let store = data.stores.get(&set.plugin.plugin);
        store.map(|store| store.usage(now_ms)).unwrap_or_default()
    };
    if exceeds(usage(data), usage(&draft), set.kv_quota) {
        return Err(CommitError::OverQuota);
    }
    *data = draft;
    Ok(())
}

fn version_of(data: &Data, document: &Document, now_ms: u64) -> Option<Version> {
    Some(match document {
        Document::Session { world, session } => {
            let world = data.worlds.get(&**world)?;
            world.sessions.get(&**session)?.version
        }
        Document::Npc { world, npc } => data.worlds.get(&**world)?.npcs.get(&**npc)?.version,
        Document::Kv { plugin, key } => {
            let store = data.stores.get(plugin);
            store.map_or(0, |store| store.get(key, now_ms).version)
        }
        _ => return None,
    })
}

/// `None` for what this state does not know, and for what is not the plugin's own.
fn apply(data: &mut Data, set: &WriteSet, write: &Write) -> Option<()> {
    let change = write.change.clone();
    match &write.document {
        Document::Session { world, session } => {
            let world = data.worlds.get_mut(&**world)?;
            change_session(world.sessions.get_mut(&**session)?, change)
        }
        Document::Npc { world, npc } => {
            let world = data.worlds.get_mut(&**world)?;
            change_npc(world.npcs.get_mut(&**npc)?, change)
        }
        Document::Kv { plugin, key } if *plugin == set.plugin.plugin => {
            change_store(data, plugin, key, change)
        }
        Document::Generation { plugin, job } if *plugin == set.plugin.plugin => {
            submit(data, set, job, change)
        }
        _ => None,
    }
}

fn change_session(session: &mut Session, change: Change) -> Option<()> {
    session.version += 1;
    match change {
        Change::SetFlag {
            namespace,
            key,
            value,
        } => {
            session
                .flags
                .insert((namespace.as_str().to_owned(), key), value);
        }
        Change::ClearFlag { namespace, key } => {
            session.flags.remove(&(namespace.as_str().to_owned(), key));
        }
        Change::UpdateRelationship { npc, change } => {
            let now = session.relationships.entry(npc).or_default();
            *now = now.changed_by(change);
        }
        _ => return None,
    }
    Some(())
}

fn change_npc(npc: &mut Npc, change: Change) -> Option<()> {
    npc.version += 1;
    match change {
        Change::SetAttribute { key, value } => {
            npc.attributes.insert(key, value);
        }
        Change::ClearAttribute { key } => {
            npc.attributes.remove(&key);
        }
        Change::MoveNpc { location } => npc.info.location = location,
        Change::AddTag { tag } if !npc.info.tags.contains(&tag) => npc.info.tags.push(tag),
        Change::AddTag { .. } => {}
        Change::RemoveTag { tag } => npc.info.tags.retain(|own| *own != tag),
        _ => return None,
    }
    Some(())
}

fn change_store(data: &mut Data, plugin: &PluginId, key: &Arc<str>, change: Change) -> Option<()> {
    let store = data.stores.entry(plugin.clone()).or_default();
    match change {
        Change::PutKv { value, expires_ms } => {
            store.put(key.clone(), KvEntry { value, expires_ms });
        }
        Change::DeleteKv => store.delete(key),
        _ => return None,
    }
    Some(())
}

fn submit(data: &mut Data, set: &WriteSet, id: &Arc<str>, change: Change) -> Option<()> {
    let Change::SubmitGeneration { request } = change else {
        return None;
    };
    let job = Job {
        id: id.to_string(),
        request,
        state: JobState::Queued,
        plugin: set.plugin.plugin.clone(),
        subject: set.subject.clone(),
    };
    data.jobs.insert(id.clone(), job);
    Some(())
}
