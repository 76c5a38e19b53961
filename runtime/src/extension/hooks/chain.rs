//! A chain: the handlers of a point are asked one after the other, and a receipt comes of it whatever becomes of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::ask::{Asked, Terms};
use super::change::{Data, Take};
use super::order::Place;
use super::stage::{Declared, Stage};
use super::{Decision, Handler, Hooks};
use crate::extension::{Entry, Registry, Scene, is_used};
use crate::hook_point::Fail;
use crate::receipt::{Block, ChainReceipt, ChainStep, ChainVerdict, Note, Receipt, StepDecision};

/// How much is shown of a plugin's reason to block, in bytes.
const MAX_REASON: usize = 1_024;

/// A chain that goes on. Dropped before its end, it leaves the receipt of a chain that was cut.
pub(super) struct Chain<'a> {
    stage: Stage<'a>,
    terms: Terms<'a>,
    places: &'a [Place],
    /// The place of the handler that is asked now, or next.
    next: usize,
    started: Instant,
    /// How much of the chain's time is used up. Taken from what its calls took, which is known without a look at the clock.
    spent: Duration,
    /// Taken when the chain ends.
    receipt: Option<ChainReceipt>,
}

impl<'a> Chain<'a> {
    pub(super) fn begin(
        stage: Stage<'a>,
        point: &'a Declared,
        began: &'a Arc<Registry>,
        scene: Scene<'a>,
    ) -> Self {
        let places = began.hooks().at(&point.name);
        Self {
            terms: Terms {
                point,
                scene,
                shared: stage.registry,
                began,
            },
            places,
            next: 0,
            started: Instant::now(),
            spent: Duration::ZERO,
            receipt: Some(unasked(point.name.clone(), scene, places.len())),
            stage,
        }
    }

    /// The receipt of a chain at a point that the host does not declare.
    pub(super) fn refused(stage: Stage<'_>, scene: Scene<'_>, point: &str) -> ChainReceipt {
        let mut receipt = unasked(point.into(), scene, 0);
        receipt.fault = Some(format!(
            "this host has no hook point `{point}`; declare it with `HostBuilder::hook_point`"
        ));
        stage.tell(&receipt);
        receipt
    }

    /// Whether there is nobody to ask.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Asks all handlers about the data, which `take` takes over wherever it changes.
    pub(super) async fn run(
        mut self,
        text: Result<String, String>,
        take: &mut Take<'_>,
    ) -> ChainReceipt {
        let fault = match text {
            Err(fault) => Some(fault),
            Ok(text) => {
                let all = self.ask_all(Data::new(text, take));
                match AssertUnwindSafe(all).catch_unwind().await {
                    Ok(asked) => asked.err(),
                    Err(_) => Some("the dispatcher panicked".to_owned()),
                }
            }
        };
        if let Some(fault) = fault {
            self.note_fault(fault);
        }
        self.end()
    }

    /// The chain's receipt, which all observers have seen.
    #[expect(clippy::expect_used, reason = "a chain ends once: this takes it")]
    pub(super) fn end(mut self) -> ChainReceipt {
        let mut receipt = self.receipt.take().expect("a chain ends once");
        receipt.duration = self.started.elapsed();
        self.stage.tell(&receipt);
        receipt
    }

    async fn ask_all(&mut self, mut data: Data<'_>) -> Result<(), String> {
        while let Some(place) = self.places.get(self.next) {
            if is_used(&place.entry, self.terms.scene) {
                let text = data.text();
                let asked = self.terms.ask(place, text, |handler| self.time(handler));
                let asked = asked.await;
                let step = self.step(place, asked, &mut data)?;
                if self.note(step) {
                    return Ok(());
                }
            }
            self.next += 1;
        }
        Ok(())
    }

    /// How long a handler has; `None` if there is no time left.
    fn time(&self, handler: &Handler) -> Option<Duration> {
        let policy = self.stage.policy;
        let left = Duration::from_millis(policy.chain_ms).checked_sub(self.spent)?;
        let own = handler.timeout_ms.map_or(u64::MAX, |ms| ms.get());
        let most = Duration::from_millis(policy.handler_ms.min(own));
        Some(most.min(left)).filter(|time| !time.is_zero())
    }

