//! The plugins of the demo.

use std::fs;
use std::path::Path;

use portcullis::{Consent, Host, Package};

use super::DemoError;

/// The plugins, in the order in which they are loaded.
pub(super) const PLUGINS: [&str; 3] = ["echo", "trivia", "markov"];

pub(super) fn packages(directory: &Path) -> Result<Vec<Package>, DemoError> {
    let package = |name: &str| {
        let path = directory.join(format!("{name}.wasm"));
        let read = fs::read(&path).map_err(|error| error.to_string());
        let package =
            read.and_then(|bytes| Package::parse(bytes).map_err(|error| error.to_string()));
        package.map_err(|why| DemoError::Plugin { path, why })
    };
    PLUGINS.into_iter().map(package).collect()
}

/// Loads the plugins with all that they ask for.
pub(super) async fn load(host: &Host, packages: Vec<Package>) -> Result<(), DemoError> {
    for package in packages {
        let plugin = package.manifest().id.to_string();
        let loaded = host.load(package, &Consent::Everything).await;
        loaded.map_err(|error| DemoError::Refused {
            plugin,
            why: error.to_string(),
        })?;
    }
    Ok(())
}
