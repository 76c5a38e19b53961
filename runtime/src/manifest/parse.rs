//! From text to a manifest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use semver::VersionReq;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::{self, Problems};
use super::decode::{decode, missing_key, unknown_key};
use super::file::{ActivationTable, CompatibilityTable, PermissionTable, PluginTable, TABLES};
use super::raw::Source;
use super::text::excerpt;
use super::{
    Activation, Manifest, ManifestError, PermissionRequest, PluginId, RequestedLimits, config,
    contribution, depth,
};
use crate::problem::Problem;

/// How many permissions and how many dependencies a manifest may name: more than there are.
const MAX_ENTRIES: usize = 200;

/// How many syntax errors are reported.
const MAX_SYNTAX_ERRORS: usize = 20;

/// A value of the manifest with its place.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

pub(super) fn manifest(file: &str, text: &str) -> Result<Manifest, ManifestError> {
    let source = Arc::new(Source {
        file: file.to_owned(),
        text: text.to_owned(),
    });
    let root = tree(&source).map_err(|problems| ManifestError { problems })?;
    let mut problems = Problems::new(Arc::clone(&source));
    let mut tables = top_level(root, &mut problems);
    let plugin = match tables.remove("plugin") {
        Some(value) => decode::<PluginTable>(value, &mut problems),
        None => {
            problems.add_at(missing_key("plugin").hint("add a table `[plugin]`"), 0);
            None
        }
    };
    let id = plugin
        .as_ref()
        .and_then(|plugin| check::id(&plugin.id, &mut problems));
    let host = host_range(tables.remove("compatibility"), &mut problems);
    let permissions = permissions(tables.remove("permissions"), &mut problems);
    let contributes = contribution::all(tables.remove("contributes"), &mut problems);
    let dependencies = dependencies(tables.remove("dependencies"), id.as_ref(), &mut problems);
    let limits = limits(tables.remove("limits"), &mut problems);
    let activation = activation(tables.remove("activation"), &mut problems);
    let config = config::schema(tables.remove("config"), &mut problems);
    let version = plugin
        .as_ref()
        .and_then(|plugin| check::plugin(plugin, &mut problems));
    problems.finish()?;
    // Each `None` came with a problem, so this is never reached with one.
    let (Some(plugin), Some(id), Some(version)) = (plugin, id, version) else {
        return Err(Problem::error("bad-value", "the manifest is incomplete").into());
    };
    Ok(Manifest {
        id,
        name: plugin.name.into_inner(),
        version,
        description: plugin.description.map(Spanned::into_inner),
        authors: plugin
            .authors
            .into_iter()
            .map(Spanned::into_inner)
            .collect(),
        license: plugin.license.map(Spanned::into_inner),
        homepage: plugin.homepage.map(Spanned::into_inner),
        kind: plugin.kind,
        stateless: plugin.stateless,
        host,
        permissions,
        contributes,
        dependencies,
        limits,
        activation,
        config,
    })
}

/// The text as a tree, or its syntax errors. Size and depth are checked before anything is built.
pub(super) fn tree(source: &Source) -> Result<Spanned<DeTable<'_>>, Vec<Problem>> {
    let (text, max) = (&source.text, Manifest::MAX_BYTES);
    if text.len() > max {
        let message = format!("the manifest has {} bytes; {max} are the most", text.len());
        let hint = "move long texts into files of the package";
        let problem = Problem::error("too-large", message).hint(hint);
        return Err(vec![problem.at(source.place(0))]);
    }
    if let Some(offset) = depth::too_deep(text) {
        let message = format!("tables nest deeper than {} levels", depth::MAX_DEPTH);
        let problem = Problem::error("too-deep", message).hint("write flatter tables");
        return Err(vec![problem.at(source.place(offset))]);
    }
    let (root, mut errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(root);
    }
    // The parser tells those of its later passes last.
    errors.sort_by_key(start);
    let told = errors.iter().take(MAX_SYNTAX_ERRORS);
    Err(told.map(|error| syntax(error, source)).collect())
}

fn syntax(error: &toml::de::Error, source: &Source) -> Problem {
    let message = error.message();
    let problem = if message.contains("duplicate key") {
        Problem::error("duplicate", "the key is there twice").hint("keep one of the two")
    } else {
        Problem::error("bad-syntax", excerpt(message)).hint("see https://toml.io for the syntax")
    };
    problem.at(source.place(start(error)))
}

/// Where a syntax error begins, in bytes.
fn start(error: &toml::de::Error) -> usize {
    error.span().unwrap_or_default().start
}

