//! The decision about a plugin, against a model that knows sets only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::OnceLock;

use portcullis::grant::Linking;
use portcullis::manifest::RawTable;
use portcullis::permission::Catalogue;
use portcullis::{Consent, Grant, Package, Policy};
use semver::{Version, VersionReq};
use serde_json::json;

use crate::input::Input;
use crate::plain::shown;

/// A manifest, a component, a policy and a consent.
///
/// - The plugin gets a grant exactly if the model finds nothing that refuses it, and holds exactly what was asked for, accepted, allowed, not denied,
///   switched on where it must be, and offered.
/// - An import is linked if nothing opens it or what opens it is held, stubbed if that is optional, and never linked otherwise.
/// - Who accepts less gets no more, and so who denies more.
pub fn grant(bytes: &[u8]) {
    let mut input = Input::new(&bytes[..bytes.len().min(1_024)]);
    let case = Case::new(&mut input);
    let package = case.package();
    let (policy, consent) = (case.policy(), case.consent());
    let decided = Grant::decide(&package, catalogue(), &policy, &consent);
    let granted = case.granted();
    match &decided {
        Err(error) => {
            error.problems.iter().for_each(shown);
            assert!(error.problems.iter().any(|problem| problem.is_error()));
            assert!(case.is_refused(&granted), "{case:#?}\n{error}");
        }
        Ok(grant) => {
            assert!(!case.is_refused(&granted), "{case:#?}\n{grant}");
            assert_eq!(held(grant), granted, "{case:#?}");
            assert_eq!(grant.identity().digest, package.digest());
            links(&case, grant, &granted);
            // One permission less: it is taken from what was held, or the plugin is refused.
            for permission in &granted {
                let less = case.policy().deny(*permission);
                if let Ok(fewer) = Grant::decide(&package, catalogue(), &less, &consent) {
                    let mut expected = granted.clone();
                    expected.remove(permission);
                    assert_eq!(held(&fewer), expected, "without {permission}: {case:#?}");
                }
            }
            let nothing = Grant::decide(&package, catalogue(), &policy, &Consent::nothing());
            assert!(nothing.is_ok_and(|grant| grant.held().is_empty()) || !granted.is_empty());
        }
    }
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(portcullis::catalogue)
}

fn held(grant: &Grant) -> BTreeSet<&'static str> {
    grant.held().iter().map(|held| held.permission).collect()
}

/// A scope in a manifest or a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scope {
    None,
    /// A table without keys, which every scope takes.
    Empty,
    /// A table with a key that no scope has.
    Nonsense,
}

#[derive(Clone, Debug)]
struct Asked {
    optional: bool,
    scope: Scope,
}

/// An interface with its version in a component's name.
#[derive(Clone, Debug)]
struct Named {
    interface: &'static str,
    version: Option<Version>,
    /// Whether there is something to call.
    calls: bool,
}

impl Named {
    fn text(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.interface),
            None => self.interface.to_owned(),
        }
    }
}

/// All that a decision depends on.
#[derive(Debug)]
struct Case {
    host: bool,
    asked: BTreeMap<&'static str, Asked>,
    imports: BTreeMap<&'static str, Named>,
    exports: BTreeMap<&'static str, Named>,
    /// How many conditions it contributes.
    conditions: u8,
    stranger: bool,
    /// `None` for everything.
    accepted: Option<BTreeSet<&'static str>>,
    allowed: Option<BTreeSet<&'static str>>,
    denied: BTreeSet<&'static str>,
    switched_on: BTreeSet<&'static str>,
    scopes: BTreeMap<&'static str, Scope>,
}

