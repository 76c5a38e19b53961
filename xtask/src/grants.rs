//! What the command line accepts for a plugin.

use std::collections::BTreeSet;

use clap::Args;
use portcullis::permission::Catalogue;
use portcullis::{Consent, Policy, SecurityLevel};

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

    /// Switch this dangerous permission on, as a host must before it can be granted. May be repeated.
    #[arg(long = "switch-on", value_name = "PERMISSION")]
    switches: Vec<String>,

    #[command(flatten)]
    pub(crate) level: LevelFlag,
}

/// How far plugins are trusted.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct LevelFlag {
    /// The policy to start from: minimal, standard, strict or isolated. `portcullis levels` compares them.
    #[arg(long, value_name = "LEVEL", default_value_t)]
    pub(crate) level: SecurityLevel,
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

    /// The level's policy with what is denied and switched on.
    ///
    /// # Errors
    /// A name that is neither a permission nor a group.
    pub(crate) fn policy(&self, catalogue: &Catalogue) -> Result<Policy, CliError> {
        let denied = expand(self.denials.iter(), catalogue)?;
        let switched_on = expand(self.switches.iter(), catalogue)?;
        let policy = denied
            .into_iter()
            .fold(self.level.level.policy(), Policy::deny);
        Ok(switched_on.into_iter().fold(policy, Policy::switch_on))
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
            ..Grants::default()
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

    /// Proves P8 and P4 on the command line: a level is what the policy starts from, and a switch is added to it.
    #[test]
    fn a_level_is_where_the_policy_starts() {
        let catalogue = portcullis::catalogue();
        let mut flags = grants(&[], &["npc:write"]);
        flags.level.level = SecurityLevel::Strict;
        flags.switches = vec!["secret:read".to_owned()];
        let policy = flags.policy(&catalogue).unwrap();
        assert!(policy.deny.contains("npc:write") && policy.deny.contains("plugin:call"));
        assert!(policy.switched_on.contains("secret:read"));
        flags.switches = vec!["secrets:read".to_owned()];
        assert!(flags.policy(&catalogue).is_err());
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
