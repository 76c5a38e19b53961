//! The plugins of the demo: the examples, and three hostile ones.

use std::path::Path;

use portcullis::configuration::Settings;
use portcullis::host::{Candidate, StaticSettings};

use super::DemoError;
use crate::demo::plugins::candidate;

/// The example plugins, each in a file of its name.
pub(super) const EXAMPLES: [&str; 5] = ["festival", "gossip", "performance", "romance", "stealth"];

/// The hostile plugins.
pub(super) const HOSTILE: [Hostile; 3] = [
    Hostile {
        id: "spinner",
        file: "hostile.wasm",
        manifest: include_str!("hostile/spinner.toml"),
    },
    Hostile {
        id: "hoarder",
        file: "hostile.wasm",
        manifest: include_str!("hostile/hoarder.toml"),
    },
    Hostile {
        id: "trespasser",
        file: "needs-session-write.wasm",
        manifest: include_str!("hostile/trespasser.toml"),
    },
];

/// A guest of the tests under a manifest of the demo's own, so that each misdeed has a row of its own.
pub(super) struct Hostile {
    pub(super) id: &'static str,
    file: &'static str,
    manifest: &'static str,
}

/// What is configured for the plugins of the demo. A real host keeps secrets elsewhere than in its source.
pub(super) fn settings() -> StaticSettings {
    let gossip = Settings::new()
        .value("tone", "breathless")
        .secret("watchword", "kittiwake at dusk");
    let settings = StaticSettings::new();
    if let Ok(id) = "gossip".parse() {
        settings.set(id, gossip);
    }
    settings
}

/// All plugins of the demo.
pub(super) fn names() -> Vec<&'static str> {
    EXAMPLES
        .into_iter()
        .chain(HOSTILE.iter().map(|hostile| hostile.id))
        .collect()
}

/// The plugins of the demo without those that are left out. Their manifests are accepted as they are.
pub(super) fn candidates(
    directory: &Path,
    without: &[String],
) -> Result<Vec<Candidate>, DemoError> {
    let unknown = without
        .iter()
        .find(|name| !names().contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(DemoError::UnknownPlugin { name: name.clone() });
    }
    let kept = |id: &str| !without.iter().any(|name| name == id);
    let mut candidates = Vec::new();
    for id in EXAMPLES.into_iter().filter(|id| kept(id)) {
        candidates.push(candidate(&directory.join(format!("{id}.wasm")), None)?);
    }
    for hostile in HOSTILE.iter().filter(|hostile| kept(hostile.id)) {
        candidates.push(candidate(
            &directory.join("tests").join(hostile.file),
            Some(hostile.manifest),
        )?);
    }
    Ok(candidates)
}
