//! The three worlds that come with this crate: one that uses all plugins, one that uses none, and one that names those that it uses.

use crate::load::Source;

/// The files of the example worlds: 200 NPCs in all.
pub fn sources() -> Vec<Source> {
    [
        ("worlds/abbey.json", include_str!("../worlds/abbey.json")),
        ("worlds/court.json", include_str!("../worlds/court.json")),
        (
            "worlds/harbour.json",
            include_str!("../worlds/harbour.json"),
        ),
    ]
    .map(|(file, text)| Source {
        file: file.to_owned(),
        text: text.to_owned(),
    })
    .into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use portcullis::EnabledPlugins;

    use super::*;
    use crate::load;

    /// Proves E17's three cases have a world each, and that the files are whole.
    #[test]
    fn three_worlds_of_200_npcs() {
        let worlds = load::parse_all(sources()).unwrap();
        assert_eq!(
            worlds.iter().map(|world| world.npcs.len()).sum::<usize>(),
            200
        );
        assert!(worlds.iter().all(|world| world.sessions.len() > 1));
        let enabled: Vec<_> = worlds
            .iter()
            .map(|world| (*world.enabled).clone())
            .collect();
        assert!(
            matches!(&enabled[..], [EnabledPlugins::Only(none), EnabledPlugins::Only(some), EnabledPlugins::All]
            if none.is_empty() && some.len() == 3)
        );
    }
}
