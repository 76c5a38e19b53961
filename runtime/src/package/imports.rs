//! What a component imports and exports.

use std::fmt;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentEntityType, ComponentInstanceTypeId,
};
use wasmparser::types::Types;

use super::PackageError;

/// One import of the component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Import {
    /// The name as it is written, for example `portcullis:plugin/log@0.1.0`.
    pub name: String,
    /// What is imported.
    pub kind: ImportKind,
}

/// What an import is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ImportKind {
    /// An interface. With neither functions nor resources it only shares types.
    Instance {
        /// The names of its functions; methods are written `[method]thing.act`.
        functions: Vec<String>,
        /// The names of its resources, those among them that it has from other interfaces.
        resources: Vec<String>,
    },
    /// A bare function.
    Function,
    /// A core module.
    Module,
    /// A component.
    Component,
    /// A value.
    Value,
    /// A type.
    Type,
}

/// One export of the component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Export {
    /// The name as it is written, for example `portcullis:plugin/conditions@0.1.0`.
    pub name: String,
    /// What is exported.
    pub kind: ExportKind,
}

/// What an export is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExportKind {
    /// An interface.
    Instance {
        /// The names of its functions; methods are written `[method]thing.act`.
        functions: Vec<String>,
        /// The names of its resources, those among them that it has from other interfaces.
        resources: Vec<String>,
    },
    /// A bare function.
    Function,
    /// A core module.
    Module,
    /// A component.
    Component,
    /// A value.
    Value,
    /// A type.
    Type,
}

/// The name of an interface: `namespace:package/interface`, with or without a version.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct InterfaceName {
    /// The name without the version, for example `portcullis:plugin/log`.
    pub interface: String,
    /// The version, if the name has one.
    #[schemars(with = "Option<String>")]
    pub version: Option<Version>,
}

impl InterfaceName {
    /// Reads the name of an import or export. `None` if it names no interface: a plain name (`init`), a URL, a
    /// dependency by digest, or a version that is not `major.minor.patch`.
    pub fn parse(name: &str) -> Option<Self> {
        let (interface, version) = match name.split_once('@') {
            Some((interface, version)) => (interface, Some(Version::parse(version).ok()?)),
            None => (name, None),
        };
        let (package, last) = interface.split_once('/')?;
        let (namespace, package) = package.split_once(':')?;
        let interface = interface.to_owned();
        let plain = [namespace, package, last].into_iter().all(is_label);
        plain.then_some(Self { interface, version })
    }
}

/// A kebab-case name, which a validator has checked further.
fn is_label(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.interface)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

/// The imports in the order of the file.
pub(super) fn imports(names: &[&str], types: &Types) -> Result<Vec<Import>, PackageError> {
    let kind = |name: &str| match types.component_item_for_import(name).map(|item| item.ty) {
        Some(ComponentEntityType::Instance(id)) => import_of_instance(name, id, types),
        Some(ComponentEntityType::Func(_)) => Ok(ImportKind::Function),
        Some(ComponentEntityType::Module(_)) => Ok(ImportKind::Module),
        Some(ComponentEntityType::Component(_)) => Ok(ImportKind::Component),
        Some(ComponentEntityType::Value(_)) => Ok(ImportKind::Value),
        Some(ComponentEntityType::Type { .. }) => Ok(ImportKind::Type),
        None => Err(unseen(name)),
    };
    let import = |name: &&str| {
        let (name, kind) = ((*name).to_owned(), kind(name)?);
        Ok(Import { name, kind })
    };
    names.iter().map(import).collect()
}

/// The exports in the order of the file.
pub(super) fn exports(names: &[&str], types: &Types) -> Result<Vec<Export>, PackageError> {
    let kind = |name: &str| match types.component_item_for_export(name).map(|item| item.ty) {
        Some(ComponentEntityType::Instance(id)) => {
            let Members {
                functions,
                resources,
                ..
            } = members(id, types);
            Ok(ExportKind::Instance {
                functions,
                resources,
            })
        }
        Some(ComponentEntityType::Func(_)) => Ok(ExportKind::Function),
        Some(ComponentEntityType::Module(_)) => Ok(ExportKind::Module),
        Some(ComponentEntityType::Component(_)) => Ok(ExportKind::Component),
        Some(ComponentEntityType::Value(_)) => Ok(ExportKind::Value),
        Some(ComponentEntityType::Type { .. }) => Ok(ExportKind::Type),
        None => Err(unseen(name)),
    };
    let export = |name: &&str| {
        let (name, kind) = ((*name).to_owned(), kind(name)?);
        Ok(Export { name, kind })
    };
    names.iter().map(export).collect()
}

/// An interface made by WIT has functions and types. What else an instance could hold would hide from the comparison
/// with the grant, so it is refused.
fn import_of_instance(
    name: &str,
    id: ComponentInstanceTypeId,
    types: &Types,
) -> Result<ImportKind, PackageError> {
    let Members {
        functions,
        resources,
        other,
    } = members(id, types);
    match other {
        None => Ok(ImportKind::Instance {
            functions,
            resources,
        }),
        Some(other) => {
            let feature = format!(
                "an import `{name}` that holds `{other}`, which is neither function nor type"
            );
            Err(PackageError::Unsupported { feature })
        }
    }
}

#[derive(Default)]
struct Members {
    functions: Vec<String>,
    resources: Vec<String>,
    /// The first member that is neither a function nor a type.
    other: Option<String>,
}

fn members(id: ComponentInstanceTypeId, types: &Types) -> Members {
    let mut found = Members::default();
    let Some(instance) = types.as_ref().get(id) else {
        return found;
    };
    for (name, item) in &instance.exports {
        match item.ty {
            ComponentEntityType::Func(_) => found.functions.push(name.clone()),
            ComponentEntityType::Type {
                created: ComponentAnyTypeId::Resource(_),
                ..
            } => {
                found.resources.push(name.clone());
            }
            ComponentEntityType::Type { .. } => {}
            _ => {
                found.other.get_or_insert_with(|| name.clone());
            }
        }
    }
    found
}

/// The walk and the validator disagree about what there is.
fn unseen(name: &str) -> PackageError {
    let message = format!("`{name}` is not where it was read");
    PackageError::Malformed { offset: 0, message }
}
