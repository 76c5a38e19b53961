//! Manifests: what is refused says where and why, and what is accepted keeps the rules and can be written again.

use portcullis::manifest::{Manifest, ManifestError, RawTable};
use portcullis::problem::Problem;
use serde_json::{Map, Value, json};

use crate::plain::shown;

/// A manifest's text.
///
/// - Each problem has a place within the text and is one short line; they are at most 100, in the order of the text.
/// - What is accepted keeps the rules for ids, names and reasons, read anew.
/// - It says the same again with a comment behind it, and when it is written anew from what was read.
pub fn manifest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(65_536)]);
    let read = Manifest::parse("plugin.toml", &text);
    // Now and then: it is half of the time.
    if bytes.len().is_multiple_of(8) {
        let again = Manifest::parse("plugin.toml", &text);
        assert_eq!(read, again, "the same text, twice");
    }
    match read {
        Ok(manifest) => {
            rules(&manifest);
            let commented = Manifest::parse("plugin.toml", &format!("{text}\n# more"));
            assert_eq!(commented.as_ref(), Ok(&manifest), "with a comment");
            written_again(&manifest);
        }
        Err(error) => {
            let places: Vec<_> = problems(&error, &text);
            assert!(places.is_sorted(), "{places:?}");
        }
    }
}

fn problems(error: &ManifestError, text: &str) -> Vec<(u32, u32)> {
    let count = error.problems.len();
    assert!((1..=100).contains(&count), "{count} problems");
    let lines: Vec<_> = text.split('\n').collect();
    let place = |problem: &Problem| {
        shown(problem);
        assert!(problem.is_error(), "{problem}");
        let place = problem.location.as_ref();
        let place = place.unwrap_or_else(|| panic!("no place: {problem}"));
        let line = lines[place.line as usize - 1];
        let columns = line.chars().count() + 1;
        assert!(
            (1..=columns).contains(&(place.column as usize)),
            "{problem}"
        );
        (place.line, place.column)
    };
    error.problems.iter().map(place).collect()
}

fn rules(manifest: &Manifest) {
    let id = manifest.id.as_str();
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!((2..=63).contains(&id.len()) && id.bytes().all(word) && !id.starts_with('-'));
    line(&manifest.name, 80);
    manifest.description.iter().for_each(|text| line(text, 500));
    manifest.license.iter().for_each(|text| line(text, 200));
    manifest.authors.iter().for_each(|text| line(text, 200));
    assert!(manifest.authors.len() <= 50);
    for request in &manifest.permissions {
        line(&request.reason, 300);
        let (area, action) = request.permission.split_once(':').unwrap();
        assert!(!area.is_empty() && !action.is_empty());
        crate::plain::one_line(&request.permission);
    }
    assert!(manifest.permissions.len() <= 200 && manifest.dependencies.len() <= 200);
    assert!(!manifest.dependencies.contains_key(id));
    for limit in serde_json::to_value(&manifest.limits)
        .unwrap()
        .as_object()
        .unwrap()
        .values()
    {
        assert_ne!(limit, 0);
    }
    if let Some(config) = &manifest.config {
        assert!(
            config
                .keys()
                .all(|key| !key.name.is_empty() || !key.required)
        );
    }
}

fn line(text: &str, most: usize) {
    crate::plain::one_line(text);
    assert!(
        !text.trim().is_empty() && text.chars().count() <= most,
        "{text:?}"
    );
}

/// Writes the manifest from what was read of it, and compares what that reads as. Places differ, and so may the order of what has a name.
fn written_again(manifest: &Manifest) {
    let Ok(text) = toml::to_string(&tree(manifest)) else {
        // JSON has numbers that TOML does not have.
        return;
    };
    if text.len() > Manifest::MAX_BYTES {
        return;
    }
    let again =
        Manifest::parse("plugin.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(tree(&again), tree(manifest), "{text}");
    assert_eq!(again.limits, manifest.limits);
    assert_eq!(
        (again.kind, again.activation),
        (manifest.kind, manifest.activation)
    );
}

fn tree(manifest: &Manifest) -> Value {
    let mut plugin = json!({
        "id": manifest.id, "name": manifest.name, "version": manifest.version, "kind": manifest.kind,
        "authors": manifest.authors,
    });
    for (key, text) in [
        ("description", &manifest.description),
        ("license", &manifest.license),
        ("homepage", &manifest.homepage),
    ] {
        if let Some(text) = text {
            plugin[key] = json!(text);
        }
    }
    let permissions = manifest.permissions.iter().map(|asked| {
        let mut table = json!({ "reason": asked.reason, "optional": asked.optional });
        if let Some(scope) = &asked.scope {
            table["scope"] = scope.to_json();
        }
        (asked.permission.clone(), table)
    });
    let mut contributes = Map::new();
    for raw in &manifest.contributes {
        let list = contributes
            .entry(raw.extension.clone())
            .or_insert(json!([]));
        list.as_array_mut()
            .unwrap()
            .push(RawTable::to_json(&raw.table));
    }
    let dependencies = manifest.dependencies.iter();
    let dependencies = dependencies.map(|(id, range)| (id.to_string(), json!(range.to_string())));
    let on = serde_json::to_value(manifest.activation).unwrap();
    let mut tree = json!({
        "plugin": plugin,
        "compatibility": { "host": manifest.host.to_string() },
        "permissions": permissions.collect::<Map<_, _>>(),
        "contributes": contributes,
        "dependencies": dependencies.collect::<Map<_, _>>(),
        "limits": manifest.limits,
        "activation": { "on": on },
    });
    if let Some(config) = &manifest.config {
        tree["config"] = config.to_json();
    }
    tree
}
