//! The rules that a value must keep beyond its type, and the list of what broke one.

use std::sync::Arc;

use semver::{Version, VersionReq};
use toml::Spanned;

use super::file::PluginTable;
use super::raw::Source;
use super::text::{excerpt, hidden_in_line, is_permission, is_web_address};
use super::{ManifestError, PluginId};
use crate::problem::Problem;

/// How many problems are told: enough to mend in one go, and a bound on the work of placing them.
const MAX_PROBLEMS: usize = 100;

/// How many authors a manifest may name.
const MAX_AUTHORS: usize = 50;

/// The problems found so far.
pub(super) struct Problems {
    source: Arc<Source>,
    list: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(source: Arc<Source>) -> Self {
        let list = Vec::new();
        Self { source, list }
    }

    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Adds a problem that has its place.
    pub(super) fn add(&mut self, problem: Problem) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(problem);
        }
    }

    /// Adds a problem at an offset of the text.
    pub(super) fn add_at(&mut self, problem: Problem, offset: usize) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(problem.at(self.source.place(offset)));
        }
    }

    /// All problems in the order of the text, if there are any.
    pub(super) fn finish(self) -> Result<(), ManifestError> {
        let mut problems = self.list;
        let place = |problem: &Problem| {
            let location = problem.location.as_ref();
            location.map(|location| (location.line, location.column))
        };
        problems.sort_by_key(place);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ManifestError { problems })
        }
    }
}

/// Checks `[plugin]` but for its id.
pub(super) fn plugin(plugin: &PluginTable, problems: &mut Problems) -> Option<Version> {
    line(&plugin.name, "name", 80, problems);
    if let Some(description) = &plugin.description {
        line(description, "description", 500, problems);
    }
    if let Some(license) = &plugin.license {
        line(license, "license", 200, problems);
    }
    if let Some(homepage) = &plugin.homepage {
        web_address(homepage, problems);
    }
    if let Some(author) = plugin.authors.get(MAX_AUTHORS) {
        let message = format!("more than {MAX_AUTHORS} authors");
        let problem = Problem::error("too-many", message).hint("name the team");
        problems.add_at(problem, author.span().start);
    }
    for author in plugin.authors.iter().take(MAX_AUTHORS) {
        line(author, "authors", 200, problems);
    }
    version(&plugin.version, problems)
}

pub(super) fn id<S: AsRef<str>>(text: &Spanned<S>, problems: &mut Problems) -> Option<PluginId> {
    let id = text.get_ref().as_ref().parse::<PluginId>();
    if let Err(error) = &id {
        let message = format!("`{}` is not a plugin id", error.text);
        let hint =
            "use lowercase letters, digits and hyphens, 2 to 63 characters, e.g. `my-plugin`";
        problems.add_at(
            Problem::error("bad-id", message).hint(hint),
            text.span().start,
        );
    }
    id.ok()
}

fn version(text: &Spanned<String>, problems: &mut Problems) -> Option<Version> {
    let version = Version::parse(text.get_ref());
    if let Err(error) = &version {
        let message = format!("`{}` is not a version: {error}", excerpt(text.get_ref()));
        let problem = Problem::error("bad-version", message);
        let hint = "write major.minor.patch, e.g. `0.1.0`";
        problems.add_at(problem.hint(hint), text.span().start);
    }
    version.ok()
}

pub(super) fn range(text: &Spanned<String>, problems: &mut Problems) -> Option<VersionReq> {
    let range = VersionReq::parse(text.get_ref());
    if let Err(error) = &range {
        let message = format!(
            "`{}` is not a version range: {error}",
            excerpt(text.get_ref())
        );
        let problem = Problem::error("bad-range", message);
        let hint = "write comparisons with commas between, e.g. `>=0.1, <0.2`";
        problems.add_at(problem.hint(hint), text.span().start);
    }
    range.ok()
}

pub(super) fn permission<S: AsRef<str>>(key: &Spanned<S>, problems: &mut Problems) {
    let text = key.get_ref().as_ref();
    if !is_permission(text) {
        let message = format!("`{}` is not a permission", excerpt(text));
        let problem = Problem::error("bad-permission", message);
        let hint = "write `\"area:action\"` in quotes, e.g. `[permissions.\"session:read\"]`";
        problems.add_at(problem.hint(hint), key.span().start);
    }
}

/// Checks a text that people read: one line, 1 to `max` characters, nothing hidden in it.
pub(super) fn line(text: &Spanned<String>, key: &str, max: usize, problems: &mut Problems) {
    let (place, text) = (text.span().start, text.get_ref());
    if let Some(hidden) = hidden_in_line(text) {
        problems.add_at(hidden_character(key, hidden), place);
    }
    if text.trim().is_empty() {
        let problem = Problem::error("bad-text", format!("`{key}` is empty"));
        problems.add_at(problem.hint("write a few words"), place);
    }
    if text.chars().nth(max).is_some() {
        let problem = Problem::error(
            "too-long",
            format!("`{key}` is longer than {max} characters"),
        );
        problems.add_at(problem.hint("shorten it"), place);
    }
}

/// A character that people cannot see.
pub(super) fn hidden_character(key: &str, hidden: char) -> Problem {
    let code = u32::from(hidden);
    let message = format!(
        "`{}` has a control or invisible character, U+{code:04X}",
        excerpt(key)
    );
    Problem::error("bad-text", message).hint("remove it; write one line of plain text")
}

fn web_address(text: &Spanned<String>, problems: &mut Problems) {
    if !is_web_address(text.get_ref()) {
        let message = format!("`{}` is not a web address", excerpt(text.get_ref()));
        let problem = Problem::error("bad-url", message);
        let hint = "write an http or https address, e.g. `https://example.org`";
        problems.add_at(problem.hint(hint), text.span().start);
    }
}
