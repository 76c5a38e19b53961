//! A gate for plugins. Portcullis runs other people's code inside a Rust program: a plugin is a WebAssembly component, its manifest asks for
//! permissions, the host grants some, and the plugin's linker gets the granted interfaces and nothing else. Every call runs on a budget
//! and ends in a [`Receipt`].
//!
//! ```
//! use portcullis::{Consent, EnabledPlugins, Host, Metrics, Package, Scene, Subject};
//! use std::sync::Arc;
//!
//! # async fn embed() -> Result<(), Box<dyn std::error::Error>> {
//! # let component = wat::parse_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/about-an-npc.wat")))?;
//! # let manifest = r#"
//! #     [plugin]
//! #     id = "npcs"
//! #     name = "NPCs"
//! #     version = "0.1.0"
//! #     [permissions."behavior:extend_conditions"]
//! #     reason = "Offers a condition."
//! #     [[contributes.conditions]]
//! #     name = "about-an-npc"
//! # "#;
//! # let bytes = Package::embed(&component, manifest)?;
//! // What the application sees of its plugins: every call, whatever became of it.
//! let metrics = Arc::new(Metrics::default());
//! // These plugins are the application's own. Those of others are compiled by a worker: `.compile_worker(CompileWorker::new(path)?)`.
//! let host = Host::builder().compile_in_process().observer(metrics.clone()).build()?;
//!
//! // Bytes become a package only by a scan, and a package runs only under what was accepted for it.
//! let package = Package::parse(bytes)?;
//! host.load(package, &Consent::to(["behavior:extend_conditions"])).await?;
//!
//! // Ask a condition of the plugin about an NPC of a world.
//! let subject = Subject::world("meadow").npc("miller");
//! let scene = Scene { subject: &subject, enabled: &EnabledPlugins::All };
//! let evaluation = host.evaluate("plugin:npcs:about-an-npc", scene, &Default::default()).await;
//! assert!(evaluation.holds);
//! println!("{}", evaluation.dispatched?);
//! assert_eq!(metrics.by_plugin()[0].calls, 1);
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new()?.block_on(embed())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Capabilities that need something of the application (`world-read`, `session-read`, `session-write`, `npc-read`, `npc-write`, `kv`,
//! `generation`) come with [`HostBuilder::state`](host::HostBuilder::state); an application's own interfaces with [`Capability`] and
//! [`Extension`].
//!
//! # What an embedder must know
//!
//! - Calls need a multi-threaded tokio runtime with its timer enabled. Dropping the future of a call ends the call.
//! - A panic in a port or in an observer is caught at the boundary, which takes `panic = "unwind"`.
//! - A host compiles nothing unless it is told how: [`HostBuilder::compile_worker`](host::HostBuilder::compile_worker) names the program
//!   `portcullis-compile`, which compiles each plugin in a process of its own within [`engine::CompileLimits`];
//!   [`HostBuilder::compile_in_process`](host::HostBuilder::compile_in_process) is for plugins that the embedder trusts.
//! - Containment within one process ends where wasmtime or its compiler has a bug.
//! - A plugin that fails five times in a row is disabled until an operator enables it again ([`guard::GuardPolicy`]); a
//!   [`guard::GuardStore`] keeps that over a restart.
//! - Handlers of events run in tasks of the runtime in which their plugin was loaded, one for each, and end with the host. What waits for them is in
//!   memory only ([`Host::events_idle`] waits until it is done with).
//! - A host holds at most [`engine::SLOTS`] instances of an engine at once, and of one plugin at most
//!   [`Policy::slots_per_plugin`]; more callers wait, within their deadline.
//! - A port that blocks its thread cannot be ended: its call ends late, when it returns. Ports should wait asynchronously.
//!
//! # The modules, from the bottom up
//!
//! | floor | modules | know |
//! |---|---|---|
//! | 1 | [`package`], [`manifest`], [`permission`], [`grant`], [`limits`], [`write_set`], [`receipt`] and the small ones beside them | data only |
//! | 2 | [`capability`] | what plugins may import |
//! | 3 | [`engine`] | compiling, linking, calling |
//! | 4 | [`extension`], [`observe`] | what plugins may export; what is made of receipts |
//! | 5 | [`host`] | what an application embeds |

// Floor 1.
pub mod bus;
pub mod clock;
pub mod configuration;
pub mod enabled;
pub mod event;
pub mod grant;
pub mod guard;
pub mod health;
pub mod hook_point;
pub mod identity;
pub mod limits;
pub mod log_record;
pub mod manifest;
pub mod package;
pub mod pattern;
pub mod permission;
pub mod problem;
pub mod receipt;
pub mod redactor;
pub mod subject;
pub mod write_set;

// Floor 2.
pub mod capability;

// Floor 3.
pub mod engine;

// Floor 4.
pub mod extension;
pub mod observe;

// Floor 5.
pub mod host;

pub use capability::{Capability, Port};
pub use enabled::EnabledPlugins;
pub use engine::{Extension, Observer, Plugin, Typed};
pub use extension::Scene;
pub use grant::{Consent, Grant, GrantError, Policy, SecurityLevel};
pub use hook_point::{HookPoint, Point};
pub use host::Host;
pub use limits::Limits;
pub use manifest::{Manifest, PluginId};
pub use observe::Metrics;
pub use package::Package;
pub use receipt::{Blame, ChainReceipt, Outcome, Receipt, Record};
pub use subject::Subject;

/// The engine that capabilities and extensions of an embedder's own are made for: `bindgen!` with `wasmtime_crate: ::portcullis::wasmtime`.
pub use wasmtime;

/// All that Portcullis itself offers, for deciding offline: what a host with every built-in room would say.
pub fn catalogue() -> permission::Catalogue {
    let mut catalogue = permission::Catalogue::new();
    // The built-in lists fit together; a test says so.
    for room in capability::DESCRIPTORS {
        let _fits = catalogue.capability(*room);
    }
    for room in extension::DESCRIPTORS {
        let _fits = catalogue.extension(*room);
    }
    for point in extension::hooks::points() {
        let _fits = catalogue.hook_point(point);
    }
    catalogue
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_built_in_rooms_fit_together() {
        let catalogue = catalogue();
        assert_eq!(
            catalogue.capabilities().len(),
            capability::DESCRIPTORS.len()
        );
        assert_eq!(catalogue.extensions().len(), extension::DESCRIPTORS.len());
        assert_eq!(catalogue.hook_points().count(), 9);
        let host = Host::builder().build().unwrap();
        assert!(host.catalogue().hook_points().eq(catalogue.hook_points()));
    }
}
