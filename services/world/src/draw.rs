//! Chance that is the same each time: numbers that follow from a seed and from what they are drawn for.

/// A row of numbers for one NPC in one tick. What others draw, and in which order, does not matter to it.
///
/// Written out rather than taken from a crate, whose next version may draw other numbers. It is not for secrets.
pub(crate) struct Draw(u64);

impl Draw {
    /// The row for the NPC `npc` of the world `world` in a tick.
    pub(crate) fn new(seed: u64, tick: u64, world: &str, npc: &str) -> Self {
        let length = world.len() as u64;
        // The length tells where one id ends, so that no two pairs of ids make the same row.
        let numbers = [seed, tick, length].map(u64::to_le_bytes);
        let bytes = numbers
            .iter()
            .flatten()
            .chain(world.as_bytes())
            .chain(npc.as_bytes());
        // FNV-1a.
        let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// The next number, from 0 up to but not including 1.
    pub(crate) fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The 53 bits that a float holds exactly.
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_follows_from_what_it_is_drawn_for() {
        let row = |seed, tick, world, npc| {
            let mut draw = Draw::new(seed, tick, world, npc);
            [draw.next(), draw.next(), draw.next()]
        };
        let first = row(1, 0, "a", "b");
        assert_eq!(first, row(1, 0, "a", "b"));
        for other in [
            row(2, 0, "a", "b"),
            row(1, 1, "a", "b"),
            row(1, 0, "ab", ""),
            row(1, 0, "", "ab"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let mut tenths = [0_u32; 10];
        for npc in 0..10_000 {
            let number = Draw::new(1, 7, "world", &format!("npc-{npc}")).next();
            assert!((0.0..1.0).contains(&number));
            if let Some(count) = tenths.get_mut((number * 10.0) as usize) {
                *count += 1;
            }
        }
        assert!(
            tenths.iter().all(|count| (850..1150).contains(count)),
            "{tenths:?}"
        );
    }
}
