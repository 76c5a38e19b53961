//! The reference pages, made from the lists.

use portcullis::hook_point::HookPoint;
use portcullis::package::ScanLimits;
use portcullis::permission::{
    CapabilityDescriptor, Catalogue, ExtensionDescriptor, GROUPS, PERMISSIONS,
};
use portcullis::{Limits, Outcome};
use serde_json::Value;

use crate::markdown::table;
use crate::verb::opens;

/// The table of permissions.
pub(crate) fn permissions(catalogue: &Catalogue) -> String {
    let rows = PERMISSIONS.iter().map(|permission| {
        let opens: Vec<_> = opens(catalogue, permission.id)
            .iter()
            .map(|what| code_of_interface(what))
            .collect();
        let opens = if opens.is_empty() {
            "nothing yet".to_owned()
        } else {
            opens.join(", ")
        };
        let danger = permission
            .danger
            .map(|danger| format!(" **Dangerous:** {danger}."))
            .unwrap_or_default();
        let switch = if permission.host_switch {
            " Needs a switch of the host."
        } else {
            ""
        };
        [
            code(permission.id),
            format!("{}.{danger}{switch}", permission.consent),
            opens,
        ]
    });
    table(["permission", "lets a plugin", "opens"], rows)
}

/// The whole of `docs/reference.md`.
pub(crate) fn whole(catalogue: &Catalogue) -> String {
    let mut text = String::from(
        "# Reference\n\n\
         Made from the lists in the code by `cargo xtask docs --write`; do not edit.\n\n\
         The JSON Schema of `plugin.toml` is in [schema/plugin.schema.json](../schema/plugin.schema.json).\n\n\
         ## Permissions\n\n",
    );
    text.push_str(&permissions(catalogue));
    text.push_str("\n## Groups\n\nA group in a manifest asks for all of its members.\n\n");
    text.push_str(&groups());
    text.push_str("\n## Capabilities\n\nWhat a plugin may import.\n\n");
    for room in catalogue.capabilities() {
        text.push_str(&capability(room));
    }
    text.push_str("## Extensions\n\nWhat a plugin may export.\n\n");
    for room in catalogue.extensions() {
        text.push_str(&extension(room));
    }
    text.push_str(
        "## Hook points\n\nWhere handlers of `hooks` are called; a host may add others.\n\n",
    );
    for point in catalogue.hook_points() {
        text.push_str(&hook_point(point));
    }
    text.push_str("## Limits\n\nOf one call. A manifest's `[limits]` may ask for less; the host's ceilings win.\n\n");
    text.push_str(&limits());
    text.push_str("\n## Outcomes\n\nHow a call ended, in its receipt.\n\n");
    text.push_str(&outcomes());
    text
}

/// The limits of a call.
pub(crate) fn limits() -> String {
    fields(&schemars::schema_for!(Limits).to_value())
}

/// The limits of the scan of a package.
pub(crate) fn scan_limits() -> String {
    let rows = ScanLimits::ALL
        .iter()
        .map(|(name, most, about)| [code(name), amount(name, *most), about.trim().to_owned()]);
    table(["limit", "most", "of what"], rows)
}

/// A number as its documentation writes it: bytes in MiB where they are whole ones, thousands apart.
fn amount(name: &str, value: u64) -> String {
    if name.ends_with("BYTES") && value.is_multiple_of(1 << 20) {
        return format!("{} MiB", value >> 20);
    }
    let digits = value.to_string();
    let apart = digits.bytes().enumerate().map(|(index, digit)| {
        let is_first = index == 0 || !(digits.len() - index).is_multiple_of(3);
        format!("{}{}", if is_first { "" } else { "," }, char::from(digit))
    });
    apart.collect()
}

fn groups() -> String {
    let rows = GROUPS.iter().map(|group| {
        let members: Vec<_> = group.members.iter().map(|member| code(member)).collect();
        [code(group.id), group.summary.to_owned(), members.join(", ")]
    });
    table(["group", "is for plugins that", "stands for"], rows)
}

