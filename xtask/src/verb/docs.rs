//! `docs`: the parts of the documentation that are made from the lists.

use std::fs;
use std::path::Path;

use clap::Args;

use crate::error::CliError;
use crate::file::write_if_changed;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;
use crate::{markdown, reference};

/// Write or check what is generated of README.md, SECURITY.md and docs/reference.md
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Options {
    /// Check that the files hold what would be generated.
    #[arg(long)]
    check: bool,

    /// Write the files.
    #[arg(long)]
    write: bool,
}

const COMMAND: &str = "cargo xtask docs --write";

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = Project::find()?;
    let catalogue = portcullis::catalogue();
    let readme = project.root().join("README.md");
    let security = project.root().join("SECURITY.md");
    let whole = project.root().join("docs/reference.md");
    let files = [
        (
            &readme,
            with_parts(
                &readme,
                &[("permissions", reference::permissions(&catalogue))],
            )?,
        ),
        (
            &security,
            with_parts(
                &security,
                &[
                    ("limits", reference::limits()),
                    ("scan-limits", reference::scan_limits()),
                ],
            )?,
        ),
        (&whole, reference::whole(&catalogue)),
    ];
    for (path, text) in files {
        if options.check {
            markdown::check(path, &text, COMMAND)?;
        } else if write_if_changed(path, text.as_bytes())? {
            terminal.progress(format_args!("wrote {}", path.display()));
        }
    }
    Ok(Status::Fine)
}

/// The file as it would be with its generated parts.
fn with_parts(path: &Path, parts: &[(&'static str, String)]) -> Result<String, CliError> {
    let mut text = fs::read_to_string(path).map_err(|error| CliError::io(path, error))?;
    for (name, content) in parts {
        text = markdown::replace_part(&text, name, content).ok_or_else(|| CliError::File {
            path: path.to_owned(),
            why: format!("the lines `<!-- {name}:begin -->` and `<!-- {name}:end -->` are missing"),
        })?;
    }
    Ok(text)
}
