//! What a decision depends on, made of bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use portcullis::manifest::RawTable;
use portcullis::{Consent, Package, Policy};
use semver::Version;
use serde_json::json;

use super::catalogue;
use crate::input::Input;

/// A scope in a manifest or a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scope {
    None,
    /// A table without keys, which every scope takes.
    Empty,
    /// A table with a key that no scope has.
    Nonsense,
}

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) optional: bool,
    pub(super) scope: Scope,
}

/// An interface with its version in a component's name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) interface: &'static str,
    pub(super) version: Option<Version>,
    /// Whether there is something to call.
    pub(super) calls: bool,
}

impl Named {
    pub(super) fn text(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.interface),
            None => self.interface.to_owned(),
        }
    }
}

/// All that a decision depends on.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) host: bool,
    pub(super) asked: BTreeMap<&'static str, Asked>,
    pub(super) imports: BTreeMap<&'static str, Named>,
    pub(super) exports: BTreeMap<&'static str, Named>,
    /// How many conditions it contributes.
    pub(super) conditions: u8,
    pub(super) stranger: bool,
    /// `None` for everything.
    pub(super) accepted: Option<BTreeSet<&'static str>>,
    pub(super) allowed: Option<BTreeSet<&'static str>>,
    pub(super) denied: BTreeSet<&'static str>,
    pub(super) switched_on: BTreeSet<&'static str>,
    pub(super) scopes: BTreeMap<&'static str, Scope>,
}

impl Case {
    pub(super) fn new(input: &mut Input<'_>) -> Self {
        let permissions: Vec<_> = catalogue().permissions().map(|one| one.id).collect();
        let groups = catalogue().groups().map(|group| group.id);
        let names: Vec<_> = permissions
            .iter()
            .copied()
            .chain(groups)
            .chain(["made:up"])
            .collect();
        let some = |input: &mut Input<'_>| {
            // Most of all, with a few left out; or a few.
            let few: BTreeSet<_> = input
                .few(6, |input| input.one(&permissions))
                .into_iter()
                .collect();
            match input.flag() {
                true => permissions
                    .iter()
                    .copied()
                    .filter(|one| !few.contains(one))
                    .collect(),
                false => few,
            }
        };
        let scopes = [
            Scope::None,
            Scope::None,
            Scope::None,
            Scope::Empty,
            Scope::Nonsense,
        ];
        let asked = input.few(6, |input| {
            let asked = Asked {
                optional: input.flag(),
                scope: input.one(&scopes),
            };
            (input.one(&names), asked)
        });
        let gates = catalogue()
            .capabilities()
            .iter()
            .flat_map(|room| room.gates);
        let gates: Vec<_> = gates.map(|gate| (gate.interface, gate.version)).collect();
        let rooms: Vec<_> = catalogue()
            .extensions()
            .iter()
            .map(|room| (room.export, room.version))
            .collect();
        let imports = input.few(5, |input| named(input, &gates));
        let exports = input.few(3, |input| named(input, &rooms));
        Self {
            host: input.byte() < 240,
            asked: asked.into_iter().collect(),
            imports: imports
                .into_iter()
                .map(|one| (one.interface, one))
                .collect(),
            exports: exports
                .into_iter()
                .map(|one| (one.interface, Named { calls: true, ..one }))
                .collect(),
            conditions: input.byte() % 4 / 2,
            stranger: input.byte() > 250,
            accepted: input.flag().then(|| some(input)),
            allowed: input.flag().then(|| some(input)),
            denied: input
                .few(2, |input| input.one(&permissions))
                .into_iter()
                .collect(),
            switched_on: some(input),
            scopes: input
                .few(3, |input| (input.one(&permissions), input.one(&scopes)))
                .into_iter()
                .collect(),
        }
    }

    pub(super) fn package(&self) -> Package {
        let mut component = String::from("(component ");
        for import in self.imports.values() {
            let body = if import.calls {
                r#"(export "act" (func))"#
            } else {
                ""
            };
            write!(component, "(import {:?} (instance {body}))", import.text()).unwrap();
        }
        if self.stranger {
            component
                .push_str(r#"(import "some:other/thing@0.1.0" (instance (export "act" (func))))"#);
        }
        component.push_str(
            r#"(core module $m (func (export "act"))) (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "act"))) (instance $e (export "act" (func $f)))"#,
        );
        for export in self.exports.values() {
            write!(component, "(export {:?} (instance $e))", export.text()).unwrap();
        }
        component.push(')');
        let component =
            wat::parse_str(&component).unwrap_or_else(|error| panic!("{error}\n{component}"));
        let package = Package::embed(&component, &self.manifest()).and_then(Package::parse);
        package.unwrap_or_else(|error| panic!("{error}\n{self:#?}"))
    }

    pub(super) fn manifest(&self) -> String {
        let range = if self.host { "*" } else { ">=9" };
        let mut text = format!(
            "[plugin]\nid = \"tried\"\nname = \"Tried\"\nversion = \"1.0.0\"\n[compatibility]\nhost = \"{range}\"\n"
        );
        for (permission, asked) in &self.asked {
            let scope = match asked.scope {
                Scope::None => "",
                Scope::Empty => "scope = {}\n",
                Scope::Nonsense => "scope = { nonsense = 1 }\n",
            };
            let optional = asked.optional;
            writeln!(
                text,
                "[permissions.{permission:?}]\nreason = \"Tried.\"\noptional = {optional}\n{scope}"
            )
            .unwrap();
        }
        for number in 0..self.conditions {
            writeln!(text, "[[contributes.conditions]]\nname = \"c{number}\"").unwrap();
        }
        text
    }

    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy::new();
        for denied in &self.denied {
            policy = policy.deny(*denied);
        }
        if let Some(allowed) = &self.allowed {
            policy.allow = Some(allowed.iter().map(|one| (*one).to_owned()).collect());
        }
        for switch in &self.switched_on {
            policy = policy.switch_on(*switch);
        }
        for (permission, scope) in &self.scopes {
            let table = match scope {
                Scope::None => continue,
                Scope::Empty => json!({}),
                Scope::Nonsense => json!({ "nonsense": 1 }),
            };
            policy = policy.scope(*permission, RawTable::from_json(table).unwrap());
        }
        policy
    }

    pub(super) fn consent(&self) -> Consent {
        match &self.accepted {
            None => Consent::Everything,
            Some(accepted) => Consent::to(accepted.iter().copied()),
        }
    }
}

/// An interface of the list, in one of the versions that look like the one that is there.
fn named(input: &mut Input<'_>, list: &[(&'static str, &'static str)]) -> Named {
    let (interface, version) = input.one(list);
    let there = Version::parse(version).unwrap();
    let version = match input.byte() {
        0..=199 => Some(there),
        200..=207 => Some(Version::new(there.major, there.minor, there.patch + 1)),
        208..=215 => Some(Version::new(there.major, there.minor + 1, 0)),
        216..=223 => Some(Version::new(there.major + 1, 0, 0)),
        224..=231 => Some(Version::new(there.major, 0, 9)),
        232..=235 => Some(Version::parse(&format!("{there}+build")).unwrap()),
        236..=239 => Some(Version::parse(&format!("{there}-rc")).unwrap()),
        240..=247 => Some(Version::new(there.major, there.minor, 0)),
        _ => None,
    };
    Named {
        interface,
        version,
        calls: input.byte() < 230,
    }
}
