//! The targets, and running one.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use super::report::Ran;
use crate::error::CliError;
use crate::project::Project;

/// The longest input, in bytes.
const MAX_LEN: usize = 16_384;

/// What a target may take, in MiB: a few hundred for a scan, and the slots of the engine.
const RSS_MIB: usize = 2_048;

/// How long one input may take, in seconds: a scan is promised to end within five.
const TIMEOUT_S: usize = 10;

/// A file of `fuzz/fuzz_targets`.
pub(super) struct Target {
    pub(super) name: String,
}

/// The targets of these names; all, if there is none.
///
/// # Errors
/// One is not there.
pub(super) fn chosen(project: &Project, names: &[String]) -> Result<Vec<Target>, CliError> {
    let folder = project.root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| CliError::io(&folder, error))?;
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let mut known: Vec<_> = entries
        .flatten()
        .filter_map(|entry| stem(&entry.path()))
        .collect();
    known.sort();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        let message = format!("there is no target `{name}`");
        return Err(CliError::usage(
            message,
            format!("the targets are {}", known.join(", ")),
        ));
    }
    known.retain(|name| names.is_empty() || names.contains(name));
    Ok(known.into_iter().map(|name| Target { name }).collect())
}

/// Runs a target's program until its time is over or it has found something.
///
/// # Errors
/// It cannot be started, or a directory cannot be made.
pub(super) fn fuzz(
    project: &Project,
    program: &Path,
    name: &str,
    seconds: u64,
) -> Result<Ran, CliError> {
    let made = |path: &str| {
        let path = project.root().join(path).join(name);
        fs::create_dir_all(&path).map_err(|error| CliError::io(&path, error))?;
        Ok::<_, CliError>(path)
    };
    let (corpus, seeds) = (made("target/fuzz/corpus")?, made("fuzz/seeds")?);
    let findings = made("fuzz/regressions")?;
    let log = project.root().join(format!("target/fuzz/{name}.log"));
    let file = File::create(&log).map_err(|error| CliError::io(&log, error))?;
    let status = Command::new(program)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_LEN}"))
        .arg(format!("-rss_limit_mb={RSS_MIB}"))
        .arg(format!("-timeout={TIMEOUT_S}"))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg("-print_final_stats=1")
        .args([&corpus, &seeds])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .map_err(|source| CliError::Start {
            program: program.display().to_string(),
            source,
            hint: "build it again: delete target/fuzz/build",
        })?;
    let text = fs::read(&log).map_err(|error| CliError::io(&log, error))?;
    // Only a folder with something in it is worth keeping.
    let _not_empty = fs::remove_dir(&findings);
    let text = String::from_utf8_lossy(&text);
    Ok(Ran::of(name, &text, status.success(), program, &log))
}
