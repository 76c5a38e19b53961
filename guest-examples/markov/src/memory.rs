//! Which word follows which. Words lie on shelves by their hash; a shelf has room for so many words and so many bytes, and a word for so
//! many that follow it: what is rare gives way.
//! Nothing of the host is needed for that, so it is tested without one.

use std::collections::BTreeMap;

use portcullis_sdk::json;

/// How many shelves a channel has: the most keys of the plugin's store that it takes.
const SHELVES: u64 = 64;

/// How many bytes a shelf has as JSON. So a channel takes at most 256 KiB of a store that usually has 4 MiB, and one message, which touches at most 61 shelves, may
/// write them all: a call usually writes up to 1 MiB.
const MAX_BYTES: usize = 4 * 1024;

/// How many words a shelf holds.
const MAX_WORDS: usize = 16;

/// How many words may follow one.
const MAX_FOLLOWERS: usize = 16;

/// How long what is said may be, in words.
const MAX_SAID: usize = 25;

/// What stands before the first word of a message, and after the last.
const EDGE: &str = "";

/// How often which word followed which.
pub type Shelf = BTreeMap<String, BTreeMap<String, u32>>;

/// Where shelves stand.
pub trait Shelves {
    /// Why one cannot be reached.
    type Error;
    /// The shelf at a place.
    fn shelf(&mut self, place: usize) -> Result<Shelf, Self::Error>;
    /// Puts it back; false if there is no room for it.
    fn keep(&mut self, place: usize, shelf: &Shelf) -> Result<bool, Self::Error>;
}

/// What is known, as far as it was looked at.
pub struct Memory<S> {
    shelves: S,
    seen: BTreeMap<usize, Shelf>,
}

impl<S: Shelves> Memory<S> {
    /// What stands on these shelves.
    pub fn new(shelves: S) -> Self {
        Self {
            shelves,
            seen: BTreeMap::new(),
        }
    }

    fn shelf(&mut self, word: &str) -> Result<&mut Shelf, S::Error> {
        let place = (hash(word) % SHELVES) as usize;
        if !self.seen.contains_key(&place) {
            let shelf = self.shelves.shelf(place)?;
            self.seen.insert(place, shelf);
        }
        Ok(self.seen.entry(place).or_default())
    }

    /// Learns the words of a message.
    pub fn learn(&mut self, words: &[String]) -> Result<(), S::Error> {
        let mut before = EDGE;
        for word in words.iter().map(String::as_str).chain([EDGE]) {
            let shelf = self.shelf(before)?;
            make_room(shelf, before, MAX_WORDS, |followers| {
                followers.values().sum()
            });
            let followers = shelf.entry(before.to_owned()).or_default();
            make_room(followers, word, MAX_FOLLOWERS, |count| *count);
            let count = followers.entry(word.to_owned()).or_default();
            *count = count.saturating_add(1);
            before = word;
        }
        Ok(())
    }

    /// Puts everything back that was looked at. A shelf for which there is no room is put back with half of what is on it; if that does not help either, it stays as it
    /// was: better to learn nothing from a message than to fail at it.
    pub fn keep(mut self) -> Result<(), S::Error> {
        for (place, shelf) in &mut self.seen {
            shrink(shelf, MAX_BYTES);
            if !self.shelves.keep(*place, shelf)? {
                let half = bytes(shelf) / 2;
                shrink(shelf, half);
                let _has_room = self.shelves.keep(*place, shelf)?;
            }
        }
        Ok(())
    }

    /// Something that might have been said, from a word on if there is one; nothing if nothing is known of it. Another seed says something else.
    pub fn speak(&mut self, from: Option<&str>, seed: u64) -> Result<Vec<String>, S::Error> {
        let mut said: Vec<String> = from.map(str::to_owned).into_iter().collect();
        let mut seed = seed;
        while said.len() < MAX_SAID {
            let before = said.last().map_or(EDGE, String::as_str);
            seed = hash(&format!("{seed} {before}"));
            match self.next(before, seed)? {
                Some(next) if next == EDGE => break,
                Some(next) => said.push(next),
                // A word that was forgotten ends what is said; one that was asked for and never heard is not said at all.
                None if said.len() == 1 && from.is_some() => return Ok(Vec::new()),
                None => break,
            }
        }
        Ok(said)
    }

    /// A word that followed this one, the more often the likelier.
    fn next(&mut self, before: &str, seed: u64) -> Result<Option<String>, S::Error> {
        let Some(followers) = self.shelf(before)?.get(before) else {
            return Ok(None);
        };
        let all: u64 = followers.values().map(|count| u64::from(*count)).sum();
        let mut drawn = seed % all.max(1);
        for (word, count) in followers {
            match drawn.checked_sub(u64::from(*count)) {
                None => return Ok(Some(word.clone())),
                Some(left) => drawn = left,
            }
        }
        Ok(None)
    }
}

/// Takes the rarest out if there is no room for one more.
fn make_room<V>(
    all: &mut BTreeMap<String, V>,
    one_more: &str,
    most: usize,
    weight: impl Fn(&V) -> u32,
) {
    if all.len() < most || all.contains_key(one_more) {
        return;
    }
    let rarest = all.iter().min_by_key(|(_, value)| weight(value));
    if let Some(word) = rarest.map(|(word, _)| word.clone()) {
        all.remove(&word);
    }
}

