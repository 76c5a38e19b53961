//! From an error of the engine to the outcome of a call.

use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::capability::{Ctx, Ended};
use crate::receipt::Outcome;

/// Why a call has no reply.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) outcome: Outcome,
    /// As the plugin, or the engine, gave it: secrets are hidden where the receipt is written.
    pub(super) message: String,
    /// Whether others brought it about, so that the guard does not hold it against the plugin.
    pub(super) is_of_others: bool,
    /// Whether the host is to blame, whatever the outcome says by itself.
    pub(super) is_of_host: bool,
}

impl Fault {
    pub(super) fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
            is_of_others: false,
            is_of_host: false,
        }
    }

    /// The same fault, where others brought it about.
    pub(super) fn of_others(self) -> Self {
        Self {
            is_of_others: true,
            ..self
        }
    }

    /// The same fault, where the host, or those whom it runs beside the plugin, brought it about.
    pub(super) fn of_host(self) -> Self {
        Self {
            is_of_host: true,
            ..self.of_others()
        }
    }

    /// What an error that came out of a plugin's instance means.
    pub(super) fn of(error: &wasmtime::Error, ctx: &Ctx) -> Self {
        if let Some(ended) = ctx
            .call
            .ended
            .as_ref()
            .or_else(|| error.downcast_ref::<Ended>())
        {
            return Self::new(ended.outcome(), ended.to_string());
        }
        if ctx.limiter.refused() {
            return Self::new(
                Outcome::OutOfMemory,
                "more linear memory or table space than the limit allows",
            );
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::new(
                Outcome::Trapped,
                format!("the plugin exited with status {}", exit.0),
            );
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Self::new(Outcome::HostFault, "the engine's pool is full");
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::new(Outcome::OutOfFuel, "the fuel ran out"),
            Some(Trap::Interrupt) => Self::new(Outcome::TimedOut, "the wall time ran out"),
            Some(trap) => Self::new(Outcome::Trapped, trap.to_string()),
            None => Self::of_text(&format!("{error:#}")),
        }
    }

    /// wasmtime has no types for these: the text is all there is.
    fn of_text(text: &str) -> Self {
        const BUDGETS: [(&str, &str); 4] = [
            (
                "fuel allocated for hostcalls",
                "the budget of bytes handed to the host in one crossing ran out",
            ),
            (
                "resource limit exceeded: instance count",
                "more core instances than the limit allows",
            ),
            ("handle limit exceeded", "the budget of handles ran out"),
            (
                "resource table has no free keys",
                "the budget of host resources ran out",
            ),
        ];
        let budget = BUDGETS.iter().find(|(needle, _)| text.contains(needle));
        match budget {
            Some((_, message)) => Self::new(Outcome::OverBudget, *message),
            None => Self::new(Outcome::Trapped, text),
        }
    }
}
