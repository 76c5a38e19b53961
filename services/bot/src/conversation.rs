//! Which conversations are open. They stand in the store, so they outlast the process.

use std::convert::Infallible;
use std::sync::Arc;

use portcullis_state::{SessionDocument, SessionMeta, Store, TransactError, Transaction, World};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::options::Options;

/// Where in a session's data the open conversation stands.
const OPEN: &str = "conversation";

/// Where it stands when the thread was first seen.
const SINCE: &str = "since_ms";

/// Who makes these changes, in the store's history.
const ACTOR: &str = "bot";

/// An open conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// The command, by its qualified name.
    pub(crate) command: String,
    /// When it is over if nothing is said until then.
    pub(crate) until_ms: u64,
}

/// Why something of a conversation was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// There are as many threads with open conversations as the bot keeps.
    Full,
    /// The store failed; its log says why.
    Failed,
}

/// The open conversation of a thread.
pub(crate) fn open(store: &Store, options: &Options, thread: &str) -> Option<Conversation> {
    let conversation = store.look(&options.world, |world| {
        let session = world.sessions.get(thread)?;
        read(&session.value)
    });
    let is_open = |one: &Conversation| options.clock.now_ms() < one.until_ms;
    conversation.flatten().filter(is_open)
}

fn read(session: &SessionDocument) -> Option<Conversation> {
    let open = session.meta.more.get(OPEN)?;
    Conversation::deserialize(open).ok()
}

/// Sees to it that the thread has a session.
pub(crate) async fn begin(
    store: &Store,
    options: &Options,
    thread: &str,
    channel: &str,
) -> Result<(), NotKept> {
    let is_there = |world: &World| world.sessions.contains_key(thread);
    if store.look(&options.world, is_there) == Some(true) {
        return Ok(());
    }
    let (world, thread) = (options.world.clone(), thread.to_owned());
    let (most, now_ms) = (options.threads, options.clock.now_ms());
    let session = SessionDocument {
        meta: SessionMeta {
            location: channel.to_owned(),
            more: [(SINCE.to_owned(), Value::from(now_ms))]
                .into_iter()
                .collect(),
            ..SessionMeta::default()
        },
        ..SessionDocument::default()
    };
    let made = store.transact(ACTOR, move |changes| {
        if changes.session(&world, &thread).is_none() {
            make_room(changes, &world, most, now_ms)?;
            changes.put_session(&world, &thread, session);
        }
        Ok(())
    });
    made.await.map_err(|error| match error {
        TransactError::Refused(full) => full,
        error => failed(&error),
    })
}

/// Forgets the oldest thread in which no conversation is open, if there is no room for one more.
fn make_room(
    changes: &mut Transaction<'_>,
    world: &str,
    most: usize,
    now_ms: u64,
) -> Result<(), NotKept> {
    let sessions = changes.world(world).map(|world| world.sessions);
    let sessions = sessions.unwrap_or_default();
    if sessions.len() < most {
        return Ok(());
    }
    let quiet = sessions
        .iter()
        .filter(|(_, session)| read(&session.value).is_none_or(|open| open.until_ms <= now_ms));
    let since = |session: &SessionDocument| session.meta.more.get(SINCE).and_then(Value::as_u64);
    let oldest = quiet.min_by_key(|(_, session)| since(&session.value));
    let oldest: Arc<str> = oldest.map(|(id, _)| Arc::clone(id)).ok_or(NotKept::Full)?;
    changes.remove_session(world, &oldest);
    Ok(())
}

/// Keeps a conversation open.
pub(crate) async fn keep(
    store: &Store,
    options: &Options,
    thread: &str,
    Conversation { command, until_ms }: Conversation,
) -> Result<(), NotKept> {
    let open = json!({ "command": command, "until_ms": until_ms });
    edit(store, options, thread, move |session| {
        session.meta.more.insert(OPEN.to_owned(), open);
    })
    .await
}

/// Ends the conversation of a thread, if it is this command's; any with `None`.
pub(crate) async fn end(
    store: &Store,
    options: &Options,
    thread: &str,
    command: Option<&str>,
) -> Result<(), NotKept> {
    let command = command.map(str::to_owned);
    edit(store, options, thread, move |session| {
        let is_meant = |open: Conversation| command.is_none_or(|command| open.command == command);
        if read(session).is_some_and(is_meant) {
            session.meta.more.remove(OPEN);
        }
    })
    .await
}

async fn edit(
    store: &Store,
    options: &Options,
    thread: &str,
    change: impl FnOnce(&mut SessionDocument) + Send + 'static,
) -> Result<(), NotKept> {
    let (world, thread) = (options.world.clone(), thread.to_owned());
    let kept = store.transact(ACTOR, move |changes| {
        changes.edit_session(&world, &thread, change);
        Ok::<_, Infallible>(())
    });
    kept.await.map_err(|error| failed(&error))
}

fn failed(error: &TransactError<impl std::fmt::Debug>) -> NotKept {
    tracing::error!(?error, "the bot's store failed");
    NotKept::Failed
}
