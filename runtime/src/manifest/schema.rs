//! The JSON Schema of `plugin.toml`.

use super::file::ManifestFile;

/// Made from the types that read the file, so that the two cannot differ.
pub(super) fn schema() -> serde_json::Value {
    schemars::schema_for!(ManifestFile).to_value()
}
