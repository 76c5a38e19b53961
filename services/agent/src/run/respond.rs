//! Delivering the response.

use portcullis::extension::hooks::{ResponsePostDeliver, ResponsePreDeliver};

use super::{Run, Step};
use crate::caught::caught;
use crate::item::WorkItem;
use crate::transcript::{Entry, Outcome};

impl Run<'_> {
    /// Delivers what the model said last.
    pub(super) async fn respond(&mut self, item: &WorkItem) -> Step<()> {
        let failed = |why: String| Outcome::Failed { why };
        let said = self.messages.last();
        let text = said.map(|said| said.content.clone()).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(failed("the model said nothing and used no tool".to_owned()));
        }
        let point = ResponsePreDeliver {
            run: self.transcript.run.clone(),
            work_item: item.id.clone(),
            text,
        };
        let text = self.hook_or_end(point).await?.text;
        let run = self.transcript.run.clone();
        let delivered = caught(self.agent.delivery.deliver(&run, item, &text)).await;
        match delivered {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                return Err(failed(format!("the response was not delivered: {error}")));
            }
            None => return Err(failed("the delivery panicked".to_owned())),
        }
        self.note(Entry::Delivered { text: text.clone() });
        let point = ResponsePostDeliver {
            run,
            work_item: item.id.clone(),
            text,
        };
        self.hook(point).await;
        Ok(())
    }
}
