//! How an NPC and a player stand to each other.

use serde::{Deserialize, Serialize};

/// How an NPC and a player stand to each other, or what to add to that. Each number is kept between -100 and 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Relationship {
    /// Liking.
    pub affinity: i32,
    /// Trust.
    pub trust: i32,
    /// Closeness.
    pub intimacy: i32,
}

impl Relationship {
    /// The relationship after a change.
    #[must_use]
    pub fn changed_by(self, change: Self) -> Self {
        let add = |a: i32, b: i32| a.saturating_add(b).clamp(-100, 100);
        Self {
            affinity: add(self.affinity, change.affinity),
            trust: add(self.trust, change.trust),
            intimacy: add(self.intimacy, change.intimacy),
        }
    }
}
