//! The JSON Schema of `plugin.toml`: the runtime's, filled in with what the capabilities and extensions say about their own tables.

use portcullis::Manifest;
use portcullis::permission::Catalogue;
use serde_json::{Map, Value, json};

/// The schema of a manifest for a host with this catalogue. Permissions and extensions that the catalogue lacks stay open, for embedders
/// that add their own.
pub(crate) fn manifest(catalogue: &Catalogue) -> Value {
    let mut schema = Manifest::schema();
    let mut shared = Map::new();
    let permissions = permissions(catalogue, &mut shared);
    let contributions = contributions(catalogue, &mut shared);
    set(&mut schema, "permissions", permissions);
    set(&mut schema, "contributes", contributions);
    if let Some(root) = schema.as_object_mut() {
        let definitions = root.entry("$defs").or_insert_with(|| json!({}));
        if let Some(definitions) = definitions.as_object_mut() {
            definitions.extend(shared);
        }
    }
    schema
}

/// Lists the keys of one of the manifest's tables.
fn set(schema: &mut Value, table: &str, properties: Map<String, Value>) {
    let table = schema
        .pointer_mut(&format!("/properties/{table}"))
        .and_then(Value::as_object_mut);
    if let Some(table) = table {
        table.insert("properties".to_owned(), properties.into());
    }
}

fn permissions(catalogue: &Catalogue, shared: &mut Map<String, Value>) -> Map<String, Value> {
    let own = catalogue.permissions().map(|permission| {
        let mut entry = json!({
            "$ref": "#/$defs/PermissionTable",
            "description": format!("May {}.", permission.consent),
        });
        let room = catalogue.opened_by(permission.id);
        if let (Some(room), Some(entry)) = (room, entry.as_object_mut()) {
            let scope = hoist((room.scope.schema)(), shared);
            entry.insert("properties".to_owned(), json!({ "scope": scope }));
        }
        (permission.id.to_owned(), entry)
    });
    let own: Map<_, _> = own.collect();
    let groups = catalogue.groups().map(|group| {
        let description = format!("To {}: {}.", group.summary, group.members.join(", "));
        (
            group.id.to_owned(),
            json!({ "$ref": "#/$defs/PermissionTable", "description": description }),
        )
    });
    own.into_iter().chain(groups).collect()
}

fn contributions(catalogue: &Catalogue, shared: &mut Map<String, Value>) -> Map<String, Value> {
    let mut tables = Map::new();
    for room in catalogue.extensions() {
        if let Some(contribution) = room.contribution {
            let items = hoist((contribution.parser.schema)(), shared);
            let table = json!({ "type": "array", "description": room.summary, "items": items });
            tables.insert(room.id.to_owned(), table);
        }
    }
    tables
}

/// Makes a schema of its own part of another: its definitions move to the root, where references look for them.
fn hoist(mut schema: Value, shared: &mut Map<String, Value>) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
        if let Some(Value::Object(definitions)) = schema.remove("$defs") {
            shared.extend(definitions);
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// Proves M3 and M4 for editors: what a room reads is what the schema offers, and every reference leads somewhere.
    #[test]
    fn rooms_describe_their_own_tables() {
        let schema = manifest(&portcullis::catalogue());
        let scope = &schema["properties"]["permissions"]["properties"]["session:read"]["properties"]
            ["scope"];
        assert!(scope["properties"]["namespaces"].is_object(), "{scope}");
        let effect = &schema["properties"]["contributes"]["properties"]["effects"]["items"];
        assert!(effect["properties"]["defaults"].is_object(), "{effect}");
        for reference in references(&schema) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(
                schema.pointer(pointer).is_some(),
                "{reference} leads nowhere"
            );
        }
    }

    fn references(schema: &Value) -> Vec<String> {
        match schema {
            Value::Object(map) => {
                let own = map.get("$ref").and_then(Value::as_str).map(str::to_owned);
                own.into_iter()
                    .chain(map.values().flat_map(references))
                    .collect()
            }
            Value::Array(values) => values.iter().flat_map(references).collect(),
            _ => Vec::new(),
        }
    }
}
