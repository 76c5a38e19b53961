//! What an operator would set for plugins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use portcullis::PluginId;
use portcullis::configuration::Settings;
use portcullis::host::StaticSettings;
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::file::{self, Content};

/// The most bytes of a file of values: 1 MiB. What people write by hand is far smaller.
const MAX_VALUES: u64 = 1 << 20;

/// What is set for the plugin.
#[derive(Args, Debug)]
pub(crate) struct SettingsFlags {
    /// Set the plugin's configuration to the values in this file, a JSON object. Secrets have no place in it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Set one value of the plugin's configuration, for example `lines=3` or `tone="wry"`. Wins over --config. May be repeated.
    #[arg(long, value_name = "KEY=JSON")]
    set: Vec<String>,

    /// Set a secret of the plugin to what this environment variable holds: on a command line, every user of the machine could read it. May
    /// be repeated.
    #[arg(long = "secret", value_name = "KEY=ENV_VAR")]
    secrets: Vec<String>,
}

impl SettingsFlags {
    /// The settings for this plugin, and for no other.
    ///
    /// # Errors
    /// The file, a value or a variable cannot be read. No error has a value in it.
    pub(crate) fn of(&self, plugin: &PluginId) -> Result<Arc<StaticSettings>, CliError> {
        let mut settings = Settings::new();
        if let Some(file) = &self.config {
            settings.values = read(file)?;
        }
        for text in &self.set {
            let (key, json) = split(text, "--set", "lines=3")?;
            settings = settings.value(key, value(key, json)?);
        }
        for text in &self.secrets {
            let (key, variable) = split(text, "--secret", "api-key=API_KEY")?;
            settings = settings.secret(key, secret(key, variable)?);
        }
        let source = StaticSettings::new();
        source.set(plugin.clone(), settings);
        Ok(Arc::new(source))
    }
}

/// What is set for several plugins.
#[derive(Args, Debug)]
pub(crate) struct ManySettingsFlags {
    /// Set a plugin's configuration to the values in a file, a JSON object. Secrets have no place in it. May be repeated.
    #[arg(long = "config", value_name = "PLUGIN=FILE")]
    configs: Vec<String>,

    /// Set one value of a plugin's configuration, for example `echo.shout=true`. Wins over --config. May be repeated.
    #[arg(long, value_name = "PLUGIN.KEY=JSON")]
    set: Vec<String>,

    /// Set a secret of a plugin to what this environment variable holds: on a command line, every user of the machine could read it. May
    /// be repeated.
    #[arg(long = "secret", value_name = "PLUGIN.KEY=ENV_VAR")]
    secrets: Vec<String>,
}

impl ManySettingsFlags {
    /// The settings of all plugins that are named.
    ///
    /// # Errors
    /// A file, a value or a variable cannot be read, or a plugin's id is none. No error has a value in it.
    pub(crate) fn all(&self) -> Result<Arc<StaticSettings>, CliError> {
        let mut all = BTreeMap::<PluginId, Settings>::new();
        for text in &self.configs {
            let (plugin, file) = split(text, "--config", "echo=echo.json")?;
            let settings = all.entry(id("--config", plugin)?).or_default();
            settings.values = read(Path::new(file))?;
        }
        for text in &self.set {
            let (plugin, key, json) = split_of("--set", text, "echo.shout=true")?;
            let settings = all.entry(plugin).or_default();
            *settings = std::mem::take(settings).value(key, value(key, json)?);
        }
        for text in &self.secrets {
            let (plugin, key, variable) = split_of("--secret", text, "gossip.watchword=WATCHWORD")?;
            let settings = all.entry(plugin).or_default();
            *settings = std::mem::take(settings).secret(key, secret(key, variable)?);
        }
        let source = StaticSettings::new();
        for (plugin, settings) in all {
            source.set(plugin, settings);
        }
        Ok(Arc::new(source))
    }
}

/// The plugin, its key and what stands behind the `=`.
fn split_of<'a>(
    flag: &str,
    text: &'a str,
    example: &str,
) -> Result<(PluginId, &'a str, &'a str), CliError> {
    let (place, value) = split(text, flag, example)?;
    let (plugin, key) = place.split_once('.').ok_or_else(|| {
        CliError::usage(
            format!("{flag} takes a plugin, a dot, a key, `=` and what it is set to"),
            format!("write it like {flag} {example}"),
        )
    })?;
    Ok((id(flag, plugin)?, key, value))
}

fn id(flag: &str, text: &str) -> Result<PluginId, CliError> {
    text.parse().map_err(|error| {
        CliError::usage(
            format!("{flag}: {error}"),
            "begin with the id of a plugin, as its manifest has it",
        )
    })
}

fn value(key: &str, json: &str) -> Result<Value, CliError> {
    serde_json::from_str(json).map_err(|_| {
        CliError::usage(
            format!("--set {key}: the value is not JSON"),
            format!("write text in quotes, for example --set '{key}=\"text\"'"),
        )
    })
}

/// The key and what stands behind the `=`.
fn split<'a>(text: &'a str, flag: &str, example: &str) -> Result<(&'a str, &'a str), CliError> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    parts.ok_or_else(|| {
        CliError::usage(
            format!("{flag} takes a key, `=` and what it is set to"),
            format!("write it like {flag} {example}"),
        )
    })
}

/// The secret in an environment variable. The error names neither the secret nor, since that may be one by mistake, the variable.
fn secret(key: &str, variable: &str) -> Result<String, CliError> {
    let value = std::env::var_os(variable).and_then(|value| value.into_string().ok());
    value.ok_or_else(|| {
        CliError::usage(
            format!(
                "--secret {key}: there is no environment variable of this name that holds text"
            ),
            format!(
                "put the secret into a variable and name that, for example --secret {key}=API_KEY"
            ),
        )
    })
}

fn read(path: &Path) -> Result<Map<String, Value>, CliError> {
    let bytes = match file::read(path, MAX_VALUES)? {
        Content::Read(bytes) => bytes,
        Content::TooLarge { .. } => {
            return Err(CliError::File {
                path: path.to_owned(),
                why: format!("the configuration has more than {MAX_VALUES} bytes"),
            });
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        // Its own text may show a value.
        let (line, column) = (error.line(), error.column());
        CliError::usage(
            format!(
                "the configuration {}:{line}:{column}: not a JSON object",
                path.display()
            ),
            r#"write a JSON object, for example {"tone": "wry"}"#,
        )
    })
}
