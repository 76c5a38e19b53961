/// The longest key that the host takes, in bytes.
const MAX_KEY: usize = 128;

/// The key of something in a world, for example of a user: `kind/<world>/<of>`. All worlds share a plugin's store; with such keys what belongs
/// to one does not meddle with another's. Of the world it holds a digest, since an id may be long, and of what would be too long besides,
/// too. Scopes name it as `kind/*`; a `kind` has at most 90 bytes.
pub fn world_key(kind: &str, world: &str, of: &str) -> String {
    let world = digest(world);
    let key = format!("{kind}/{world:016x}/{of}");
    match key.len() <= MAX_KEY {
        true => key,
        false => format!("{kind}/{world:016x}/%{:016x}", digest(of)),
    }
}

/// FNV-1a: it need not withstand anybody, since operators name worlds.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Worlds are apart, and no key is longer than the host takes.
    #[test]
    fn keys_of_worlds() {
        assert_eq!(world_key("count", "", "ada"), "count/cbf29ce484222325/ada");
        assert_ne!(
            world_key("count", "a", "ada"),
            world_key("count", "b", "ada")
        );
        let long = "x".repeat(128);
        let other = format!("{}y", "x".repeat(127));
        let keys = [("a", &long), ("b", &long), ("a", &other), (&long, &other)]
            .map(|(world, of)| world_key("count", world, of));
        assert!(keys.iter().all(|key| key.len() <= MAX_KEY), "{keys:?}");
        assert_eq!(BTreeSet::from(keys).len(), 4);
    }
}
