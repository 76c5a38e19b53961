//! A misdeed that runs, and what of it was not as the list says.

use std::sync::Arc;

use portcullis::host::LoadError;
use portcullis::{Outcome, Plugin, Subject};

use super::home::{Home, breaks_out};
use super::{Expected, House, Misdeed};
use crate::rig::Rig;

/// A misdeed at home.
#[derive(Clone)]
pub struct Ready {
    /// The misdeed.
    pub misdeed: Misdeed,
    home: Arc<Home>,
    /// `None` where it was not loaded.
    plugin: Option<Plugin>,
}

impl Ready {
    /// Loads it, unless it is not to be. A plugin that several conditions share is taken from those that are ready.
    pub async fn new(misdeed: Misdeed, home: Arc<Home>, others: &[Self]) -> Self {
        let shares = |other: &&Self| {
            other.misdeed.house == misdeed.house && other.misdeed.id() == misdeed.id()
        };
        let plugin = match (misdeed.expected, others.iter().find(shares)) {
            (Expected::Refused(_), _) => None,
            (_, Some(other)) => other.plugin.clone(),
            (_, None) => load(&home.rig, &misdeed).await.ok(),
        };
        Self {
            misdeed,
            home,
            plugin,
        }
    }

    /// Commits it, and then asks the good plugin of the same host. Tells what was not as expected.
    pub async fn run(self, round: usize) -> Vec<String> {
        let mut wrong = self.commit(round, &[]).await;
        let good = self.home.ask_the_good().await;
        wrong.extend(good.map(|wrong| self.told(round, &wrong)));
        wrong
    }

    /// Commits it. Tells what was not as expected; an end among `also` is.
    pub async fn commit(&self, round: usize, also: &[Outcome]) -> Vec<String> {
        let wrong = match &self.plugin {
            Some(plugin) => self.call(plugin, round, also).await,
            None => self.load(also).await.into_iter().collect(),
        };
        let told = wrong.iter().map(|wrong| self.told(round, wrong));
        told.collect()
    }

    fn told(&self, round: usize, wrong: &str) -> String {
        format!("{}, round {round}: {wrong}", self.misdeed.name)
    }

    async fn call(&self, plugin: &Plugin, round: usize, also: &[Outcome]) -> Vec<String> {
        // A warm instance serves one session of one world: let it see that there are others.
        let (world, session) = match (self.misdeed.house, round % 4) {
            (House::Warm, 1) => ("beta", "s1"),
            (House::Warm, 2) => ("alpha", "shared"),
            (House::Warm, 3) => ("beta", "shared"),
            _ => ("alpha", "s1"),
        };
        let about = Subject::world(world).session(session).npc("ada");
        let (condition, asked) = (self.misdeed.condition(), (self.misdeed.asked)());
        let receipt = self.home.ask(plugin, about, condition, asked).await;
        let expected = self.misdeed.expected;
        let as_expected = match expected {
            Expected::Ends(outcomes, blame) => {
                outcomes.contains(&receipt.outcome) && receipt.blame == Some(blame)
            }
            Expected::Replies(reply) => receipt.reply == Some(reply) && receipt.blame.is_none(),
            Expected::Refused(_) => false,
        };
        let as_expected = as_expected || also.contains(&receipt.outcome);
        let told = receipt.to_string();
        let own = self.misdeed.id();
        let left = self.home.rig.state.flag(world, session, &own, "mark");
        let wrong = [
            (!as_expected).then(|| format!("{told}; expected: {expected}")),
            breaks_out(&told).then(|| format!("a receipt of more than a line: {told:?}")),
            left.map(|mark| format!("the mark {mark} was left behind")),
        ];
        wrong.into_iter().flatten().collect()
    }

    /// Tries to load it, which is to be refused.
    async fn load(&self, also: &[Outcome]) -> Option<String> {
        let expected = self.misdeed.expected;
        let error = match load(&self.home.rig, &self.misdeed).await {
            Ok(_) => return Some(format!("was loaded; expected: {expected}")),
            Err(error) => error,
        };
        let codes = codes(&error);
        let may = |code: &str| also.iter().any(|outcome| outcome.as_str() == code);
        let as_expected = matches!(expected, Expected::Refused(code) if codes.contains(&code))
            || codes.iter().any(|code| may(code));
        let wrong = !as_expected || breaks_out(&error.to_string());
        wrong.then(|| format!("was refused, {codes:?}: {error:?}; expected: {expected}"))
    }
}

async fn load(rig: &Rig, misdeed: &Misdeed) -> Result<Plugin, LoadError> {
    rig.try_load(misdeed.package()?).await
}

/// The stable names of what is wrong with a plugin that is refused.
fn codes(error: &LoadError) -> Vec<&'static str> {
    match error {
        LoadError::Package(error) => vec![error.code()],
        LoadError::Grant(error) => error.problems.iter().map(|problem| problem.code).collect(),
        LoadError::Lifecycle(receipt) => vec![receipt.outcome.as_str()],
        LoadError::Prepare(_) => vec!["prepare"],
        _ => Vec::new(),
    }
}
