//! The decision about a plugin, against a model that knows sets only.

mod case;
mod model;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use portcullis::grant::Linking;
use portcullis::permission::Catalogue;
use portcullis::{Consent, Grant};

use crate::input::Input;
use crate::plain::shown;

use case::Case;
use model::gate;

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
