//! What of a load takes long, off the threads that serve.

use std::sync::Arc;

use super::{Host, LoadError, settings};
use crate::engine::{Compiled, Leash, Plugin};
use crate::grant::Grant;
use crate::package::Package;

impl Host {
    /// The code of a plugin: from the cache, or compiled when it is its turn. If the future is dropped, a worker that compiles is ended.
    pub(super) async fn compile(
        &self,
        package: &Package,
        grant: &Grant,
    ) -> Result<Compiled, LoadError> {
        let of = (Arc::clone(&self.0.rooms), package.clone(), grant.clone());
        let (rooms, package, grant) = of.clone();
        let cached = blocking(move || Compiled::cached(&rooms, &package, &grant)).await??;
        if let Some(cached) = cached {
            return Ok(cached);
        }
        let turn = self.0.rooms.compiler.turn().await;
        let leash = Leash::default();
        let _cut = leash.cut_on_drop();
        let (rooms, package, grant) = of;
        let make = move || {
            // Held until the process has ended, and not only until nobody waits for it.
            let _turn = turn;
            Compiled::make(&rooms, &package, &grant, &leash)
        };
        Ok(blocking(make).await??)
    }

    /// Reads the settings and links.
    pub(super) async fn prepare(
        &self,
        package: Package,
        grant: Grant,
        code: Compiled,
    ) -> Result<Plugin, LoadError> {
        let rooms = Arc::clone(&self.0.rooms);
        let source = Arc::clone(&self.0.settings);
        let plugin = grant.identity();
        let span =
            tracing::info_span!("prepare", plugin = %plugin.plugin, version = %plugin.version);
        let prepare = move || {
            let _span = span.enter();
            let configuration = settings::configuration(&*source, package.manifest())?;
            Ok(Plugin::prepare(
                &rooms,
                &package,
                grant,
                configuration,
                code,
            )?)
        };
        blocking(prepare).await?
    }
}

/// Runs something that blocks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LoadError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| match error.is_panic() {
        true => LoadError::Panicked,
        false => LoadError::ShuttingDown,
    })
}
