//! The slots that an instance takes: of its engine's, and of those that its plugin has at most at once.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::{EngineError, EngineRoom};
use super::pool::WarmPool;

/// Whoever waits looks again so often whether an idle instance can make room: one that has become idle tells nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The slots of an instance, free again when this is dropped.
pub(super) struct Slots {
    _own: OwnedSemaphorePermit,
    _engine: OwnedSemaphorePermit,
}

/// What a plugin has at most at once. Its calls wait for their own kind here, before they are in the engine's line and in the way of others.
pub(super) struct Share {
    own: Arc<Semaphore>,
    /// How many slots an instance takes.
    weight: u32,
}

impl Share {
    /// At most `most` slots, of which an instance takes `weight`.
    pub(super) fn new(most: u32, weight: u32) -> Self {
        let own = usize::try_from(most).unwrap_or(usize::MAX);
        Self {
            own: Arc::new(Semaphore::new(own.min(Semaphore::MAX_PERMITS))),
            weight,
        }
    }

    /// Slots, if they are free. Idle warm instances make room when there are none: the plugin's own where it has all that it may have.
    pub(super) fn free(&self, room: &EngineRoom, warm: &WarmPool) -> Option<Slots> {
        let own = loop {
            match self.own.clone().try_acquire_many_owned(self.weight) {
                Ok(own) => break own,
                Err(_) if warm.evict_one() => {}
                Err(_) => return None,
            }
        };
        let engine = room.free_slots(self.weight)?;
        Some(Slots {
            _own: own,
            _engine: engine,
        })
    }

    /// Waits for slots. An instance that is kept warm meanwhile makes room, too.
    pub(super) async fn wait(
        &self,
        room: &EngineRoom,
        warm: &WarmPool,
    ) -> Result<Slots, EngineError> {
        let own = self.own.clone().acquire_many_owned(self.weight);
        let own = looking_again(own, || warm.evict_one()).await;
        let own = own.map_err(|_| EngineError::closed())?;
        let engine = looking_again(room.slots(self.weight), || room.evict_one()).await?;
        Ok(Slots {
            _own: own,
            _engine: engine,
        })
    }
}

/// Waits in line, and makes room now and then.
async fn looking_again<T>(line: impl Future<Output = T>, make_room: impl Fn() -> bool) -> T {
    let mut line = pin!(line);
    loop {
        match tokio::time::timeout(LOOK_AGAIN, line.as_mut()).await {
            Ok(taken) => return taken,
            Err(_) => {
                let _made = make_room();
            }
        }
    }
}
