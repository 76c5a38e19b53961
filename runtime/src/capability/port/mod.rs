//! Host ports: what an embedder implements for a capability to have something to offer.

pub(crate) mod bus;
mod generation;
mod kv;
mod npc;
mod session;
mod wait;
mod world;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use generation::{JobRequest, JobState};
pub use kv::{KvEntry, KvPage, KvReply, KvRequest, KvUsage};
pub use npc::{NpcInfo, NpcReply, NpcRequest};
pub use session::{SessionInfo, SessionReply, SessionRequest};
pub(crate) use wait::{Taker, Watch, go_on, is_late, is_young, queue};
pub use world::{Location, WorldInfo, WorldReply, WorldRequest};

use crate::write_set::{CommitError, WriteSet};

/// What a capability asks its port: one owned value, so that a port can stand in another process.
pub trait Request: Serialize + DeserializeOwned + Send + 'static {
    /// What the port replies.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
    /// What the port answers when it fails.
    type Error: Serialize + DeserializeOwned + Send + 'static;
}

/// The embedder's side of a capability. One method for each port; implement it for each [`Request`] that you serve.
///
/// A port that panics ends the call with [`Outcome::HostFault`](crate::Outcome::HostFault) and nothing else; this needs `panic = "unwind"`.
///
/// A port may call plugins, also the one that it serves. Sixteen calls at most are nested in each other; one more does not run.
pub trait Port<R: Request>: Send + Sync + 'static {
    /// Serves one request. Return [`Answer::ready`] where the reply is at hand: it costs no allocation.
    fn call(&self, request: R) -> Answer<'_, R>;
}

/// A port's reply, at hand or to come.
pub enum Answer<'a, R: Request> {
    /// The reply is at hand; `None` once it was taken.
    Ready(Option<Result<R::Reply, R::Error>>),
    /// The reply is to come.
    Pending(BoxFuture<'a, Result<R::Reply, R::Error>>),
}

impl<'a, R: Request> Answer<'a, R> {
    /// A reply that is at hand.
    pub fn ready(reply: Result<R::Reply, R::Error>) -> Self {
        Self::Ready(Some(reply))
    }

    /// A reply that is to come.
    pub fn pending(reply: impl Future<Output = Result<R::Reply, R::Error>> + Send + 'a) -> Self {
        Self::Pending(Box::pin(reply))
    }
}

// Nothing in an answer is pinned in place: the future to come is behind a box.
impl<R: Request> Unpin for Answer<'_, R> {}

impl<R: Request> Future for Answer<'_, R> {
    type Output = Result<R::Reply, R::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Ready(reply) => reply.take().map_or(Poll::Pending, Poll::Ready),
            Self::Pending(reply) => wait::noted(reply.as_mut().poll(context)),
        }
    }
}

/// Why a port did not reply. The plugin sees only the kind; the text is for the host's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "error", content = "detail")]
pub enum PortError {
    /// There is no such thing.
    NotFound,
    /// The host cannot serve it now.
    Unavailable(String),
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Unavailable(detail) => write!(f, "unavailable: {detail}"),
        }
    }
}

impl std::error::Error for PortError {}

/// A value of the host's state and the version of the document that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioned<T> {
    /// The document's version.
    pub version: crate::write_set::Version,
    /// The value.
    pub value: T,
}

/// The one port through which a call changes anything: all of the write set, or nothing. It runs to its end even if the caller goes away.
impl Request for WriteSet {
    type Reply = ();
    type Error = CommitError;
}
