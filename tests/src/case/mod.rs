//! Golden folders: `tests/cases/<area>/<case>/` holds a `case.toml`, what it comes to in `expected.json`, and, where the case has a plugin of
//! its own, a `plugin.toml` and a `component.wat`.

mod file;
mod outcome;
mod run;

pub use file::Case;
pub use run::run;
