//! A channel inside a process.

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc};

use crate::channel::{Channel, SendError};
use crate::message::{Incoming, Outgoing};

/// How many messages may be on their way in each direction: whoever writes more waits.
const ON_THE_WAY: usize = 256;

/// A channel inside a process: the bot's side of it.
pub struct MemoryChannel {
    incoming: Mutex<mpsc::Receiver<Incoming>>,
    outgoing: mpsc::Sender<Outgoing>,
}

/// The other side, which writes and reads what a chat network would. When it is dropped the channel ends.
pub struct MemoryClient {
    incoming: mpsc::Sender<Incoming>,
    outgoing: mpsc::Receiver<Outgoing>,
}

impl MemoryChannel {
    /// A channel and its other side.
    pub fn new() -> (Self, MemoryClient) {
        let (to_bot, incoming) = mpsc::channel(ON_THE_WAY);
        let (to_client, outgoing) = mpsc::channel(ON_THE_WAY);
        let channel = Self {
            incoming: Mutex::new(incoming),
            outgoing: to_client,
        };
        let client = MemoryClient {
            incoming: to_bot,
            outgoing,
        };
        (channel, client)
    }
}

impl MemoryClient {
    /// Writes a message to the bot; false if nobody serves the channel any more.
    pub async fn write(&self, message: Incoming) -> bool {
        self.incoming.send(message).await.is_ok()
    }

    /// The next message of the bot; `None` once nobody serves the channel any more.
    pub async fn read(&mut self) -> Option<Outgoing> {
        self.outgoing.recv().await
    }

    /// Says that there are no more messages; those of the bot can still be read.
    pub fn close(self) -> mpsc::Receiver<Outgoing> {
        self.outgoing
    }
}

#[async_trait]
impl Channel for MemoryChannel {
    async fn receive(&self) -> Option<Incoming> {
        self.incoming.lock().await.recv().await
    }

    async fn send(&self, message: Outgoing) -> Result<(), SendError> {
        let sent = self.outgoing.send(message).await;
        sent.map_err(|_| SendError("nobody reads any more".to_owned()))
    }
}
