//! What tools may not do.

use portcullis_sdk::Value;
use serde::Deserialize;

use crate::glob::fits;
use crate::read;

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
        is_missing || texts.iter().any(|text| self.is_against(text))
    }

    /// The arguments that the rule is for, as it reads them.
    fn texts(&self, arguments: &Value) -> Vec<String> {
        let mut texts = Vec::new();
        match &self.argument {
            Some(name) => texts_of(arguments.get(name), &mut texts),
            None => texts_of(Some(arguments), &mut texts),
        }
        match self.kind {
            Kind::Text => texts,
            Kind::Path => texts.iter().map(|text| read::path(text)).collect(),
            Kind::Command => texts.iter().flat_map(|text| read::commands(text)).collect(),
        }
    }

    fn is_against(&self, text: &str) -> bool {
        let fits = |patterns: &[String]| patterns.iter().any(|pattern| self.fits(pattern, text));
        fits(&self.forbidden) || self.allowed.as_ref().is_some_and(|allowed| !fits(allowed))
    }

    /// A pattern of a name is for the names in a path; what is forbidden in a directory is forbidden below it.
    fn fits(&self, pattern: &str, text: &str) -> bool {
        match self.kind {
            Kind::Path if !pattern.contains('/') && self.allowed.is_none() => {
                text.split('/').any(|part| fits(pattern, part))
            }
            _ => fits(pattern, text),
        }
    }
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
    fn commands_and_all_arguments_are_looked_at() {
        let commands = rule(json!({"kind": "command", "forbidden": ["rm -rf *"]}));
        let line = json!({"deep": {"line": "echo a; sudo rm  -rf /"}, "n": 1});
        assert!(is_broken(&commands, "run_file", line));
        assert!(!is_broken(&commands, "run_file", json!({"line": "rm a"})));
        let numbers = rule(json!({"forbidden": ["22"]}));
        assert!(is_broken(&numbers, "a_file", json!({"port": 22})));
    }
}
