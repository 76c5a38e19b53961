//! Permissions and what they open, as data: the list of permissions, the descriptors that rooms are made of, and the
//! [`Catalogue`] of a host. Help, consent, `validate`, `explain` and the reference are made from here; nothing keeps a second copy.

mod catalogue;
mod descriptor;
mod list;
#[cfg(test)]
mod tests;

pub use catalogue::{Catalogue, CatalogueError};
pub use descriptor::{
    Admission, CapabilityDescriptor, ContributionDescriptor, ExtensionDescriptor, Gate, Group,
    Permission, RawParser, Scope,
};
pub use list::{GROUPS, PERMISSIONS};
