//! Ends a call that waits. Epochs end one that computes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// The deadline passed.
#[derive(Debug)]
pub(super) struct Elapsed;

/// Runs a future up to a deadline. The timer is made when the future first waits: most calls never do.
pub(super) struct Within<F> {
    future: F,
    deadline: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<F: Future + Unpin> Within<F> {
    pub(super) fn new(deadline: Instant, future: F) -> Self {
        Self {
            future,
            deadline,
            timer: None,
        }
    }
}

impl<F: Future + Unpin> Future for Within<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = Pin::new(&mut self.future).poll(context) {
            return Poll::Ready(Ok(output));
        }
        let deadline = self.deadline;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        timer.as_mut().poll(context).map(|()| Err(Elapsed))
    }
}
