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

use crate::capability::port;

/// Why a future was not run to its end.
#[derive(Debug)]
pub(super) enum Cut {
    /// The deadline passed: while a port was waited for, or something else.
    Elapsed { in_port: bool },
    /// It panicked, with this text. It must not be polled again.
    Panicked(Option<String>),
}

/// Runs a future up to a deadline, in a span. The timer is made when the future first waits: most calls never do.
pub(super) struct Within<'a, F> {
    future: Pin<&'a mut F>,
    deadline: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    span: Option<Arc<Span>>,
}

impl<'a, F: Future> Within<'a, F> {
    pub(super) fn new(deadline: Instant, span: Option<Arc<Span>>, future: Pin<&'a mut F>) -> Self {
        Self {
            future,
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
        port::begin_poll();
        let polled = {
            let _in_span = this.span.as_deref().map(Span::enter);
            let future = this.future.as_mut();
            // What a call touches is thrown away after a panic, or guarded against poisoning.
            catch_unwind(AssertUnwindSafe(|| future.poll(context)))
        };
        match polled {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(Cut::Panicked(text_of(&*panic)))),
        }
        let deadline = this.deadline;
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        let in_port = port::is_waited_for();
        let elapsed = timer.as_mut().poll(context);
        elapsed.map(|()| Err(Cut::Elapsed { in_port }))
    }
}

fn text_of(panic: &(dyn Any + Send)) -> Option<String> {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}
