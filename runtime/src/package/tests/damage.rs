//! Random and damaged bytes never panic.

use proptest::prelude::*;

use super::super::*;
use super::plugin;

#[test]
fn every_truncation_is_refused() {
    let bytes = plugin();
    for end in 0..bytes.len() {
        assert!(Package::parse(&bytes[..end]).is_err(), "{end}");
    }
}

#[test]
fn every_flipped_bit_is_answered() {
    let bytes = plugin();
    for at in 0..bytes.len() {
        for bit in [0, 3, 6, 7] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let _ = Package::parse(flipped);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Scan::of(&bytes);
        let _ = Scan::of(&[b"\0asm\x0d\0\x01\0".to_vec(), bytes].concat());
    }

    /// Sections of random small bytes reach deeper into the readers than random bytes do.
    #[test]
    fn random_sections(sections in prop::collection::vec((0_u8..13, prop::collection::vec(0_u8..0x80, 0..40)), 0..12)) {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        for (id, body) in sections {
            bytes.extend(super::section(id, &body));
        }
        let _ = Scan::of(&bytes);
    }

    #[test]
    fn random_damage(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = plugin();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Package::parse(bytes);
    }
}
