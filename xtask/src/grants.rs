//! What the command line accepts for a plugin.

use std::collections::BTreeSet;

use clap::Args;
use portcullis::permission::Catalogue;
use portcullis::{Consent, Policy};

use crate::error::CliError;

/// What is granted to a plugin.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Grants {
    /// Accept this permission or group; `all` accepts everything that the plugin asks for, `none` nothing. May be repeated.
    #[arg(long = "grant", value_name = "PERMISSION")]
    grants: Vec<String>,

    /// Never grant this permission or group, whatever is accepted. May be repeated.
    #[arg(long = "deny", value_name = "PERMISSION")]
    denials: Vec<String>,
}

impl Grants {
    /// What is accepted; `otherwise` if the command line does not say.
    ///
    /// # Errors
    /// A name that is neither a permission nor a group.
    pub(crate) fn consent(
        &self,
        catalogue: &Catalogue,
        otherwise: Consent,
    ) -> Result<Consent, CliError> {
        if self.grants.is_empty() {
            return Ok(otherwise);
        }
        let is_all = |grant: &&String| *grant == "all";
        let named = self
            .grants
            .iter()
            .filter(|grant| !is_all(grant) && *grant != "none");
        // Names are checked beside `all` too: a mistake is a mistake.
        let named = expand(named, catalogue)?;
        let all = self.grants.iter().any(|grant| is_all(&grant));
        Ok(if all {
            Consent::Everything
        } else {
            Consent::to(named)
        })
    }

    /// The policy with what is denied.
    ///
    /// # Errors
    /// A name that is neither a permission nor a group.
    pub(crate) fn policy(&self, catalogue: &Catalogue) -> Result<Policy, CliError> {
        let denied = expand(self.denials.iter(), catalogue)?;
        Ok(denied.into_iter().fold(Policy::new(), Policy::deny))
    }
}

/// The named permissions, groups replaced by their members.
fn expand<'a>(
    names: impl Iterator<Item = &'a String>,
    catalogue: &Catalogue,
) -> Result<BTreeSet<&'static str>, CliError> {
    let mut permissions = BTreeSet::new();
    for name in names {
        if let Some(permission) = catalogue.find_permission(name) {
            permissions.insert(permission.id);
        } else if let Some(group) = catalogue.find_group(name) {
            permissions.extend(group.members);
        } else {
            return Err(unknown(name, catalogue));
        }
    }
    Ok(permissions)
}

fn unknown(name: &str, catalogue: &Catalogue) -> CliError {
    let ids = catalogue
        .permissions()
        .map(|permission| permission.id)
        .chain(catalogue.groups().map(|group| group.id));
    let likeness = |id: &&str| strsim::jaro_winkler(id, name);
    let nearest = ids
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .unwrap_or_default();
    CliError::usage(
        format!("no permission or group is named `{name}`"),
        format!("did you mean `{nearest}`? `portcullis permissions` lists them all"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn grants(grants: &[&str], denials: &[&str]) -> Grants {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Grants {
            grants: owned(grants),
            denials: owned(denials),
        }
    }

    /// Proves P2 on the command line: a group stands for its members.
    #[test]
    fn a_group_stands_for_its_members() {
        let catalogue = portcullis::catalogue();
        let consent = grants(&["group:readonly"], &[])
            .consent(&catalogue, Consent::nothing())
            .unwrap();
        assert_eq!(
            consent,
            Consent::to(["world:read", "session:read", "npc:read", "log:emit"])
        );
        let policy = grants(&[], &["group:readonly"]).policy(&catalogue).unwrap();
        assert!(policy.deny.contains("npc:read"));
    }

    #[test]
    fn a_misspelt_permission_is_named() {
        let error = grants(&["sesion:read"], &[])
            .consent(&portcullis::catalogue(), Consent::nothing())
            .unwrap_err();
        assert!(error.hint().unwrap().contains("`session:read`"));
    }

    #[test]
    fn nothing_said_means_what_the_verb_says() {
        let catalogue = portcullis::catalogue();
        assert_eq!(
            grants(&[], &[])
                .consent(&catalogue, Consent::Everything)
                .unwrap(),
            Consent::Everything
        );
        assert_eq!(
            grants(&["none"], &[])
                .consent(&catalogue, Consent::Everything)
                .unwrap(),
            Consent::nothing()
        );
        assert_eq!(
            grants(&["all"], &[])
                .consent(&catalogue, Consent::nothing())
                .unwrap(),
            Consent::Everything
        );
    }
}
