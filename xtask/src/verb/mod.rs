//! The verbs. Adding one is a file here with its `Options`, and a line in the list below; its help is the doc comment of its `Options`.

mod bench;
mod build;
mod commands;
mod demo;
mod docs;
mod events;
mod explain;
mod fuzz;
mod history;
mod hooks;
mod levels;
mod permissions;
mod run;
mod schema;
mod soak;
mod state;
mod test;
mod validate;

use crate::error::CliError;
use crate::status::Status;
use crate::terminal::Terminal;

pub(crate) use permissions::opens;
pub(crate) use test::check;

macro_rules! verbs {
    ($($name:ident = $module:ident),+ $(,)?) => {
        /// What the command line does.
        #[derive(clap::Subcommand)]
        pub(crate) enum Verb {
            $(
                #[allow(missing_docs)]
                $name($module::Options),
            )+
        }

        impl Verb {
            /// Does it.
            ///
            /// # Errors
            /// Why it was not done.
            pub(crate) fn run(&self, terminal: &Terminal) -> Result<Status, CliError> {
                match self {
                    $(Self::$name(options) => $module::run(options, *terminal),)+
                }
            }
        }
    };
}

verbs![
    Build = build,
    Validate = validate,
    Explain = explain,
    Run = run,
    Hooks = hooks,
    Events = events,
    Commands = commands,
    Permissions = permissions,
    Levels = levels,
    Demo = demo,
    State = state,
    History = history,
    Test = test,
    Bench = bench,
    Soak = soak,
    Fuzz = fuzz,
    Schema = schema,
    Docs = docs,
];
