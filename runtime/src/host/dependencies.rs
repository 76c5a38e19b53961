//! The order in which plugins are loaded.

use std::collections::BTreeMap;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use semver::{Version, VersionReq};

use crate::manifest::{Manifest, PluginId};

/// Why a plugin's dependencies keep it from being loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DependencyError {
    /// A dependency is not there.
    #[error("`{plugin}` needs `{dependency}` {range}, which is not there; install it first")]
    Missing {
        /// The plugin.
        plugin: PluginId,
        /// What it needs.
        dependency: PluginId,
        /// In which versions.
        range: VersionReq,
    },
    /// A dependency is there in a version that does not do.
    #[error("`{plugin}` needs `{dependency}` {range}, but version {found} is there")]
    Incompatible {
        /// The plugin.
        plugin: PluginId,
        /// What it needs.
        dependency: PluginId,
        /// In which versions.
        range: VersionReq,
        /// The version that is there.
        found: Version,
    },
    /// Plugins need each other.
    #[error("these plugins need each other in a circle: {}", circle(.0))]
    Cycle(Vec<PluginId>),
    /// A dependency was itself refused.
    #[error("`{plugin}` needs `{dependency}`, which was refused")]
    Refused {
        /// The plugin.
        plugin: PluginId,
        /// What it needs.
        dependency: PluginId,
    },
}

fn circle(ids: &[PluginId]) -> String {
    ids.iter()
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(" -> ")
}

/// What a plugin is called and needs.
pub(super) type Needs<'a> = BTreeMap<&'a PluginId, &'a BTreeMap<PluginId, VersionReq>>;

/// The order in which to load plugins, dependencies first; those in a circle are left out, each with its circle.
pub(super) fn order(needs: &Needs<'_>) -> (Vec<PluginId>, BTreeMap<PluginId, DependencyError>) {
    let mut graph = DiGraphMap::<&PluginId, ()>::new();
    for (plugin, dependencies) in needs {
        graph.add_node(*plugin);
        for dependency in dependencies.keys() {
            if let Some((dependency, _)) = needs.get_key_value(dependency) {
                graph.add_edge(*plugin, *dependency, ());
            }
        }
    }
    let mut order = Vec::new();
    let mut circles = BTreeMap::new();
    // Components come dependencies first; one of several plugins is a circle, and so is a plugin that needs itself.
    for component in tarjan_scc(&graph) {
        match component.as_slice() {
            [one] if !graph.contains_edge(*one, *one) => order.push((*one).clone()),
            several => {
                let mut ids: Vec<PluginId> = several.iter().map(|id| (*id).clone()).collect();
                ids.sort();
                for id in &ids {
                    circles.insert(id.clone(), DependencyError::Cycle(ids.clone()));
                }
            }
        }
    }
    (order, circles)
}

/// Whether all that a plugin needs is there. `version_of` knows the plugins that are there, `refused` those that were to be.
pub(super) fn check(
    plugin: &PluginId,
    dependencies: &BTreeMap<PluginId, VersionReq>,
    version_of: impl Fn(&PluginId) -> Option<Version>,
    refused: impl Fn(&PluginId) -> bool,
) -> Result<(), DependencyError> {
    for (dependency, range) in dependencies {
        let (plugin, dependency, range) = (plugin.clone(), dependency.clone(), range.clone());
        match version_of(&dependency) {
            Some(found) if range.matches(&found) => {}
            Some(found) => {
                return Err(DependencyError::Incompatible {
                    plugin,
                    dependency,
                    range,
                    found,
                });
            }
            None if refused(&dependency) => {
                return Err(DependencyError::Refused { plugin, dependency });
            }
            None => {
                return Err(DependencyError::Missing {
                    plugin,
                    dependency,
                    range,
                });
            }
        }
    }
    Ok(())
}

/// Whether a plugin would need itself, by way of plugins that are there.
pub(super) fn check_circle(plugin: &PluginId, needs: &Needs<'_>) -> Result<(), DependencyError> {
    let (_, mut circles) = order(needs);
    circles.remove(plugin).map_or(Ok(()), Err)
}

/// Whether a plugin that is there can go on with this version of another one.
pub(super) fn check_dependent(
    dependent: &Manifest,
    dependency: &PluginId,
    found: &Version,
) -> Result<(), DependencyError> {
    match dependent.dependencies.get(dependency) {
        Some(range) if !range.matches(found) => Err(DependencyError::Incompatible {
            plugin: dependent.id.clone(),
            dependency: dependency.clone(),
            range: range.clone(),
            found: found.clone(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(id: &str) -> PluginId {
        id.parse().unwrap()
    }

    /// Proves M5: dependencies first; a circle is named and the rest goes on.
    #[test]
    fn circles_are_left_out_and_the_rest_is_ordered() {
        let any = VersionReq::STAR;
        let plugins: BTreeMap<PluginId, BTreeMap<PluginId, VersionReq>> = [
            ("app", vec!["base"]),
            ("base", vec![]),
            ("chicken", vec!["egg"]),
            ("egg", vec!["chicken"]),
        ]
        .into_iter()
        .map(|(name, needs)| {
            (
                id(name),
                needs
                    .into_iter()
                    .map(|need| (id(need), any.clone()))
                    .collect(),
            )
        })
        .collect();
        let (order, circles) = order(&plugins.iter().collect());
        assert_eq!(order, [id("base"), id("app")]);
        assert_eq!(
            circles.get(&id("egg")),
            Some(&DependencyError::Cycle(vec![id("chicken"), id("egg")]))
        );
    }

    /// Proves M5: what is missing or incompatible is named.
    #[test]
    fn missing_and_incompatible_are_told_apart() {
        let needs = BTreeMap::from([(id("base"), VersionReq::parse("^2").unwrap())]);
        let check = |version: Option<&str>, refused| {
            let version = version.map(|v| Version::parse(v).unwrap());
            super::check(&id("app"), &needs, |_| version.clone(), |_| refused)
        };
        assert_eq!(check(Some("2.1.0"), false), Ok(()));
        assert!(matches!(
            check(Some("1.0.0"), false),
            Err(DependencyError::Incompatible { .. })
        ));
        assert!(matches!(
            check(None, false),
            Err(DependencyError::Missing { .. })
        ));
        assert!(matches!(
            check(None, true),
            Err(DependencyError::Refused { .. })
        ));
    }
}
