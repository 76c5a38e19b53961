//! Ends a call that waits, and catches a panic of the host's side. Epochs end a call that computes.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};
use tracing::Span;

use super::{depth, gate};
use crate::capability::port::Watch;

/// Why a future was not run to its end.
#[derive(Debug)]
pub(super) enum Cut {
    /// The deadline passed.
    Elapsed,
    /// It panicked, with this text. It must not be polled again.
    Panicked(Option<String>),
}

/// Runs a future up to a deadline, in a span. The timer is made when the future first waits: most calls never do.
pub(super) struct Within<'a, F> {
    /// Taken out where it ends, so that it is dropped with care. What it waits for is the host's, and may panic then, too.
    future: Pin<&'a mut Option<F>>,
    watch: &'a mut Watch,
    deadline: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    span: Option<Arc<Span>>,
}

impl<'a, F: Future> Within<'a, F> {
    pub(super) fn new(
        deadline: Instant,
        watch: &'a mut Watch,
        span: Option<Arc<Span>>,
        future: Pin<&'a mut Option<F>>,
    ) -> Self {
        Self {
            future,
            watch,
            deadline,
            timer: None,
            span,
        }
    }
}

impl<F: Future> Future for Within<'_, F> {
    type Output = Result<F::Output, Cut>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let outer = this.watch.begin_poll();
        let _level = depth::enter();
        let polled = {
            let _in_span = this.span.as_deref().map(Span::enter);
            let future = this.future.as_mut().as_pin_mut();
            // What a call touches is thrown away after a panic, or guarded against poisoning.
            catch_unwind(AssertUnwindSafe(|| match future {
                Some(future) => future.poll(context),
                None => Poll::Pending,
            }))
        };
        gate::let_go();
        *this.watch = Watch::end_poll(outer, matches!(polled, Ok(Poll::Pending)));
        match polled {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(Cut::Panicked(text_of(&*panic)))),
        }
        let deadline = this.deadline;
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        let elapsed = timer.as_mut().poll(context);
        elapsed.map(|()| Err(Cut::Elapsed))
    }
}

impl<F> Drop for Within<'_, F> {
    fn drop(&mut self) {
        let mut future = self.future.as_mut();
        carefully(|| future.set(None));
    }
}

/// Drops something of a call's. A panic is told of and goes no further: the call has ended, and its receipt is to be written.
pub(super) fn carefully(drop: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(drop)) {
        let panic = text_of(&*panic);
        tracing::error!(panic, "the host panicked as it dropped what a call left");
    }
}

fn text_of(panic: &(dyn Any + Send)) -> Option<String> {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}
