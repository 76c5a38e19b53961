//! This repository, for the verbs that work on it.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The repository of Portcullis.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The repository around the current directory, or that of the running `cargo xtask`.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find() -> Result<Self, CliError> {
        let here = env::current_dir().ok();
        let xtask = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let starts = here.iter().chain(&xtask);
        let root = starts
            .flat_map(|start| start.ancestors())
            .find(|directory| is_root(directory));
        root.map(|root| Self { root: root.to_owned() }).ok_or_else(|| {
            CliError::usage(
                "this works in the repository of Portcullis only, and the current directory is not in it",
                "to build a plugin of your own, name its directory: `portcullis build PATH`",
            )
        })
    }

    /// The directory of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The workspaces of guests: the examples, and those of the tests.
    pub(crate) fn guests(&self) -> [PathBuf; 2] {
        [
            self.root.join("guest-examples"),
            self.root.join("tests/guests"),
        ]
    }

    /// Where guests are compiled to.
    pub(crate) fn guest_target(&self) -> PathBuf {
        self.root.join("target/guests")
    }

    /// Where finished plugins are.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("target/plugins")
    }
}

fn is_root(directory: &Path) -> bool {
    [
        "xtask/Cargo.toml",
        "guest-examples/Cargo.toml",
        "tests/guests/Cargo.toml",
    ]
    .iter()
    .all(|file| directory.join(file).is_file())
}
