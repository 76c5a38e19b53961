//! The decision, by sets.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};

use super::case::{Case, Named, Scope};
use super::catalogue;

impl Case {
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
    pub(super) fn granted(&self) -> BTreeSet<&'static str> {
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

    pub(super) fn is_refused(&self, granted: &BTreeSet<&'static str>) -> bool {
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
pub(super) fn gate(interface: &str) -> (Option<&'static str>, Version) {
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
