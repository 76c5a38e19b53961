//! All that a host offers: its permissions, groups, capabilities and extensions.

use std::collections::BTreeMap;

use super::{
    CapabilityDescriptor, ExtensionDescriptor, GROUPS, Gate, Group, PERMISSIONS, Permission,
    RawParser,
};
use crate::hook_point::HookPoint;

/// What a host offers to plugins. Decisions are made against it, offline as well as in a running host.
#[derive(Clone, Debug)]
pub struct Catalogue {
    permissions: BTreeMap<&'static str, Permission>,
    groups: BTreeMap<&'static str, Group>,
    capabilities: Vec<CapabilityDescriptor>,
    extensions: Vec<ExtensionDescriptor>,
    hook_points: BTreeMap<String, HookPoint>,
}

/// Why a room does not fit into a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// Two rooms of one kind share an id.
    #[error("two {kind} are named `{id}`; rename one of them")]
    DuplicateId {
        /// `capabilities` or `extensions`.
        kind: &'static str,
        /// The shared id.
        id: &'static str,
    },
    /// Two rooms claim one interface.
    #[error(
        "`{interface}` is claimed by `{first}` and by `{second}`; an interface belongs to one room"
    )]
    DuplicateInterface {
        /// The interface.
        interface: &'static str,
        /// The room that was there first.
        first: &'static str,
        /// The room that came second.
        second: &'static str,
    },
    /// A room names a permission that the catalogue does not have.
    #[error(
        "`{room}` needs the permission `{permission}`, which nobody declared; add it with `Catalogue::permission` first"
    )]
    UnknownPermission {
        /// The room.
        room: &'static str,
        /// The permission.
        permission: &'static str,
    },
    /// Two hook points share a name.
    #[error("two hook points are named `{point}`; rename one of them")]
    DuplicatePoint {
        /// The shared name.
        point: String,
    },
    /// A hook point contradicts itself.
    #[error("the hook point `{point}`: {why}")]
    BadPoint {
        /// The point.
        point: String,
        /// What is wrong.
        why: String,
    },
    /// A version in a descriptor is not semver.
    #[error("`{room}`: `{version}` is not a semver version")]
    BadVersion {
        /// The room.
        room: &'static str,
        /// The version as written.
        version: &'static str,
    },
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalogue {
    /// A catalogue with Portcullis' permissions and groups, and no rooms yet.
    pub fn new() -> Self {
        Self {
            permissions: PERMISSIONS.iter().map(|p| (p.id, *p)).collect(),
            groups: GROUPS.iter().map(|g| (g.id, *g)).collect(),
            capabilities: Vec::new(),
            extensions: Vec::new(),
            hook_points: BTreeMap::new(),
        }
    }

    /// Declares a permission of the embedder's own, or words one of ours anew.
    pub fn permission(&mut self, permission: Permission) -> &mut Self {
        self.permissions.insert(permission.id, permission);
        self
    }

    /// Adds a capability.
    pub fn capability(&mut self, room: CapabilityDescriptor) -> Result<&mut Self, CatalogueError> {
        if self.capabilities.iter().any(|other| other.id == room.id) {
            return Err(CatalogueError::DuplicateId {
                kind: "capabilities",
                id: room.id,
            });
        }
        for gate in room.gates {
            if let Some((first, _)) = self.gate(gate.interface) {
                return Err(CatalogueError::DuplicateInterface {
                    interface: gate.interface,
                    first: first.id,
                    second: room.id,
                });
            }
            self.check(room.id, gate.permission, gate.version)?;
        }
        self.capabilities.push(room);
        Ok(self)
    }

    /// Adds an extension.
    pub fn extension(&mut self, room: ExtensionDescriptor) -> Result<&mut Self, CatalogueError> {
        for other in &self.extensions {
            if other.id == room.id {
                return Err(CatalogueError::DuplicateId {
                    kind: "extensions",
                    id: room.id,
                });
            }
            if other.export == room.export {
                return Err(CatalogueError::DuplicateInterface {
                    interface: room.export,
                    first: other.id,
                    second: room.id,
                });
            }
        }
        self.check(room.id, room.permission, room.version)?;
        self.extensions.push(room);
        Ok(self)
    }

    fn check(
        &self,
        room: &'static str,
        permission: Option<&'static str>,
        version: &'static str,
    ) -> Result<(), CatalogueError> {
        if let Some(permission) = permission.filter(|p| !self.permissions.contains_key(p)) {
            return Err(CatalogueError::UnknownPermission { room, permission });
        }
        match semver::Version::parse(version) {
            Ok(_) => Ok(()),
            Err(_) => Err(CatalogueError::BadVersion { room, version }),
        }
    }

    /// Adds a hook point. Its name belongs to one point only.
    pub fn hook_point(&mut self, point: HookPoint) -> Result<&mut Self, CatalogueError> {
        point.check().map_err(|why| CatalogueError::BadPoint {
            point: point.name.clone(),
            why,
        })?;
        if let Some(twin) = self.hook_points.insert(point.name.clone(), point) {
            return Err(CatalogueError::DuplicatePoint { point: twin.name });
        }
        Ok(self)
    }

    /// The hook point with this name.
    pub fn find_hook_point(&self, name: &str) -> Option<&HookPoint> {
        self.hook_points.get(name)
    }

    /// All hook points, by name.
    pub fn hook_points(&self) -> impl Iterator<Item = &HookPoint> {
        self.hook_points.values()
    }

    /// The permission with this id.
    pub fn find_permission(&self, id: &str) -> Option<&Permission> {
        self.permissions.get(id)
    }

    /// The group with this id.
    pub fn find_group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The capability that offers the interface (named without version), and its gate.
    pub fn gate(&self, interface: &str) -> Option<(&CapabilityDescriptor, &Gate)> {
        self.capabilities.iter().find_map(|room| {
            let gate = room.gates.iter().find(|gate| gate.interface == interface)?;
            Some((room, gate))
        })
    }

    /// The capability that a permission opens. Some permissions open none: they allow an extension, or the host offers no such capability.
    pub fn opened_by(&self, permission: &str) -> Option<&CapabilityDescriptor> {
        self.capabilities.iter().find(|room| {
            room.gates
                .iter()
                .any(|gate| gate.permission == Some(permission))
        })
    }

    /// How a permission is narrowed: by the scope of the capability that it opens, or of the extension that it allows.
    pub fn scope_of(&self, permission: &str) -> Option<RawParser> {
        let allowed = || {
            let rooms = &mut self.extensions.iter();
            rooms.find_map(|room| room.scope.filter(|_| room.permission == Some(permission)))
        };
        self.opened_by(permission)
            .map(|room| room.scope)
            .or_else(allowed)
    }

    /// Whether any room of this host has a use for the permission.
    pub fn offers(&self, permission: &str) -> bool {
        self.opened_by(permission).is_some()
            || self
                .extensions
                .iter()
                .any(|room| room.permission == Some(permission))
    }

    /// The extension with this id.
    pub fn find_extension(&self, id: &str) -> Option<&ExtensionDescriptor> {
        self.extensions.iter().find(|room| room.id == id)
    }

    /// All permissions, by id.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.permissions.values()
    }

    /// All groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// All capabilities, in the order in which they were added.
    pub fn capabilities(&self) -> &[CapabilityDescriptor] {
        &self.capabilities
    }

    /// All extensions, in the order in which they were added.
    pub fn extensions(&self) -> &[ExtensionDescriptor] {
        &self.extensions
    }
}
