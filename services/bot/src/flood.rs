//! How often a user may write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Of how many users is known that they wrote. Beyond it whoever was quiet longest is forgotten, and may write at once.
const MAX_USERS: usize = 10_000;

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is heard.
    Heard,
    /// It is one too many, and the user is told so.
    Told,
    /// The user was told already: it is dropped.
    Dropped,
}

/// A bucket for each user: a message takes one of `burst` drops, and each `refill_ms` one drops in.
pub(crate) struct Flood {
    burst: u64,
    refill_ms: u64,
    users: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    /// When it would be full if nothing more is taken.
    full_ms: u64,
    told: bool,
}

impl Flood {
    pub(crate) fn new(burst: u32, refill_ms: u64) -> Self {
        Self {
            burst: u64::from(burst.max(1)),
            refill_ms: refill_ms.max(1),
            users: Mutex::default(),
        }
    }

    pub(crate) fn verdict(&self, user: &str, now_ms: u64) -> Verdict {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= MAX_USERS && !users.contains_key(user) {
            make_room(&mut users, now_ms);
        }
        let bucket = users.entry(user.to_owned()).or_insert(Bucket {
            full_ms: now_ms,
            told: false,
        });
        let full_ms = bucket.full_ms.max(now_ms).saturating_add(self.refill_ms);
        if full_ms <= now_ms.saturating_add(self.burst.saturating_mul(self.refill_ms)) {
            *bucket = Bucket {
                full_ms,
                told: false,
            };
            return Verdict::Heard;
        }
        match std::mem::replace(&mut bucket.told, true) {
            false => Verdict::Told,
            true => Verdict::Dropped,
        }
    }
}

fn make_room(users: &mut HashMap<String, Bucket>, now_ms: u64) {
    users.retain(|_, bucket| bucket.full_ms > now_ms);
    if users.len() >= MAX_USERS {
        let quiet = users.iter().min_by_key(|(_, bucket)| bucket.full_ms);
        if let Some(user) = quiet.map(|(user, _)| user.clone()) {
            users.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E10: a user who floods is told once and then dropped, others are heard, and time heals.
    #[test]
    fn a_flood_is_told_once() {
        let flood = Flood::new(2, 100);
        let verdicts = |user, now_ms, count| {
            (0..count)
                .map(|_| flood.verdict(user, now_ms))
                .collect::<Vec<_>>()
        };
        use Verdict::{Dropped, Heard, Told};
        assert_eq!(
            verdicts("ada", 0, 5),
            [Heard, Heard, Told, Dropped, Dropped]
        );
        assert_eq!(verdicts("bob", 0, 1), [Heard]);
        assert_eq!(verdicts("ada", 99, 1), [Dropped]);
        assert_eq!(verdicts("ada", 100, 2), [Heard, Told]);
        assert_eq!(verdicts("ada", 10_000, 3), [Heard, Heard, Told]);
    }

    #[test]
    fn users_are_forgotten() {
        let flood = Flood::new(1, 1_000_000);
        for user in 0..MAX_USERS + 5 {
            assert_eq!(
                flood.verdict(&user.to_string(), user as u64),
                Verdict::Heard
            );
        }
        assert_eq!(flood.users.lock().map_or(0, |users| users.len()), MAX_USERS);
        let last = (MAX_USERS + 4).to_string();
        assert_eq!(flood.verdict(&last, 20_000), Verdict::Told);
        assert_eq!(flood.verdict("0", 20_000), Verdict::Heard);
    }
}
