//! `validate`: whether files are plugins, without compiling or running anything.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::configuration::ConfigKey;
use portcullis::manifest::{Activation, PermissionRequest};
use portcullis::package::Scan;
use portcullis::problem::Problem;
use portcullis::{Manifest, Package, SecurityLevel};
use serde::Serialize;
use serde_json::Value;

use crate::configuration;
use crate::error::CliError;
use crate::file::{read_component, read_manifest};
use crate::grants::LevelFlag;
use crate::status::Status;
use crate::terminal::{Terminal, problem_lines};
use crate::verb::explain::{judge, judge_manifest};

/// Say whether files are plugins, without compiling or running anything
///
/// A plugin is valid if a host of the level with every built-in capability and extension would take it, once all its permissions are
/// accepted and switched on. Also takes manifests (files that end in .toml). Any file is answered within seconds. `--format json` prints one object for each file, one
/// a line and in the order of the command line: `valid`, `problems` (each with `code`, `severity`, `message`, and where known `hint`,
/// `file`, `line`, `column`), `imports`, `exports`, `permissions`, for a plugin that sleeps until it is needed `activation`, and for one
/// that can be configured `configuration`.
#[derive(Args)]
pub(crate) struct Options {
    /// Plugins or manifests.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    level: LevelFlag,
}

/// What is known of a file without running it.
#[derive(Serialize)]
struct Verdict {
    /// Whether nothing refuses it.
    valid: bool,
    /// What is wrong.
    problems: Vec<Problem>,
    /// The names of its imports.
    imports: Vec<String>,
    /// The names of its exports.
    exports: Vec<String>,
    /// The permissions that it asks for.
    permissions: Vec<Asked>,
    /// When it is made ready, if that is not at start-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<Activation>,
    /// What an operator can configure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configuration: Vec<ConfigKey>,
    #[serde(skip)]
    path: PathBuf,
    #[serde(skip)]
    plugin: Option<String>,
}

/// A permission or group that a manifest asks for.
#[derive(Serialize)]
struct Asked {
    permission: String,
    reason: String,
    optional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Value>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let mut worst = Status::Fine;
    for path in &options.files {
        let (verdict, status) = verdict(path, options.level.level);
        terminal.result(&verdict)?;
        worst = worst.max(status);
    }
    Ok(worst)
}

/// The verdict on a file, and whose fault it is if it is not valid.
fn verdict(path: &Path, level: SecurityLevel) -> (Verdict, Status) {
    let is_manifest = path.extension().is_some_and(|end| end == "toml");
    let verdict = if is_manifest {
        of_manifest(path)
    } else {
        of_component(path, level)
    };
    match verdict {
        Ok(verdict) if verdict.valid => (verdict, Status::Fine),
        Ok(verdict) => (verdict, Status::Plugin),
        Err(error) => {
            let problem = Problem::error("file-unreadable", error.to_string())
                .hint("name the file of a plugin");
            (Verdict::new(path, vec![problem]), error.status())
        }
    }
}

fn of_component(path: &Path, level: SecurityLevel) -> Result<Verdict, CliError> {
    let bytes = match read_component(path)? {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Verdict::new(path, error.problems())),
    };
    Ok(match Package::inspect(bytes) {
        Ok(package) => {
            let problems = judge(&package, level).problems;
            Verdict::new(path, problems)
                .scanned(package.scan())
                .asking(package.manifest())
        }
        Err(rejected) => {
            let verdict = Verdict::new(path, rejected.error.problems());
            match &rejected.scan {
                Some(scan) => verdict.scanned(scan),
                None => verdict,
            }
        }
    })
}

fn of_manifest(path: &Path) -> Result<Verdict, CliError> {
    let text = match read_manifest(path)? {
        Ok(text) => text,
        Err(error) => return Ok(Verdict::new(path, error.problems())),
    };
    Ok(match Manifest::parse(&path.to_string_lossy(), &text) {
        Ok(manifest) => Verdict::new(path, judge_manifest(&manifest)).asking(&manifest),
        Err(error) => Verdict::new(path, error.problems),
    })
}

impl Verdict {
    fn new(path: &Path, problems: Vec<Problem>) -> Self {
        Self {
            valid: !problems.iter().any(Problem::is_error),
            problems,
            imports: Vec::new(),
            exports: Vec::new(),
            permissions: Vec::new(),
            activation: None,
            configuration: Vec::new(),
            path: path.to_owned(),
            plugin: None,
        }
    }

    fn scanned(mut self, scan: &Scan) -> Self {
        self.imports = scan
            .imports
            .iter()
            .map(|import| import.name.clone())
            .collect();
        self.exports = scan
            .exports
            .iter()
            .map(|export| export.name.clone())
            .collect();
        self
    }

    fn asking(mut self, manifest: &Manifest) -> Self {
        let asked = |request: &PermissionRequest| Asked {
            permission: request.permission.clone(),
            reason: request.reason.clone(),
            optional: request.optional,
            scope: request.scope.as_ref().map(|scope| scope.to_json()),
        };
        self.permissions = manifest.permissions.iter().map(asked).collect();
        self.activation = Some(manifest.activation).filter(|activation| activation.can_sleep());
        self.configuration = configuration::keys(manifest);
        self.plugin = Some(format!("{}@{}", manifest.id, manifest.version));
        self
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.valid { "valid" } else { "not valid" };
        write!(f, "{}: {verdict}", self.path.display())?;
        if let Some(plugin) = &self.plugin {
            write!(f, ", {plugin}")?;
        }
        write!(
            f,
            ", {} imports, {} exports, {} permissions",
            self.imports.len(),
            self.exports.len(),
            self.permissions.len()
        )?;
        match self.activation {
            Some(activation) => writeln!(f, ", asleep until its {}", activation.waits_for())?,
            None => writeln!(f)?,
        }
        if !self.configuration.is_empty() {
            writeln!(f, "{}", configuration::text(&self.configuration))?;
        }
        for problem in &self.problems {
            writeln!(f, "{}", problem_lines(&self.path, problem))?;
        }
        Ok(())
    }
}