/// The entries of a table in the order of the text, or a problem if the value is none.
pub(super) fn entries<'t>(
    value: Option<Value<'t>>,
    what: &str,
    problems: &mut Problems,
) -> Vec<(Spanned<Cow<'t, str>>, Value<'t>)> {
    let Some(value) = value else {
        return Vec::new();
    };
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        let problem = Problem::error("wrong-type", format!("`{what}` is not a table"));
        problems.add_at(problem.hint(format!("write `[{what}]`")), span.start);
        return Vec::new();
    };
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    if let Some((key, _)) = entries.get(MAX_ENTRIES) {
        let message = format!("`{what}` has more than {MAX_ENTRIES} entries");
        let problem = Problem::error("too-many", message).hint("remove some");
        problems.add_at(problem, key.span().start);
        entries.truncate(MAX_ENTRIES);
    }
    entries
}

/// The tables of the file by name; unknown ones are problems.
fn top_level<'t>(
    root: Spanned<DeTable<'t>>,
    problems: &mut Problems,
) -> BTreeMap<String, Value<'t>> {
    let mut tables = BTreeMap::new();
    for (key, value) in root.into_inner() {
        let name = key.get_ref().to_string();
        if TABLES.contains(&name.as_str()) {
            tables.insert(name, value);
        } else {
            problems.add_at(unknown_key(&name, &TABLES), key.span().start);
        }
    }
    tables
}

fn host_range(value: Option<Value<'_>>, problems: &mut Problems) -> VersionReq {
    value
        .and_then(|value| decode::<CompatibilityTable>(value, problems))
        .and_then(|table| table.host)
        .and_then(|range| check::range(&range, problems))
        .unwrap_or(VersionReq::STAR)
}

fn activation(value: Option<Value<'_>>, problems: &mut Problems) -> Activation {
    value
        .and_then(|value| decode::<ActivationTable>(value, problems))
        .map_or(Activation::default(), |table| table.on)
}

fn permissions(value: Option<Value<'_>>, problems: &mut Problems) -> Vec<PermissionRequest> {
    let entries = entries(value, "permissions", problems);
    entries
        .into_iter()
        .filter_map(|(key, value)| permission(&key, value, problems))
        .collect()
}

fn permission(
    key: &Spanned<Cow<'_, str>>,
    mut value: Value<'_>,
    problems: &mut Problems,
) -> Option<PermissionRequest> {
    let place = key.span().start;
    check::permission(key, problems);
    let scope = match value.get_mut() {
        DeValue::Table(table) => table.remove("scope"),
        _ => None,
    };
    let scope = scope.and_then(|scope| contribution::raw_table(&scope, "scope", problems));
    let table = decode::<PermissionTable>(value, problems)?;
    check::line(&table.reason, "reason", 300, problems);
    Some(PermissionRequest {
        permission: key.get_ref().to_string(),
        reason: table.reason.into_inner(),
        optional: table.optional,
        scope,
        location: problems.source().place(place),
    })
}

fn dependencies(
    value: Option<Value<'_>>,
    own: Option<&PluginId>,
    problems: &mut Problems,
) -> BTreeMap<PluginId, VersionReq> {
    let mut dependencies = BTreeMap::new();
    for (key, value) in entries(value, "dependencies", problems) {
        let id = check::id(&key, problems);
        let range = decode::<Spanned<String>>(value, problems)
            .and_then(|range| check::range(&range, problems));
        if id.is_some() && id.as_ref() == own {
            let problem = Problem::error("self-dependency", "the plugin depends on itself");
            problems.add_at(problem.hint("remove the line"), key.span().start);
        }
        if let (Some(id), Some(range)) = (id, range) {
            dependencies.insert(id, range);
        }
    }
    dependencies
}

fn limits(value: Option<Value<'_>>, problems: &mut Problems) -> RequestedLimits {
    let Some(value) = value else {
        return RequestedLimits::default();
    };
    let places: Vec<_> = match value.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), value.span().start))
            .collect(),
        _ => Vec::new(),
    };
    let limits = decode::<RequestedLimits>(value, problems).unwrap_or_default();
    for (name, limit) in limits.entries() {
        let place = places.iter().find(|(key, _)| key == name);
        if let (Some(0), Some((_, place))) = (limit, place) {
            let message = format!("`{name}` is 0, so that no call could run");
            let problem = Problem::error("bad-value", message);
            problems.add_at(problem.hint("write at least 1, or remove the line"), *place);
        }
    }
    limits
}
