//! Calls whose commit conflicted run again in line: each in its turn, so that none loses to the others for ever.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::write_set::{Document, WriteSet};

/// Documents share this many places to wait at. Two that share one make their calls wait for each other, which costs time and nothing else.
const PLACES: usize = 64;

/// Where calls wait that want to change the same documents. A first attempt does not wait: most calls meet nobody.
pub(crate) struct Line([Arc<Mutex<()>>; PLACES]);

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
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let place = |document: &Document| {
            usize::try_from(hasher.hash_one(document) % PLACES as u64).unwrap_or(0)
        };
        let mut places: Vec<usize> = set.reads.keys().map(place).collect();
        places.sort_unstable();
        places.dedup();
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
