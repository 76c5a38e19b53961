//! The finished plugins, as `cargo xtask build` leaves them.

use std::path::{Path, PathBuf};

use portcullis::{Consent, Package};

/// The repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The bytes of a built plugin: an example's, or one of `tests/guests`.
///
/// # Panics
/// It is not built.
pub fn component(name: &str) -> Vec<u8> {
    let plugins = root().join("target/plugins");
    let places = [
        plugins.join(format!("{name}.wasm")),
        plugins.join(format!("tests/{name}.wasm")),
    ];
    let found = places.iter().find_map(|place| std::fs::read(place).ok());
    #[expect(clippy::panic, reason = "a test cannot go on")]
    found.unwrap_or_else(|| {
        panic!(
            "`{name}` is not in {}: run `cargo xtask build` first",
            plugins.display()
        )
    })
}

/// A built plugin.
///
/// # Panics
/// It is not built, or it is no plugin.
pub fn plugin(name: &str) -> Package {
    #[expect(clippy::panic, reason = "a test cannot go on")]
    Package::parse(component(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A component under this manifest, in place of the one that it has.
///
/// # Panics
/// The manifest has problems.
pub fn embed(component: &[u8], manifest: &str) -> Package {
    let package = Package::embed(component, manifest).and_then(Package::parse);
    #[expect(clippy::panic, reason = "a test cannot go on")]
    package.unwrap_or_else(|error| panic!("{error}\n{manifest}"))
}

/// A guest of `tests/guests` as another plugin: the same, by another name.
///
/// # Panics
/// It is not built.
pub fn renamed(guest: &str, id: &str) -> Package {
    let path = root().join(format!("tests/guests/{guest}/plugin.toml"));
    #[expect(clippy::panic, reason = "a test cannot go on")]
    let manifest = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (own, other) = (format!("id = \"{guest}\""), format!("id = \"{id}\""));
    embed(&component(guest), &manifest.replacen(&own, &other, 1))
}

/// The plugin `keeper` with `npc:write` as an optional permission, and a consent to all others.
///
/// # Panics
/// It is not built.
pub fn keeper_without_npc_write() -> (Package, Consent) {
    let manifest = include_str!("../cases/npc-write/optional-stubbed/plugin.toml");
    let package = embed(&component("keeper"), manifest);
    let asked = package.manifest().permissions.iter();
    let accepted = asked.map(|request| request.permission.clone());
    let consent = Consent::to(accepted.filter(|permission| permission != "npc:write"));
    (package, consent)
}