    /// What became of a handler. The data is as it has changed it.
    fn step(
        &mut self,
        place: &Place,
        asked: Asked<'_>,
        data: &mut Data<'_>,
    ) -> Result<ChainStep, String> {
        let mut step = ChainStep {
            handler: place.qualified.clone(),
            decision: StepDecision::Gone,
            notes: Vec::new(),
            call: None,
        };
        match asked {
            Asked::Gone => {}
            Asked::Not(entry, why) => step.decision = failed(&entry, why),
            Asked::Called(entry, plugin, Receipt { record, reply }) => {
                self.spent += record.duration;
                step.decision = match reply {
                    None => failed(&entry, record.outcome.as_str()),
                    Some(Decision::Proceed) => StepDecision::Proceed,
                    Some(Decision::Block(reason)) => StepDecision::Block {
                        reason: plugin.show(&reason, MAX_REASON),
                    },
                    Some(Decision::Change(patch)) => {
                        let show = |text: &str, limit| plugin.show(text, limit);
                        let (fields, notes) = data
                            .change(patch, self.terms.point, show)
                            .map_err(|error| format!("the data is no JSON object: {error}"))?;
                        step.notes = notes;
                        // Large data takes its time.
                        self.spent = self.started.elapsed();
                        StepDecision::Change { fields }
                    }
                };
                step.call = Some(record);
            }
        }
        Ok(step)
    }

    /// Notes a step; whether it ends the chain.
    fn note(&mut self, mut step: ChainStep) -> bool {
        let block = blocking(&step);
        let may_block = self.terms.point.may_block;
        if block.is_some() && !may_block {
            step.notes.push(Note::IgnoredBlock);
        }
        let Some(receipt) = &mut self.receipt else {
            return true;
        };
        receipt.steps.push(step);
        match block.filter(|_| may_block) {
            Some(block) => {
                receipt.verdict = ChainVerdict::Block(block);
                true
            }
            None => false,
        }
    }

    /// Notes a fault of the chain itself. Handlers that were not asked, and without which their plugins want nothing to happen, block.
    #[cold]
    fn note_fault(&mut self, fault: String) {
        let point = self.terms.point;
        tracing::error!(point = %point.name, fault, "a chain of hook handlers broke");
        let mut unasked = self.places.get(self.next..).unwrap_or_default().iter();
        let closed = unasked.find(|place| {
            let handler = place.entry.contribution::<Hooks>();
            handler.is_some_and(|handler| handler.fail == Fail::Closed)
                && is_used(&place.entry, self.terms.scene)
        });
        let Some(receipt) = &mut self.receipt else {
            return;
        };
        if let Some(closed) = closed.filter(|_| point.may_block) {
            receipt.verdict = ChainVerdict::Block(Block {
                by: closed.qualified.clone(),
                reason: fault.clone(),
                failed: true,
            });
        }
        receipt.fault = Some(fault);
    }
}

impl Drop for Chain<'_> {
    fn drop(&mut self) {
        if let Some(mut receipt) = self.receipt.take() {
            receipt.duration = self.started.elapsed();
            receipt.fault = Some("whoever waited for the chain went away".to_owned());
            self.stage.tell(&receipt);
        }
    }
}

impl Stage<'_> {
    fn tell(&self, receipt: &ChainReceipt) {
        for observer in self.observers {
            if catch_unwind(AssertUnwindSafe(|| observer.chain(receipt))).is_err() {
                tracing::error!(point = %receipt.point, "an observer panicked");
            }
        }
    }
}

/// The receipt of a chain in which nobody was asked yet.
fn unasked(point: Arc<str>, scene: Scene<'_>, handlers: usize) -> ChainReceipt {
    ChainReceipt {
        point,
        subject: scene.subject.clone(),
        verdict: ChainVerdict::Proceed,
        duration: Duration::ZERO,
        steps: Vec::with_capacity(handlers),
        fault: None,
    }
}

fn failed(entry: &Entry, why: &'static str) -> StepDecision {
    let handler = entry.contribution::<Hooks>();
    StepDecision::Failed {
        why: why.into(),
        fail: handler.map_or(Fail::Open, |handler| handler.fail),
    }
}

/// The block that a step asks for, if it does.
fn blocking(step: &ChainStep) -> Option<Block> {
    let (reason, failed) = match &step.decision {
        StepDecision::Block { reason } => (reason.clone(), false),
        StepDecision::Failed {
            why,
            fail: Fail::Closed,
        } => {
            let message = step.call.as_ref().and_then(|call| call.message.as_ref());
            let detail = message.map(|message| format!("{why}: {message}"));
            (detail.unwrap_or_else(|| why.clone().into_owned()), true)
        }
        _ => return None,
    };
    Some(Block {
        by: step.handler.clone(),
        reason,
        failed,
    })
}
