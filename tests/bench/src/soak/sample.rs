//! A look at the load each second, from a thread of its own: what takes all of tokio's workers does not stop it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::load::Eyes;
use crate::process::Taken;
use crate::tally::Tally;

/// One second of the run, or what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// From the beginning of the load.
    pub seconds: f64,
    /// Calls of good plugins that returned, a second.
    pub benign: f64,
    /// Misdeeds, a second.
    pub hostile: f64,
    /// Calls that a limit ended, a second.
    pub kills: f64,
    /// Of the good plugins' calls, by their callers' clock; `None` where none returned.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    #[serde(flatten)]
    pub taken: Taken,
    /// Plugins that were replaced so far.
    pub reloads: u64,
    /// Calls that ended and left no receipt so far. Those that run are none of them.
    pub lost: u64,
    /// Panics of the host so far.
    pub panics: u64,
    /// What was not as it should be so far.
    pub surprises: u64,
}

/// How often it looks.
const EACH: Duration = Duration::from_secs(1);

/// The thread that looks.
pub struct Sampler {
    begun: Instant,
    rests: Arc<AtomicBool>,
    samples: Arc<Mutex<Vec<Sample>>>,
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Sampler {
    /// Begins to look.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn start(eyes: Eyes) -> std::io::Result<Self> {
        let begun = Instant::now();
        let (rests, samples) = (Arc::<AtomicBool>::default(), Arc::<Mutex<_>>::default());
        let (stop, stopped) = mpsc::channel();
        let thread = {
            let (rests, samples) = (Arc::clone(&rests), Arc::clone(&samples));
            std::thread::Builder::new()
                .name("sampler".to_owned())
                .spawn(move || look(begun, &eyes, &rests, &samples, &stopped))?
        };
        Ok(Self {
            begun,
            rests,
            samples,
            stop,
            thread,
        })
    }

    /// Whether the load rests: seconds in which it does are no samples.
    pub fn rest(&self, rests: bool) {
        self.rests.store(rests, Ordering::SeqCst);
    }

    /// Seconds since it began.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Ends it, and gives what it saw.
    pub fn stop(self) -> Vec<Sample> {
        drop(self.stop);
        let _ended = self.thread.join();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *samples)
    }
}

fn look(
    begun: Instant,
    eyes: &Eyes,
    rests: &AtomicBool,
    samples: &Mutex<Vec<Sample>>,
    stopped: &mpsc::Receiver<()>,
) {
    let mut since = Since::new(begun);
    let (mut rested, mut turn) = (false, 0_u32);
    loop {
        turn += 1;
        let next = begun + EACH * turn;
        let wait = next.saturating_duration_since(Instant::now());
        if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        // Also the second in which a rest ended is no whole one.
        let rests = rests.load(Ordering::SeqCst);
        let sample = since.sample(begun, eyes);
        if !rests && !rested {
            let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.push(sample);
        }
        rested = rests;
    }
}

/// What the counters said when they were last read.
struct Since {
    at: Instant,
    benign: u64,
    hostile: u64,
    kills: u64,
}

impl Since {
    fn new(at: Instant) -> Self {
        Self {
            at,
            benign: 0,
            hostile: 0,
            kills: 0,
        }
    }

    /// By the time that really passed: where the machine is busy, a second may be longer.
    fn sample(&mut self, begun: Instant, eyes: &Eyes) -> Sample {
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        let tally: &Tally = &eyes.tally;
        let rate = |counter: &AtomicU64, before: &mut u64| {
            let total = counter.load(Ordering::SeqCst);
            let more = total.saturating_sub(std::mem::replace(before, total));
            more as f64 / passed
        };
        let latencies = tally.latencies();
        Sample {
            seconds: now.duration_since(begun).as_secs_f64(),
            benign: rate(&tally.benign, &mut self.benign),
            hostile: rate(&tally.hostile, &mut self.hostile),
            kills: rate(&tally.kills, &mut self.kills),
            p50_ms: latencies.map(|(p50, _)| p50),
            p99_ms: latencies.map(|(_, p99)| p99),
            taken: Taken::now(),
            reloads: tally.reloads.load(Ordering::SeqCst),
            lost: eyes.lost_so_far(),
            panics: tally.panics.load(Ordering::SeqCst),
            surprises: tally.surprised(),
        }
    }
}
