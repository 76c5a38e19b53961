//! Creating a work item.

use portcullis::extension::hooks::{WorkItemPostCreate, WorkItemPreCreate};

use super::{Run, Step, id};
use crate::item::{NewWorkItem, WorkItem};
use crate::transcript::Outcome;

impl Run<'_> {
    pub(super) async fn create(&mut self, item: NewWorkItem) -> Step<WorkItem> {
        self.check(&item)?;
        let point = WorkItemPreCreate {
            title: item.title,
            description: item.description,
            labels: item.labels,
            requester: item.requester,
        };
        let point = self.hook_or_end(point).await?;
        let item = NewWorkItem {
            title: point.title,
            description: point.description,
            labels: point.labels,
            requester: point.requester,
        };
        // Plugins may have changed it.
        self.check(&item)?;
        let item = item.with_id(id("item"));
        self.transcript.work_item = Some(item.clone());
        let WorkItem {
            id,
            title,
            description,
            labels,
            requester,
        } = item.clone();
        let created = WorkItemPostCreate {
            id,
            title,
            description,
            labels,
            requester,
        };
        self.hook(created).await;
        Ok(item)
    }

    fn check(&self, item: &NewWorkItem) -> Step<()> {
        item.check(self.bounds())
            .map_err(|why| Outcome::Refused { why })
    }
}
