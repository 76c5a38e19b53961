//! What a plugin is made of once it is compiled and linked.

use std::any::{Any, TypeId};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use wasmtime::component::InstancePre;

use super::config::{EngineError, EngineRoom};
use super::pool::WarmPool;
use super::slots::{Share, Slots};
use crate::capability::{Ctx, Holdings};

/// The compiled parts of a plugin: what a plugin that is asleep does not have.
pub(super) struct Body {
    pub(super) room: Arc<EngineRoom>,
    pub(super) holdings: Arc<Holdings>,
    /// What fresh instances are made of, until nobody is to call the plugin any more.
    code: ArcSwapOption<InstancePre<Ctx>>,
    /// By the extension's place in the host's list.
    pub(super) bound: Vec<Option<Bound>>,
    pub(super) pool: Arc<WarmPool>,
    share: Share,
}

/// An extension that the plugin provides.
pub(super) struct Bound {
    /// The type of the extension.
    pub(super) room: TypeId,
    /// Its `Bound`.
    pub(super) functions: Arc<dyn Any + Send + Sync>,
}

impl Body {
    pub(super) fn new(
        room: Arc<EngineRoom>,
        holdings: Arc<Holdings>,
        pre: InstancePre<Ctx>,
        bound: Vec<Option<Bound>>,
        weight: u32,
    ) -> Self {
        let share = Share::new(holdings.grant.slots(), weight);
        let pool = Arc::new(WarmPool::default());
        room.add_pool(&pool);
        Self {
            room,
            holdings,
            code: ArcSwapOption::from_pointee(pre),
            bound,
            pool,
            share,
        }
    }

    /// Slots for an instance, if they are free.
    pub(super) fn free_slots(&self) -> Option<Slots> {
        self.share.free(&self.room, &self.pool)
    }

    /// Waits for slots for an instance.
    pub(super) async fn slots(&self) -> Result<Slots, EngineError> {
        self.share.wait(&self.room, &self.pool).await
    }

    /// What fresh instances are made of.
    pub(super) fn code(&self) -> wasmtime::Result<Arc<InstancePre<Ctx>>> {
        let code = self.code.load_full();
        code.ok_or_else(|| wasmtime::Error::msg("the plugin's code was dropped"))
    }

    /// Gives the memory of the code and of idle instances back, though somebody still holds the plugin.
    pub(super) fn shed(&self) {
        self.code.store(None);
        self.pool.clear();
    }
}
