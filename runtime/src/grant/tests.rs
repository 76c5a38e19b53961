//! Decisions about components that are written down here; no code of theirs ever runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod decisions;
mod extensions;
mod imports;
mod levels;
mod permissions;

use super::{Consent, Explanation, Grant, Policy};
use crate::package::Package;
use crate::permission::{CapabilityDescriptor, Catalogue, Gate, RawParser};
use crate::problem::Problem;

/// A component of this text, under a manifest with these tables.
fn package(component: &str, tables: &str) -> Package {
    let manifest =
        format!("[plugin]\nid = \"tried\"\nname = \"Tried\"\nversion = \"1.2.3\"\n{tables}");
    let component = wat::parse_str(format!("(component {component})")).unwrap();
    Package::parse(Package::embed(&component, &manifest).unwrap()).unwrap()
}

/// An instance import with one function.
fn import(name: &str) -> String {
    format!("(import \"{name}\" (instance (export \"act\" (func))))")
}

/// An instance export with one function.
fn export(name: &str) -> String {
    format!(
        "(core module $m{n} (func (export \"act\"))) (core instance $i{n} (instantiate $m{n}))
         (func $f{n} (canon lift (core func $i{n} \"act\")))
         (instance $e{n} (export \"act\" (func $f{n}))) (export \"{name}\" (instance $e{n}))",
        n = name.len()
    )
}

/// A table that asks for a permission.
fn ask(permission: &str) -> String {
    format!("[permissions.\"{permission}\"]\nreason = \"A test asks for it.\"\n")
}

/// The built-in catalogue, and rooms for the permissions that no built-in room has a use for.
fn catalogue() -> Catalogue {
    const fn room(id: &'static str, gates: &'static [Gate]) -> CapabilityDescriptor {
        CapabilityDescriptor {
            id,
            summary: "",
            wit: "",
            gates,
            scope: RawParser::of::<crate::capability::NoScope>(),
        }
    }
    let mut catalogue = crate::catalogue();
    let routes = room(
        "routes",
        &[Gate {
            interface: "test:host/routes",
            version: "2.3.0",
            permission: Some("admin:routes"),
        }],
    );
    let databases = room(
        "databases",
        &[Gate {
            interface: "test:host/databases",
            version: "0.4.2",
            permission: Some("db:write"),
        }],
    );
    catalogue
        .capability(routes)
        .unwrap()
        .capability(databases)
        .unwrap();
    catalogue
}

/// All of the decision, under the default policy where everything is accepted.
fn explain(package: &Package) -> Explanation {
    Explanation::of(package, &catalogue(), &Policy::new(), &Consent::Everything)
}

fn codes(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}

/// The codes of the problems for which the package gets no grant.
fn refused(package: &Package, policy: &Policy, consent: &Consent) -> Vec<&'static str> {
    match Grant::decide(package, &catalogue(), policy, consent) {
        Ok(grant) => panic!("granted: {grant}"),
        Err(error) => codes(&error.problems),
    }
}
