//! From bytes to code.

use std::sync::Arc;

use wasmtime::component::Component;

use super::cache::CompileCache;
use super::config::EngineRoom;
use crate::package::Package;

/// Compiles a package, or loads what was compiled before. Takes long: not for the threads of an async runtime.
pub(super) fn compile(
    room: &EngineRoom,
    package: &Package,
    cache: Option<&Arc<CompileCache>>,
) -> wasmtime::Result<Component> {
    let digest = package.digest();
    if let Some(code) = cache.and_then(|cache| cache.get(digest, &room.engine)) {
        // SAFETY: the code was written by `Component::serialize` of an engine with the same settings: its MAC, which covers the settings, verified
        // over this very buffer, and only holders of the key can make one.
        match unsafe { Component::deserialize(&room.engine, &code) } {
            Ok(component) => return Ok(component),
            Err(error) => {
                let plugin = package.manifest();
                tracing::warn!(
                    plugin = %plugin.id,
                    version = %plugin.version,
                    %digest,
                    %error,
                    "cached code does not load; compiling again"
                );
            }
        }
    }
    let component = Component::from_binary(&room.engine, package.bytes())?;
    if let Some(cache) = cache {
        cache.put(digest, &room.engine, &component.serialize()?);
    }
    Ok(component)
}
