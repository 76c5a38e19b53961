//! A gate for plugins. Portcullis runs other people's code inside a Rust program: a plugin is a WebAssembly component, its manifest asks for
//! permissions, the host grants some, and the plugin's linker gets the granted interfaces and nothing else. Every call runs on a budget
//! and ends in a [`Receipt`].
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
pub mod enabled;
pub mod grant;
pub mod identity;
pub mod limits;
pub mod log_record;
pub mod manifest;
pub mod package;
pub mod pattern;
pub mod permission;
pub mod problem;
pub mod receipt;
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
pub use grant::{Consent, Grant, GrantError, Policy};
pub use host::Host;
pub use limits::Limits;
pub use manifest::{Manifest, PluginId};
pub use observe::Metrics;
pub use package::Package;
pub use receipt::{Blame, Outcome, Receipt, Record};
pub use subject::Subject;

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
    catalogue
}
