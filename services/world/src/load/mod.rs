//! Reading world files. Whatever is wrong is told by file and line, all of it at once, with what to do.

mod check;
mod convert;
mod routine;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portcullis::problem::{Location, Problem};
use portcullis_state::World;

use crate::file::WorldFile;
use crate::place::{Step, place_of};
use crate::plan::Routine;

/// A world file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, for messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Why worlds cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file or a directory cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or the directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory without a world file.
    #[error("{}: no file there ends in .json; a world is one such file", .0.display())]
    NoWorlds(PathBuf),
    /// World files that are wrong.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The worlds of a directory: one in each file that ends in `.json`, in the order of the files' names.
///
/// # Errors
/// What cannot be read, or everything that is wrong in any of the files.
pub fn read_directory(directory: &Path) -> Result<Vec<World>, LoadError> {
    let failed = |source| LoadError::Read {
        path: directory.to_owned(),
        source,
    };
    let entries = fs::read_dir(directory).map_err(failed)?;
    let paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let mut paths: Vec<_> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(LoadError::NoWorlds(directory.to_owned()));
    }
    parse_all(
        paths
            .iter()
            .map(|path| source(path))
            .collect::<Result<Vec<_>, _>>()?,
    )
}

/// The world of a file.
///
/// # Errors
/// The file cannot be read, or everything that is wrong in it.
pub fn read_file(path: &Path) -> Result<World, LoadError> {
    parse(&source(path)?)
}

fn source(path: &Path) -> Result<Source, LoadError> {
    let text = fs::read_to_string(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(Source {
        file: path.display().to_string(),
        text,
    })
}

/// The worlds of several files; no two have the same id.
///
/// # Errors
/// Everything that is wrong in any of them.
pub fn parse_all(sources: impl IntoIterator<Item = Source>) -> Result<Vec<World>, LoadError> {
    let mut worlds = Vec::new();
    let mut files = BTreeMap::new();
    let mut problems = Vec::new();
    for source in sources {
        match parse(&source) {
            Ok(world) => {
                if let Some(first) = files.insert(world.id.clone(), source.file.clone()) {
                    let place = place_of(
                        &source.file,
                        &source.text,
                        &[Step::Key("world"), Step::Key("id")],
                    );
                    let message = format!("the world `{}` is in {first} as well", world.id);
                    problems.push(
                        Problem::error("duplicate-id", message)
                            .hint("give one of them another id")
                            .at(place),
                    );
                }
                worlds.push(world);
            }
            Err(LoadError::Invalid(found)) => problems.extend(found),
            Err(other) => return Err(other),
        }
    }
    if problems.is_empty() {
        Ok(worlds)
    } else {
        Err(LoadError::Invalid(problems))
    }
}

/// The world of one file.
///
/// # Errors
/// Everything that is wrong in it.
pub fn parse(source: &Source) -> Result<World, LoadError> {
    let document: WorldFile = serde_json::from_str(&source.text).map_err(|error| {
        let location = Location {
            file: source.file.clone(),
            line: u32::try_from(error.line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        };
        let hint =
            "the shapes of a world file stand in the documentation of portcullis_world::file";
        LoadError::Invalid(vec![
            Problem::error("malformed", without_place(&error))
                .hint(hint)
                .at(location),
        ])
    })?;
    check::world(&source.file, &source.text, &document).map_err(LoadError::Invalid)?;
    Ok(convert::world(document))
}

/// The routines of a stored world, checked as those of a file are.
///
/// # Errors
/// Everything that is wrong in them; places are those of the file that the world would be exported as. What its NPCs and sessions are up to
/// is not looked at: the host may change its world as it likes.
pub(crate) fn routines(world: &World) -> Result<BTreeMap<String, Routine>, LoadError> {
    let name = format!("the stored world `{}`", world.id);
    let malformed = |error: serde_json::Error| {
        LoadError::Invalid(vec![Problem::error(
            "malformed",
            format!("{name}: {error}"),
        )])
    };
    let file = convert::file(world).map_err(malformed)?;
    let text = serde_json::to_string_pretty(&file).map_err(malformed)?;
    check::routines(&name, &text, &file).map_err(LoadError::Invalid)
}

/// The file of a stored world, as JSON text: read again, it is the same world.
///
/// # Errors
/// Its routines are none: another program has changed them.
pub fn write(world: &World) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&convert::file(world)?)?;
    text.push('\n');
    Ok(text)
}

/// What serde says, without the place that it adds.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}
