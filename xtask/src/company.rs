//! Several plugins on one host, for as long as a command runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use portcullis::grant::Explanation;
use portcullis::host::LoadError;
use portcullis::observe::Timeline;
use portcullis::problem::Problem;
use portcullis::{Consent, Host, Package, Subject};

use crate::error::CliError;
use crate::file::read_component;
use crate::grants::Grants;
use crate::input::{InputSubject, SubjectFlags};
use crate::log::Log;
use crate::settings::ManySettingsFlags;
use crate::stage::Stage;
use crate::terminal::Terminal;

/// Which plugins, and what they get.
#[derive(Args)]
pub(crate) struct CompanyFlags {
    /// Plugins: component files, or directories with component files.
    #[arg(value_name = "PLUGIN", required = true)]
    plugins: Vec<PathBuf>,

    /// A world file that the plugins may read, under their grants. May be repeated.
    #[arg(long, value_name = "FILE")]
    world: Vec<PathBuf>,

    #[command(flatten)]
    grants: Grants,

    #[command(flatten)]
    subject: SubjectFlags,

    #[command(flatten)]
    settings: Box<ManySettingsFlags>,
}

/// The plugins on their host.
pub(crate) struct Company {
    pub(crate) host: Host,
    /// Whom calls are about.
    pub(crate) subject: Subject,
    /// What happens.
    pub(crate) timeline: Arc<Timeline>,
}

impl CompanyFlags {
    /// Loads all of them, those that others need first. Changes that they make stay in memory.
    ///
    /// # Errors
    /// A file cannot be read, or a plugin is refused.
    pub(crate) async fn load(
        &self,
        stage: &Stage,
        terminal: Terminal,
    ) -> Result<Company, CliError> {
        let catalogue = portcullis::catalogue();
        let consent = self.grants.consent(&catalogue, Consent::nothing())?;
        let policy = self.grants.policy(&catalogue)?;
        let timeline = Arc::new(Timeline::default());
        let log = Arc::new(Log::new(false, terminal));
        let settings = self.settings.all()?;
        let host = stage.host(policy, log, settings, Some(timeline.clone()))?;
        for (path, package) in in_order(self.packages()?) {
            load(&host, &path, package, &consent).await?;
        }
        // What plugins do when they are loaded is not what was asked for.
        timeline.clear();
        Ok(Company {
            subject: self.subject.subject(InputSubject::default(), stage),
            host,
            timeline,
        })
    }

    /// Worlds in memory.
    ///
    /// # Errors
    /// A file cannot be read, or is no world.
    pub(crate) fn stage(&self) -> Result<Stage, CliError> {
        Stage::set(&self.world)
    }

    fn packages(&self) -> Result<Vec<(PathBuf, Package)>, CliError> {
        let mut packages = Vec::new();
        for place in &self.plugins {
            for path in files(place)? {
                let package = read_component(&path)?.and_then(Package::parse);
                let package = package.map_err(|error| CliError::Plugin {
                    path: path.clone(),
                    problems: error.problems(),
                })?;
                packages.push((path, package));
            }
        }
        Ok(packages)
    }
}

/// A file, or the component files of a directory by name.
fn files(place: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let entries = std::fs::read_dir(place).map_err(|error| CliError::io(place, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| CliError::io(place, error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(CliError::File {
            path: place.to_owned(),
            why: "the directory has no .wasm files".to_owned(),
        }),
        false => Ok(found),
    }
}

/// Plugins behind those that they depend on; otherwise in the order in which they were named. What cannot be put in order stays last, and
/// the host says why.
fn in_order(mut waiting: Vec<(PathBuf, Package)>) -> Vec<(PathBuf, Package)> {
    let mut ordered: Vec<(PathBuf, Package)> = Vec::new();
    loop {
        let is_ready = |(_, package): &(PathBuf, Package)| {
            let mut needed = package.manifest().dependencies.keys();
            needed.all(|id| ordered.iter().any(|(_, there)| there.manifest().id == *id))
        };
        match waiting.iter().position(is_ready) {
            Some(place) => ordered.push(waiting.remove(place)),
            None => break,
        }
    }
    ordered.append(&mut waiting);
    ordered
}

async fn load(
    host: &Host,
    path: &Path,
    package: Package,
    consent: &Consent,
) -> Result<(), CliError> {
    let explanation = host.explain(&package, consent);
    let loaded = host.load(package, consent).await;
    loaded.map(drop).map_err(|error| CliError::Plugin {
        path: path.to_owned(),
        problems: problems(&error, &explanation),
    })
}

fn problems(error: &LoadError, explanation: &Explanation) -> Vec<Problem> {
    match error {
        LoadError::Grant(_) => explanation.problems.clone(),
        LoadError::Package(error) => error.problems(),
        LoadError::Configuration { problems, .. } => problems.clone(),
        LoadError::Lifecycle(receipt) => vec![Problem::error("load-failed", receipt.to_string())],
        error => vec![Problem::error("load-failed", error.to_string())],
    }
}
