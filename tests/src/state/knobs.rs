//! Trouble on demand.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

/// What a request of a port runs into.
#[derive(Clone, Debug, Default)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// It takes this long.
    Delay(Duration),
    /// It waits at the gate.
    Gate(Gate),
    /// It panics at once.
    Panic,
    /// It panics after it has waited.
    PanicLater,
    /// It never ends.
    Hang,
    /// It never ends, and panics when nobody waits for it any more.
    PanicWhenDropped,
    /// It fails.
    Fail,
    /// It conflicts. For commits.
    Conflict,
}

/// A request waits here until a test lets it go.
#[derive(Clone, Debug)]
pub struct Gate {
    entered: Arc<Semaphore>,
    leave: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self {
            entered: closed(),
            leave: closed(),
        }
    }
}

impl Gate {
    /// Waits until a request has come.
    pub async fn entered(&self) {
        pass(&self.entered).await;
    }

    /// Lets one request go.
    pub fn open(&self) {
        self.leave.add_permits(1);
    }

    async fn wait(&self) {
        self.entered.add_permits(1);
        pass(&self.leave).await;
    }
}

async fn pass(gate: &Semaphore) {
    if let Ok(permit) = gate.acquire().await {
        permit.forget();
    }
}

/// The trouble that a port is set to, and how often it was asked.
#[derive(Default)]
pub struct Knob {
    trouble: Mutex<Trouble>,
    asked: AtomicU64,
}

/// The request is to fail, or to conflict.
pub(super) enum Refused {
    Fail,
    Conflict,
}

impl Knob {
    /// Sets what the requests from now on run into.
    pub fn set(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Sets a gate and gives it.
    pub fn gate(&self) -> Gate {
        let gate = Gate::default();
        self.set(Trouble::Gate(gate.clone()));
        gate
    }

    /// How often the port was asked.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Counts a request; gives what it runs into.
    #[expect(clippy::panic, reason = "that is the knob")]
    pub(super) fn ask(&self) -> Trouble {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let trouble = self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if matches!(trouble, Trouble::Panic) {
            panic!("the port panics on purpose");
        }
        trouble
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    #[expect(clippy::panic, reason = "that is the knob")]
    fn drop(&mut self) {
        panic!("the port panics on purpose when it is dropped");
    }
}

impl Trouble {
    #[expect(clippy::panic, reason = "that is the knob")]
    pub(super) async fn run_into(self) -> Result<(), Refused> {
        match self {
            Self::None | Self::Panic => {}
            Self::Delay(time) => tokio::time::sleep(time).await,
            Self::Gate(gate) => gate.wait().await,
            Self::PanicLater => {
                tokio::task::yield_now().await;
                panic!("the port panics on purpose, later");
            }
            Self::Hang => pending().await,
            Self::PanicWhenDropped => {
                let _bomb = Bomb;
                pending().await
            }
            Self::Fail => return Err(Refused::Fail),
            Self::Conflict => return Err(Refused::Conflict),
        }
        Ok(())
    }
}
