//! Whose fault an end is, as an exit status.

use std::process::ExitCode;

use portcullis::{Blame, Outcome};

/// The exit status of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// All is fine: 0.
    Fine,
    /// The plugin is at fault: 1.
    Plugin,
    /// The command line is at fault: 2.
    CommandLine,
    /// The host is at fault: 3.
    Host,
    /// A program that was run on the user's behalf ended with this status.
    Passed(u8),
}

impl Status {
    /// The status for a call that ended so.
    pub(crate) fn of_outcome(outcome: Outcome) -> Self {
        match (outcome, outcome.blame()) {
            (Outcome::Returned, _) => Self::Fine,
            (_, Some(Blame::Guest)) => Self::Plugin,
            _ => Self::Host,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Plugin => 1,
            Self::CommandLine => 2,
            Self::Host => 3,
            Self::Passed(code) => code,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_the_status_of_whose_doing_they_are() {
        assert_eq!(Status::of_outcome(Outcome::Returned), Status::Fine);
        assert_eq!(Status::of_outcome(Outcome::TimedOut), Status::Plugin);
        assert_eq!(Status::of_outcome(Outcome::GuestError), Status::Plugin);
        assert_eq!(Status::of_outcome(Outcome::HostFault), Status::Host);
        assert_eq!(Status::of_outcome(Outcome::Cancelled), Status::Host);
    }
}
