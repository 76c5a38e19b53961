//! From a row of the list to a plugin.

use portcullis::Package;
use portcullis::package::PackageError;

use super::{Made, Misdeed};
use crate::forge;
use crate::plugins::{component, root};

impl Misdeed {
    /// The plugin's id. Conditions of `hostile` with the same limits share one plugin.
    pub fn id(&self) -> String {
        match self.made {
            Made::Hostile(_) if self.limits == super::PATIENT => "hostile".to_owned(),
            Made::Hostile(_) => {
                let words = self.limits.split(|c: char| !c.is_ascii_alphanumeric());
                let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
                format!("hostile-{}", words.join("-"))
            }
            _ => self.name.to_owned(),
        }
    }

    /// The condition that it is asked.
    pub fn condition(&self) -> &'static str {
        match self.made {
            Made::Hostile(condition) => condition,
            _ => "any",
        }
    }

    /// The plugin.
    ///
    /// # Errors
    /// It is refused as a package.
    ///
    /// # Panics
    /// It is a guest that is not built, or its parts make no component.
    pub fn package(&self) -> Result<Package, PackageError> {
        let (bytes, manifest) = match self.made {
            Made::Forged(parts) => {
                let parts = parts();
                let manifest = forge::manifest(self.name, parts.host, self.limits);
                (forge::component(&parts), manifest)
            }
            Made::Hostile(_) => {
                let own = read("tests/guests/hostile/plugin.toml");
                let named = own.replacen("id = \"hostile\"", &format!("id = \"{}\"", self.id()), 1);
                (component("hostile"), self.limited(&named))
            }
            Made::Guest(name) => {
                let own = read(&format!("tests/guests/{name}/plugin.toml"));
                (component(name), self.limited(&own))
            }
            Made::Wat(name) => {
                let own = read(&format!("tests/guests/wat/{name}.plugin.toml"));
                (component(name), self.limited(&own))
            }
        };
        Package::embed(&bytes, &manifest).and_then(Package::parse)
    }

    fn limited(&self, manifest: &str) -> String {
        format!("{manifest}\n[limits]\n{}\n", self.limits)
    }
}

fn read(path: &str) -> String {
    #[expect(clippy::panic, reason = "a test cannot go on")]
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
