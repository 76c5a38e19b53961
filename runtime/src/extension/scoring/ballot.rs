//! Which of several overrides counts.

use std::collections::BTreeMap;

use super::{Candidate, Override};

/// What each activity's score was set to, if it was.
pub(super) struct Ballot<'a>(BTreeMap<&'a str, Option<f64>>);

impl<'a> Ballot<'a> {
    pub(super) fn new(candidates: &'a [Candidate]) -> Self {
        let activities = candidates.iter().map(|one| (&*one.activity, None));
        Self(activities.collect())
    }

    /// Takes overrides, those of a higher priority before those of a lower one: what was set stays.
    pub(super) fn take<'b>(&mut self, overrides: impl Iterator<Item = &'b Override>) {
        for one in overrides {
            if let Some(score) = self.0.get_mut(&*one.activity) {
                score.get_or_insert(one.score);
            }
        }
    }

    /// Puts what was set into the candidates' scores.
    pub(super) fn count(&self, candidates: &[Candidate], scores: &mut [f64]) {
        for (candidate, score) in candidates.iter().zip(scores) {
            let set = self.0.get(&*candidate.activity).copied().flatten();
            *score = set.unwrap_or(*score);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(activity: &str, score: f64) -> Candidate {
        Candidate {
            activity: activity.into(),
            location: None,
            score,
        }
    }

    fn set(activity: &str, score: f64) -> Override {
        Override {
            activity: activity.to_owned(),
            score,
        }
    }

    /// Proves E5: the first override of an activity counts, for each candidate of that name; unknown ones count for nothing.
    #[test]
    fn what_was_set_stays() {
        let candidates = [
            candidate("work", 1.0),
            candidate("dance", 2.0),
            candidate("dance", 3.0),
        ];
        let mut ballot = Ballot::new(&candidates);
        ballot.take([set("dance", 0.0), set("dance", 9.0), set("hide", 5.0)].iter());
        ballot.take([set("dance", 7.0)].iter());
        let mut scores = [1.0, 2.0, 3.0];
        ballot.count(&candidates, &mut scores);
        assert_eq!(scores, [1.0, 0.0, 0.0]);
    }
}
