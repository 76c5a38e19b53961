//! Asking the handlers of plugins.

use portcullis::Scene;
use portcullis::hook_point::Point;
use portcullis::receipt::Block;

use super::{Run, Step};
use crate::transcript::{Entry, Outcome};

impl Run<'_> {
    /// Asks the handlers at a point. What they made of the data, and who blocked, if anybody did.
    pub(super) async fn hook<P: Point>(&mut self, data: P) -> (P, Option<Block>) {
        let scene = Scene {
            subject: &self.subject,
            enabled: &self.enabled,
        };
        let hooked = self.agent.host.hook(scene, data).await;
        let block = hooked.blocked().cloned();
        self.note(Entry::Hooks {
            point: P::NAME.to_owned(),
            chain: self.transcript.chains.len(),
        });
        self.transcript.chains.push(hooked.chain);
        (hooked.data, block)
    }

    /// Asks the handlers at a point where a block ends the run.
    pub(super) async fn hook_or_end<P: Point>(&mut self, data: P) -> Step<P> {
        match self.hook(data).await {
            (data, None) => Ok(data),
            (_, Some(Block { by, reason, .. })) => Err(Outcome::Blocked {
                point: P::NAME.to_owned(),
                by: by.to_string(),
                reason,
            }),
        }
    }
}
