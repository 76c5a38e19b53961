//! What an operator can configure about a plugin, as a table.

use portcullis::Manifest;
use portcullis::configuration::ConfigKey;

use crate::table::table;
use crate::terminal::one_line;

/// The keys that a manifest lets an operator set; none for one without `[config]`.
pub(crate) fn keys(manifest: &Manifest) -> Vec<ConfigKey> {
    let schema = manifest.config.iter();
    schema
        .flat_map(|schema| schema.keys().collect::<Vec<_>>())
        .collect()
}

/// The keys as text, one a line.
pub(crate) fn text(keys: &[ConfigKey]) -> String {
    let row = |key: &ConfigKey| {
        let need = match (key.required, &key.default) {
            (_, Some(default)) => format!("default {}", one_line(default)),
            (true, None) => "required".to_owned(),
            (false, None) => "optional".to_owned(),
        };
        let kind = if key.secret { "secret" } else { &key.kind };
        let description = key.description.as_deref().unwrap_or("-");
        [
            one_line(&key.name),
            one_line(&kind),
            need,
            one_line(&description),
        ]
    };
    table(
        ["CONFIGURATION", "TYPE", "NEED", "WHAT IT IS FOR"],
        keys.iter().map(row),
    )
}
