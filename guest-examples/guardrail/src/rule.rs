//! What tools may not do.

use portcullis_sdk::Value;
use serde::Deserialize;

use crate::glob::fits;
use crate::{command, path};

/// A rule, as an operator writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Rule {
    tools: Vec<String>,
    #[serde(default)]
    argument: Option<String>,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    forbidden: Vec<String>,
    #[serde(default)]
    allowed: Option<Vec<String>>,
    reason: String,
}

/// How arguments are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Text,
    Path,
    Command,
}

impl Rule {
    /// What the model is told.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the use of a tool with these arguments, an object, breaks the rule.
    pub fn is_broken(&self, tool: &str, arguments: &Value) -> bool {
        if !self.tools.iter().any(|pattern| fits(pattern, tool)) {
            return false;
        }
        if self.forbidden.is_empty() && self.allowed.is_none() {
            return true;
        }
        let texts = self.texts(arguments);
        // An argument that is left out is not one of those that are allowed.
        let is_missing = self.allowed.is_some() && texts.is_empty();
        is_missing
            || texts
                .iter()
                .any(|text| self.is_forbidden(text) || !self.is_allowed(text))
    }

    /// The arguments that the rule is for.
    fn texts(&self, arguments: &Value) -> Vec<String> {
        let mut texts = Vec::new();
        match &self.argument {
            Some(name) => texts_of(arguments.get(name), &mut texts),
            None => texts_of(Some(arguments), &mut texts),
        }
        texts
    }

    fn is_forbidden(&self, text: &str) -> bool {
        match self.kind {
            Kind::Text => fits_any(&self.forbidden, text),
            Kind::Path => {
                let path = path::read(text);
                // A pattern of a name is for the names in a path; what is forbidden in a directory is forbidden below it.
                let is_against = |pattern: &String| match pattern.contains('/') {
                    true => fits(pattern, &path),
                    false => path.split('/').any(|part| fits(pattern, part)),
                };
                self.forbidden.iter().any(is_against)
            }
            Kind::Command => {
                let mut commands = command::meant(text).into_iter();
                commands.any(|command| fits_any(&self.forbidden, &command))
            }
        }
    }

    fn is_allowed(&self, text: &str) -> bool {
        let Some(allowed) = &self.allowed else {
            return true;
        };
        match self.kind {
            Kind::Text => fits_any(allowed, text),
            Kind::Path => fits_any(allowed, &path::read(text)),
            Kind::Command => command::is_allowed(text, allowed),
        }
    }
}

fn fits_any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, text))
}

/// The texts in a value; numbers and the like as JSON has them. Recursive: arguments come through a parser that bounds their depth.
fn texts_of(value: Option<&Value>, texts: &mut Vec<String>) {
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => texts.push(text.clone()),
        Some(Value::Array(values)) => values.iter().for_each(|value| texts_of(Some(value), texts)),
        Some(Value::Object(values)) => values
            .values()
            .for_each(|value| texts_of(Some(value), texts)),
        Some(other) => texts.push(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use portcullis_sdk::json;

    fn rule(rule: Value) -> Rule {
        let mut all = json!({"tools": ["*_file"], "reason": "no"});
        all.as_object_mut()
            .unwrap()
            .extend(rule.as_object().unwrap().clone());
        Rule::deserialize(all).unwrap()
    }

    fn is_broken(rule: &Rule, tool: &str, arguments: Value) -> bool {
        rule.is_broken(tool, &arguments)
    }

    #[test]
    fn a_rule_without_patterns_forbids_the_tools() {
        let all = rule(json!({}));
        assert!(is_broken(&all, "read_file", json!({})));
        assert!(!is_broken(&all, "list", json!({})));
        assert_eq!(all.reason(), "no");
    }

    #[test]
    fn paths_are_forbidden_wherever_they_hide() {
        let forbidden = json!([".git", "*.pem", "secrets/*", "/etc/*"]);
        let forbidden = json!({"argument": "path", "kind": "path", "forbidden": forbidden});
        let rule = rule(forbidden);
        let is_broken = |path: &str| is_broken(&rule, "read_file", json!({"path": path}));
        for path in [
            ".git/config",
            "a/../.GIT/config",
            "sub/.git",
            "keys/Server.pem",
            "secrets/a/b",
            "./x/../secrets//a",
            "/etc/passwd",
        ] {
            assert!(is_broken(path), "{path}");
        }
        for path in ["git/config", "secrets.md", "etc/passwd", ".gitignore"] {
            assert!(!is_broken(path), "{path}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_forbidden() {
        let rule = rule(json!({"argument": "path", "kind": "path", "allowed": ["notes/*"]}));
        let is_broken = |arguments| is_broken(&rule, "write_file", arguments);
        assert!(!is_broken(json!({"path": "notes/a/b.md"})));
        assert!(is_broken(json!({"path": "notes/../src/a"})));
        assert!(is_broken(json!({"path": ["notes/a", "src/a"]})));
        assert!(is_broken(json!({})), "left out");
    }

    #[test]
    fn what_is_forbidden_is_so_within_what_is_allowed() {
        let lists = json!({"kind": "path", "forbidden": [".git"], "allowed": ["src/*"]});
        let rule = rule(lists);
        let is_broken = |path: &str| is_broken(&rule, "read_file", json!({"path": path}));
        assert!(is_broken("src/.git/hooks/x"));
        assert!(is_broken("src/a/.git"));
        assert!(is_broken("docs/a"));
        assert!(!is_broken("src/a"));
    }

    #[test]
    fn commands_that_are_allowed_are_so_as_they_are_written() {
        let lists =
            json!({"kind": "command", "forbidden": ["cargo publish*"], "allowed": ["cargo *"]});
        let rule = rule(lists);
        let is_broken = |line: &str| is_broken(&rule, "run_file", json!({"line": line}));
        assert!(!is_broken("cargo t"));
        for line in [
            "sudo cargo t",
            "./cargo t",
            "cargo t; ls",
            "cargo 'publish'",
            "",
        ] {
            assert!(is_broken(line), "{line}");
        }
    }

    #[test]
    fn commands_and_all_arguments_are_looked_at() {
        let commands = rule(json!({"kind": "command", "forbidden": ["rm -rf *"]}));
        let line = json!({"deep": {"line": "echo a; sudo rm  -rf /"}, "n": 1});
        assert!(is_broken(&commands, "run_file", line));
        assert!(!is_broken(&commands, "run_file", json!({"line": "rm a"})));
        let numbers = rule(json!({"forbidden": ["22"]}));
        assert!(is_broken(&numbers, "a_file", json!({"port": 22})));
    }
}
