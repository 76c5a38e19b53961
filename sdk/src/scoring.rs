//! Override how likely an NPC chooses each activity. Permission: `behavior:configure_simulation`.

use crate::{Failure, Subject};

crate::bindings::export!("provides-scoring", additional_derives: [PartialEq]);

use bindings::exports::portcullis::plugin::scoring as host;
pub use host::{Candidate, Override};

/// Overrides the scores that the plugin contributes to.
pub trait Scoring {
    /// The scores that `name` sets, for those of the candidates that it has an opinion about. All plugins see the scores as they stood before
    /// any override; where two override one, the higher priority wins. A failure changes nothing; for a name that the plugin does
    /// not know it is [`Failure::unknown`].
    fn rescore(
        &self,
        name: &str,
        subject: &Subject,
        candidates: &[Candidate],
    ) -> Result<Vec<Override>, Failure>;
}

impl Candidate {
    /// Sets the score, for each candidate of this activity: a finite number from 0 on.
    pub fn set(&self, score: f64) -> Override {
        Override {
            activity: self.activity.clone(),
            score,
        }
    }

    /// Sets the score to `factor` times what it is.
    pub fn times(&self, factor: f64) -> Override {
        self.set(self.score * factor)
    }
}

impl<T: Scoring + Default> host::Guest for T {
    fn rescore(
        name: String,
        subject: Subject,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Override>, String> {
        Ok(Scoring::rescore(
            &T::default(),
            &name,
            &subject,
            &candidates,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_names_its_candidate() {
        let dance = Candidate {
            activity: "dance".to_owned(),
            location: None,
            score: 1.5,
        };
        let expected = |score| Override {
            activity: "dance".to_owned(),
            score,
        };
        assert_eq!(dance.set(0.0), expected(0.0));
        assert_eq!(dance.times(2.0), expected(3.0));
    }
}