fn capability(room: &CapabilityDescriptor) -> String {
    let rows = room.gates.iter().map(|gate| {
        let permission = gate.permission.map_or_else(|| "none".to_owned(), code);
        [code(gate.interface), gate.version.to_owned(), permission]
    });
    let gates = table(["interface", "version", "permission"], rows);
    let scope = fields(&(room.scope.schema)());
    let scope = if scope.is_empty() {
        String::new()
    } else {
        format!("`scope` in the manifest:\n\n{scope}\n")
    };
    format!(
        "### `{}`\n\n{}\n\n{gates}\n{scope}{}",
        room.id,
        room.summary,
        wit(room.wit)
    )
}

fn extension(room: &ExtensionDescriptor) -> String {
    let permission = room.permission.map_or_else(|| "none".to_owned(), code);
    let operations: Vec<_> = room
        .operations
        .iter()
        .map(|operation| code(operation))
        .collect();
    let scope = room.scope.map(|scope| fields(&(scope.schema)()));
    let scope = scope.filter(|fields| !fields.is_empty());
    let scope = scope.map_or_else(String::new, |fields| {
        format!("`scope` in the manifest:\n\n{fields}\n")
    });
    let contribution = match room.contribution {
        None => "Manifests list nothing for it.\n\n".to_owned(),
        Some(contribution) => format!(
            "`[[contributes.{}]]` in the manifest; hosts use the name `{}<plugin>:<name>`:\n\n{}\n",
            room.id,
            contribution.prefix,
            fields(&(contribution.parser.schema)())
        ),
    };
    format!(
        "### `{}`\n\n{}\n\n- Exports `{}@{}`, operations {}.\n- Permission: {permission}.\n- When a call fails: {}.\n\n{scope}{contribution}{}",
        room.id,
        room.summary,
        room.export,
        room.version,
        operations.join(", "),
        room.on_failure,
        wit(room.wit)
    )
}

fn hook_point(point: &HookPoint) -> String {
    let blocks = match point.may_block {
        true => "A handler may stop it.",
        false => "A handler cannot stop it.",
    };
    let properties = point.schema.get("properties").and_then(Value::as_object);
    let rows = properties.into_iter().flatten().map(|(name, property)| {
        let meaning = property.get("description").and_then(Value::as_str);
        let mutable = point.mutable.contains(name);
        [
            code(name),
            if mutable { "yes" } else { "no" }.to_owned(),
            meaning.unwrap_or_default().to_owned(),
        ]
    });
    let fields = table(["field", "may be changed", "meaning"], rows);
    format!(
        "### `{}`\n\n{} {blocks}\n\n{fields}\n",
        point.name, point.summary
    )
}

fn wit(text: &str) -> String {
    format!("```wit\n{}\n```\n\n", text.trim())
}

/// The fields of an object as its schema describes them; nothing for one without fields.
fn fields(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    let required: Vec<_> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let rows = properties.iter().map(|(name, property)| {
        let description = property
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let default = match property.get("default") {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            None | Some(Value::Null) => "none".to_owned(),
            Some(default) => code(&default.to_string()),
        };
        [code(name), default, description.to_owned()]
    });
    table(["key", "default", "meaning"], rows)
}

fn outcomes() -> String {
    let schema = schemars::schema_for!(Outcome).to_value();
    let variants = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let text = |variant: &Value, key: &str| {
        variant
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    table(
        ["outcome", "meaning"],
        variants.map(|variant| [code(&text(variant, "const")), text(variant, "description")]),
    )
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// What a permission opens: an interface's name is code, `extension x` is a phrase.
fn code_of_interface(what: &str) -> String {
    match what.split_once(' ') {
        Some((kind, name)) => format!("{kind} {}", code(name)),
        None => code(what),
    }
}
