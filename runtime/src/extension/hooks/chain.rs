//! A chain: the handlers of a point are asked one after the other, and a receipt comes of it whatever becomes of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::ask::{Asked, Terms};
use super::change::{Data, Take};
use super::order::Place;
use super::stage::{Declared, Stage};
use super::{Decision, Handler, Hooks};
use crate::engine::{Plugin, Share};
use crate::extension::{Entry, Registry, Scene, is_used};
use crate::hook_point::{Fail, Point};
use crate::receipt::{Block, ChainReceipt, ChainStep, ChainVerdict, Note, Receipt, StepDecision};

/// How much is shown of a plugin's reason to block, in bytes.
const MAX_REASON: usize = 1_024;

/// What a plugin wants to change.
type Patch = (Plugin, Map<String, Value>);

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

    /// The receipt of a chain at a point that the host does not declare. A handler there that fails closed blocks, if the point's type lets it.
    pub(super) fn refused<P: Point>(
        stage: Stage<'_>,
        began: &Registry,
        scene: Scene<'_>,
    ) -> ChainReceipt {
        let point = P::NAME;
        let mut receipt = unasked(point.into(), scene, 0);
        let fault = format!(
            "this host has no hook point `{point}`; declare it with `HostBuilder::hook_point`"
        );
        let places = began.hooks().at(point);
        if let Some(closed) = closed(places, scene).filter(|_| P::MAY_BLOCK) {
            receipt.verdict = without(closed, &fault);
        }
        receipt.fault = Some(fault);
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
                let all = self.ask_all(Data::new(text, self.stage.policy.data_bytes, take));
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
        data.check()?;
        while let Some(place) = self.places.get(self.next) {
            if is_used(&place.entry, self.terms.scene) {
                let share = |handler: &Handler| self.share(place, handler);
                let asked = self.terms.ask(place, data.text(), share).await;
                let (step, patch) = self.step(place, asked);
                // It was asked, whatever becomes of what it wants: its receipt stays.
                self.next += 1;
                if self.note(step) {
                    return Ok(());
                }
                if let Some((plugin, patch)) = patch {
                    self.change(&mut data, &plugin, patch)?;
                }
            } else {
                self.next += 1;
            }
        }
        Ok(())
    }

    /// How long a handler has, or why there is no time left.
    fn share(&self, place: &Place, handler: &Handler) -> Result<Share, &'static str> {
        let policy = self.stage.policy;
        let chain = Duration::from_millis(policy.chain_ms);
        let half = chain / 2;
        let own = handler.timeout_ms.map_or(u64::MAX, |ms| ms.get());
        let wall = Duration::from_millis(policy.handler_ms.min(own)).min(half);
        let mut left = chain.saturating_sub(self.spent);
        if left.is_zero() {
            return Err("the chain's time was used up");
        }
        // As long as it fits in there nobody can have used up a half.
        if wall > half.saturating_sub(self.spent) && self.others_wait(place) {
            left = left.min(half.saturating_sub(self.spent_on(place)));
            if left.is_zero() {
                return Err("its plugin's half of the chain's time was used up");
            }
        }
        Ok(Share { wall, left })
    }

    /// Whether handlers of other plugins come after this one.
    fn others_wait(&self, place: &Place) -> bool {
        let plugin = &place.entry.plugin.identity().plugin;
        let mut rest = self.places.get(self.next..).unwrap_or_default().iter();
        rest.any(|other| {
            other.entry.plugin.identity().plugin != *plugin
                && is_used(&other.entry, self.terms.scene)
        })
    }

    /// How much time the handlers of this one's plugin have used up.
    fn spent_on(&self, place: &Place) -> Duration {
        let plugin = &place.entry.plugin.identity().plugin;
        let steps = self.receipt.iter().flat_map(|receipt| &receipt.steps);
        let calls = steps.filter_map(|step| step.call.as_ref());
        let own = calls.filter(|call| call.plugin.plugin == *plugin);
        own.map(|call| call.duration).sum()
    }

    /// What became of a handler, and what it wants to change.
    fn step(&mut self, place: &Place, asked: Asked<'_>) -> (ChainStep, Option<Patch>) {
        let mut step = ChainStep {
            handler: place.qualified.clone(),
            decision: StepDecision::Gone,
            notes: Vec::new(),
            call: None,
        };
        let mut wants = None;
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
                        wants = Some((plugin, patch));
                        StepDecision::Change { fields: Vec::new() }
                    }
                };
                step.call = Some(record);
            }
        }
        (step, wants)
    }

    /// Does what the handler wants that was asked last.
    fn change(
        &mut self,
        data: &mut Data<'_>,
        plugin: &Plugin,
        patch: Map<String, Value>,
    ) -> Result<(), String> {
        let show = |text: &str, limit| plugin.show(text, limit);
        let (fields, notes) = data
            .change(patch, self.terms.point, show)
            .map_err(|error| format!("the data is no JSON object: {error}"))?;
        if let Some(step) = self
            .receipt
            .as_mut()
            .and_then(|receipt| receipt.steps.last_mut())
        {
            step.decision = StepDecision::Change { fields };
            step.notes = notes;
        }
        // Large data takes its time.
        self.spent = self.started.elapsed();
        Ok(())
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
        let unasked = self.places.get(self.next..).unwrap_or_default();
        let closed = closed(unasked, self.terms.scene);
        let Some(receipt) = &mut self.receipt else {
            return;
        };
        if let Some(closed) = closed.filter(|_| point.may_block) {
            receipt.verdict = without(closed, &fault);
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

/// The first of these handlers without which its plugin wants nothing to happen.
fn closed<'a>(places: &'a [Place], scene: Scene<'_>) -> Option<&'a Place> {
    places.iter().find(|place| {
        let handler = place.entry.contribution::<Hooks>();
        handler.is_some_and(|handler| handler.fail == Fail::Closed) && is_used(&place.entry, scene)
    })
}

/// The block of a handler that could not be asked.
fn without(place: &Place, fault: &str) -> ChainVerdict {
    ChainVerdict::Block(Block {
        by: place.qualified.clone(),
        reason: fault.to_owned(),
        failed: true,
    })
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