impl Case {
    fn new(input: &mut Input<'_>) -> Self {
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

    fn package(&self) -> Package {
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

    fn manifest(&self) -> String {
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

    fn policy(&self) -> Policy {
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

    fn consent(&self) -> Consent {
        match &self.accepted {
            None => Consent::Everything,
            Some(accepted) => Consent::to(accepted.iter().copied()),
        }
    }

    /// What the manifest asks for: a permission by its own name, else through a group, and then whether it can do without.
    fn wishes(&self) -> BTreeMap<&'static str, (bool, Scope, bool)> {
        let mut wishes = BTreeMap::new();
        let mut groups = Vec::new();
        for (name, asked) in &self.asked {
            match catalogue().groups().find(|group| group.id == *name) {
                Some(group) => groups.push((group, asked)),
                None => {
                    wishes.insert(*name, (asked.optional, asked.scope, false));
                }
            }
        }
        for (group, asked) in groups {
            for member in group.members {
                wishes
                    .entry(*member)
                    .or_insert((asked.optional, Scope::None, true));
            }
        }
        wishes
    }

    /// asked ∩ known ∩ offered ∩ allowed − denied − not switched on ∩ accepted, with scopes that can be read.
    fn granted(&self) -> BTreeSet<&'static str> {
        let may = self.wishes().into_iter().filter(|(name, wish)| {
            self.may(name) && is_read(name, wish.1) && self.host_scope_is_read(name)
        });
        may.map(|(name, _)| name).collect()
    }

    /// All but the scopes.
    fn may(&self, name: &str) -> bool {
        let Some(known) = catalogue().permissions().find(|known| known.id == name) else {
            return false;
        };
        offered(name)
            && self
                .allowed
                .as_ref()
                .is_none_or(|allowed| allowed.contains(name))
            && !self.denied.contains(name)
            && (!known.host_switch || self.switched_on.contains(name))
            && self
                .accepted
                .as_ref()
                .is_none_or(|accepted| accepted.contains(name))
    }

    fn host_scope_is_read(&self, name: &str) -> bool {
        self.scopes
            .get(name)
            .is_none_or(|scope| is_read(name, *scope))
    }

    fn is_refused(&self, granted: &BTreeSet<&'static str>) -> bool {
        let wishes = self.wishes();
        let known = |name: &str| catalogue().permissions().any(|known| known.id == name);
        let is_group = |name: &str| catalogue().groups().any(|group| group.id == name);
        let scoped_group = self
            .asked
            .iter()
            .any(|(name, asked)| is_group(name) && asked.scope != Scope::None);
        let needed = wishes.iter().any(|(name, (optional, _, by_group))| {
            let unreadable = self.may(name) && !granted.contains(name);
            // A group may ask for what a host does not have.
            let counts = !by_group || offered(name);
            let missing = !optional && known(name) && !granted.contains(name) && counts;
            unreadable || missing
        });
        !self.host
            || scoped_group
            || needed
            || self.stranger
            || self
                .imports
                .values()
                .any(|import| !self.links(import, granted, &wishes))
            || self
                .exports
                .values()
                .any(|export| !self.provides(export, &wishes))
            || (self.conditions > 0 && !self.exports.contains_key("portcullis:plugin/conditions"))
    }

    /// Whether nothing is wrong with the import itself.
    fn links(
        &self,
        import: &Named,
        granted: &BTreeSet<&'static str>,
        wishes: &BTreeMap<&'static str, (bool, Scope, bool)>,
    ) -> bool {
        if !import.calls {
            return true;
        }
        let (opens, offered) = gate(import.interface);
        // The offered version is one that the asked one, as a caret range, takes; and nothing but numbers.
        let fits = import.version.as_ref().is_some_and(|asked| {
            let plain = asked.pre.is_empty() && asked.build.is_empty();
            plain
                && VersionReq::parse(&format!("^{asked}"))
                    .unwrap()
                    .matches(&offered)
        });
        // One that is asked for and refused refuses the plugin by itself, or is optional and stubbed.
        fits && opens.is_none_or(|opens| granted.contains(opens) || wishes.contains_key(opens))
    }

    fn provides(
        &self,
        export: &Named,
        wishes: &BTreeMap<&'static str, (bool, Scope, bool)>,
    ) -> bool {
        let room = catalogue()
            .extensions()
            .iter()
            .find(|room| room.export == export.interface)
            .unwrap();
        let called = Version::parse(room.version).unwrap();
        let fits = export.version.as_ref().is_some_and(|version| {
            let range = match called.major {
                0 => format!("~0.{}", called.minor),
                major => format!("^{major}"),
            };
            let plain = version.pre.is_empty() && version.build.is_empty();
            plain && VersionReq::parse(&range).unwrap().matches(version)
        });
        fits && room
            .permission
            .is_none_or(|needed| wishes.contains_key(needed))
    }
}

/// What opens an interface, and its version.
fn gate(interface: &str) -> (Option<&'static str>, Version) {
    let mut gates = catalogue()
        .capabilities()
        .iter()
        .flat_map(|room| room.gates);
    let gate = gates.find(|gate| gate.interface == interface).unwrap();
    (gate.permission, Version::parse(gate.version).unwrap())
}

/// Whether a room is opened by the permission.
fn offered(permission: &str) -> bool {
    let mut gates = catalogue()
        .capabilities()
        .iter()
        .flat_map(|room| room.gates);
    let mut rooms = catalogue().extensions().iter();
    gates.any(|gate| gate.permission == Some(permission))
        || rooms.any(|room| room.permission == Some(permission))
}

fn is_read(permission: &str, scope: Scope) -> bool {
    scope != Scope::Nonsense || catalogue().scope_of(permission).is_none()
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

fn links(case: &Case, grant: &Grant, granted: &BTreeSet<&'static str>) {
    for import in grant.imports() {
        let interface = import.import.split('@').next().unwrap();
        let expected = if !case.imports[interface].calls {
            Linking::Types
        } else {
            match gate(interface).0 {
                Some(opens) if !granted.contains(opens) => Linking::Stub,
                _ => Linking::Open,
            }
        };
        assert_eq!(import.linking, expected, "{} {case:#?}", import.import);
    }
    assert_eq!(grant.imports().len(), case.imports.len());
    for room in catalogue().extensions().iter() {
        let provided = case.exports.contains_key(room.export);
        let may = room
            .permission
            .is_none_or(|needed| granted.contains(needed));
        let called = grant
            .extensions()
            .any(|decision| decision.extension == room.id);
        assert_eq!(called, provided && may, "{} {case:#?}", room.id);
    }
}
