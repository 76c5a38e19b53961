//! The command line as a whole: what all verbs share.

use clap::{Parser, ValueEnum};

use crate::terminal::Terminal;
use crate::verb::Verb;

/// Plugins run under their grant, and every call ends in a receipt.
#[derive(Parser)]
#[command(name = "portcullis", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// How the result is written to stdout. JSON is one object a line.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const AFTER_HELP: &str = "\
Results go to stdout, progress and diagnostics to stderr.
Exit status: 0 fine, 1 the plugin's fault, 2 the command line's, 3 the host's.
PORTCULLIS_LOG sets what is logged, for example `debug` or `portcullis=trace` (default `warn`).";

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Cli {
    /// Where the verb's output goes.
    pub(crate) fn terminal(&self) -> Terminal {
        Terminal::new(self.format)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    /// Clap checks in debug builds that the options of all verbs fit together.
    #[test]
    fn the_options_fit_together() {
        super::Cli::command().debug_assert();
    }
}
