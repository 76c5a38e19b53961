//! Calls whose commit conflicted run again in line: each in its turn, so that none loses to the others for ever.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::write_set::{Document, WriteSet};

/// Documents share this many places to wait at. Two that share one make their calls wait for each other, which costs time and nothing else.
const PLACES: usize = 64;

/// A call that depends on more places than this waits at the one after them instead, with the others of its kind: one that holds many would
/// let hardly anybody else move. It may still lose to calls that depend on less.
const MOST_HELD: usize = 8;

/// Where calls wait that want to change the same documents. A first attempt does not wait: most calls meet nobody.
pub(crate) struct Line([Arc<Mutex<()>>; PLACES + 1]);

impl Default for Line {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Arc::default()))
    }
}

/// The places at which a call must wait, in the order in which all calls take them: nobody waits in a circle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places(Vec<usize>);

impl Places {
    /// Those of the documents that a call's commit depends on.
    pub(super) fn of(set: &WriteSet) -> Self {
        Self::of_documents(set.reads.keys())
    }

    fn of_documents<'a>(documents: impl Iterator<Item = &'a Document>) -> Self {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let place = |document: &Document| {
            usize::try_from(hasher.hash_one(document) % PLACES as u64).unwrap_or(0)
        };
        let mut places: Vec<usize> = documents.map(place).collect();
        places.sort_unstable();
        places.dedup();
        if places.len() > MOST_HELD {
            places = vec![PLACES];
        }
        Self(places)
    }
}

/// A call's turn, until it is dropped.
pub(super) struct Turn {
    places: Places,
    _guards: Vec<OwnedMutexGuard<()>>,
}

impl Turn {
    /// Whether the turn covers these places.
    pub(super) fn covers(&self, places: &Places) -> bool {
        places.0.iter().all(|place| self.places.0.contains(place))
    }
}

impl Line {
    /// Waits for the turn of a call. Who came first goes first.
    pub(super) async fn join(&self, places: Places) -> Turn {
        let mut guards = Vec::with_capacity(places.0.len());
        for place in &places.0 {
            if let Some(place) = self.0.get(*place) {
                guards.push(Arc::clone(place).lock_owned().await);
            }
        }
        Turn {
            places,
            _guards: guards,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures_util::FutureExt;

    use super::*;

    fn places(count: usize) -> Places {
        let key = |key: usize| Document::Kv {
            plugin: "keeper".parse().unwrap(),
            key: key.to_string().into(),
        };
        let documents: Vec<_> = (0..count).map(key).collect();
        Places::of_documents(documents.iter())
    }

    /// Proves C3: a call that depends on much holds one place, at which only its like wait; those that depend on little go on.
    #[test]
    fn a_wide_call_holds_nobody_else_up() {
        let line = Line::default();
        assert!((1..=MOST_HELD).contains(&places(MOST_HELD).0.len()));
        let wide = line.join(places(1_000)).now_or_never().unwrap();
        assert_eq!(wide.places, Places(vec![PLACES]));
        assert!(wide.covers(&places(2_000)) && !wide.covers(&places(1)));
        let narrow = line.join(places(MOST_HELD)).now_or_never();
        assert!(narrow.is_some());
        assert!(line.join(places(500)).now_or_never().is_none());
        drop(wide);
        assert!(line.join(places(500)).now_or_never().is_some());
    }
}
