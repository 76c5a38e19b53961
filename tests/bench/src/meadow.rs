//! The state that both sides read: one world, and nothing else in it.

use portcullis::capability::port::{
    Answer, JobRequest, KvRequest, NpcRequest, Port, PortError, SessionRequest, WorldInfo,
    WorldReply, WorldRequest,
};
use portcullis::write_set::{CommitError, WriteSet};

/// One world, at hand.
pub struct Meadow;

impl Port<WorldRequest> for Meadow {
    fn call(&self, _: WorldRequest) -> Answer<'_, WorldRequest> {
        let info = WorldInfo {
            id: "meadow".to_owned(),
            name: "The meadow".to_owned(),
            hour: 7,
        };
        Answer::ready(Ok(WorldReply::World(info)))
    }
}

impl Port<SessionRequest> for Meadow {
    fn call(&self, _: SessionRequest) -> Answer<'_, SessionRequest> {
        Answer::ready(Err(PortError::NotFound))
    }
}

impl Port<NpcRequest> for Meadow {
    fn call(&self, _: NpcRequest) -> Answer<'_, NpcRequest> {
        Answer::ready(Err(PortError::NotFound))
    }
}

impl Port<KvRequest> for Meadow {
    fn call(&self, _: KvRequest) -> Answer<'_, KvRequest> {
        Answer::ready(Err(PortError::NotFound))
    }
}

impl Port<JobRequest> for Meadow {
    fn call(&self, _: JobRequest) -> Answer<'_, JobRequest> {
        Answer::ready(Err(PortError::NotFound))
    }
}

impl Port<WriteSet> for Meadow {
    fn call(&self, _: WriteSet) -> Answer<'_, WriteSet> {
        Answer::ready(Err(CommitError::Failed))
    }
}