/// Takes the rarest followers out until the shelf has at most so many bytes, and the words that nothing follows any more.
fn shrink(shelf: &mut Shelf, most: usize) {
    let mut excess = bytes(shelf).saturating_sub(most);
    if excess == 0 {
        return;
    }
    let mut all: Vec<(u32, String, String)> = Vec::new();
    for (word, followers) in &*shelf {
        let each = followers.iter();
        all.extend(each.map(|(follower, count)| (*count, word.clone(), follower.clone())));
    }
    all.sort();
    for (_, word, follower) in all {
        if excess == 0 {
            break;
        }
        if let Some(followers) = shelf.get_mut(&word) {
            followers.remove(&follower);
        }
        // At least: in quotation marks, with a colon and a digit.
        excess = excess.saturating_sub(follower.len() + 4);
    }
    shelf.retain(|_, followers| !followers.is_empty());
}

fn bytes(shelf: &Shelf) -> usize {
    json!(shelf).to_string().len()
}

/// FNV-1a, with its bits mixed once more: its low ones alone are no good for drawing.
fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (fnv ^ (fnv >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::convert::Infallible;

    /// Shelves with room for so many bytes.
    struct Room(BTreeMap<usize, Shelf>, usize);

    impl Default for Room {
        fn default() -> Self {
            Self(BTreeMap::new(), usize::MAX)
        }
    }

    impl Room {
        fn bytes(&self) -> usize {
            self.0.values().map(bytes).sum()
        }
    }

    impl Shelves for &mut Room {
        type Error = Infallible;

        fn shelf(&mut self, place: usize) -> Result<Shelf, Infallible> {
            Ok(self.0.get(&place).cloned().unwrap_or_default())
        }

        fn keep(&mut self, place: usize, shelf: &Shelf) -> Result<bool, Infallible> {
            let before = || self.0.get(&place).map_or(0, bytes);
            if self.1 < usize::MAX && self.bytes() - before() + bytes(shelf) > self.1 {
                return Ok(false);
            }
            self.0.insert(place, shelf.clone());
            Ok(true)
        }
    }

    fn learn(room: &mut Room, text: &str) {
        let mut memory = Memory::new(room);
        memory.learn(&crate::words::of(text)).unwrap();
        memory.keep().unwrap();
    }

    #[test]
    fn what_is_said_follows_what_was_heard() {
        let mut room = Room::default();
        learn(&mut room, "the gate is open");
        learn(&mut room, "the king is asleep");
        let mut said = std::collections::BTreeSet::new();
        for seed in 0..200 {
            said.insert(Memory::new(&mut room).speak(None, seed).unwrap().join(" "));
        }
        let expected = [
            "the gate is asleep",
            "the gate is open",
            "the king is asleep",
            "the king is open",
        ];
        assert_eq!(said.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(
            Memory::new(&mut room).speak(Some("open"), 1).unwrap(),
            ["open"]
        );
        assert!(
            Memory::new(&mut room)
                .speak(Some("dragon"), 1)
                .unwrap()
                .is_empty()
        );
        assert!(
            Memory::new(&mut Room::default())
                .speak(None, 1)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut room = Room::default();
        for n in 0..20_000 {
            learn(&mut room, &format!("w{n} x{} y", n * 7));
        }
        assert!(room.0.len() <= SHELVES as usize);
        assert!(room.0.values().all(|shelf| bytes(shelf) <= MAX_BYTES));
        let words = room.0.values().map(BTreeMap::len).max().unwrap();
        let followers = room
            .0
            .values()
            .flat_map(BTreeMap::values)
            .map(BTreeMap::len)
            .max()
            .unwrap();
        assert!(
            words <= MAX_WORDS && followers <= MAX_FOLLOWERS,
            "{words} {followers}"
        );
        assert!(Memory::new(&mut room).speak(None, 7).unwrap().len() <= MAX_SAID);
    }
    /// The longest words there are: a shelf keeps its bounds, and what is said often outlasts what is said once.
    #[test]
    fn a_shelf_has_few_bytes() {
        let mut room = Room::default();
        for n in 0..100 {
            let long = |m: usize| format!("{:x>32}", n * 60 + m);
            let text: Vec<_> = (0..60).map(long).collect();
            learn(&mut room, &text.join(" "));
            learn(&mut room, "the gate");
        }
        assert!(room.0.values().all(|shelf| bytes(shelf) <= MAX_BYTES));
        assert!(room.bytes() <= SHELVES as usize * MAX_BYTES);
        let said = Memory::new(&mut room).speak(Some("the"), 1).unwrap();
        assert_eq!(said[..2], ["the", "gate"]);
    }

    /// Where there is no room at all the frequent stays, the new is not learnt, and nothing fails.
    #[test]
    fn a_full_store_fails_nobody() {
        let mut room = Room::default();
        for n in 0..40 {
            learn(&mut room, &format!("the gate a{n} b{n} c{n}"));
        }
        room.1 = room.bytes();
        for n in 0..40 {
            learn(&mut room, &format!("the gate d{n} e{n} f{n}"));
            assert!(room.bytes() <= room.1);
        }
        let said = Memory::new(&mut room).speak(Some("the"), 1).unwrap();
        assert_eq!(said[..2], ["the", "gate"]);
    }
}
