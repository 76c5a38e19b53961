//! `schema`: the JSON Schema of `plugin.toml`.

use std::path::PathBuf;

use clap::Args;

use crate::error::CliError;
use crate::file::write_if_changed;
use crate::markdown;
use crate::schema;
use crate::status::Status;
use crate::terminal::Terminal;

/// Print the JSON Schema of plugin.toml
///
/// An editor with TOML support checks and completes a manifest with it. It is printed as JSON whatever --format says.
#[derive(Args)]
pub(crate) struct Options {
    /// Check that FILE holds the schema as it is now.
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    check: Option<PathBuf>,

    /// Write the schema to FILE.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let schema = schema::manifest(&portcullis::catalogue());
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| CliError::host(error.to_string()))?
        + "\n";
    if let Some(path) = &options.check {
        markdown::check(
            path,
            &text,
            "cargo xtask schema --write schema/plugin.schema.json",
        )?;
    } else if let Some(path) = &options.write {
        write_if_changed(path, text.as_bytes())?;
    } else {
        terminal.text(&text)?;
    }
    Ok(Status::Fine)
}
