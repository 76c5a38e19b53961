//! A directory that cannot be left, and the tools that work in it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde_json::{Map, Value, json};

use super::{Tool, ToolError};

/// The longest file that is read or written. What the model sees of it is cut further: see [`Bounds`](crate::Bounds).
const FILE_BYTES: u64 = 256 * 1024;

/// How many files are listed.
const LISTED: usize = 500;

/// How deep directories are listed: directories may be nested without end.
const DEPTH: usize = 16;

/// A directory that a model's tools work in. Paths and links that lead out of it lead nowhere.
#[derive(Clone)]
pub struct Directory(Arc<Dir>);

impl Directory {
    /// The directory at this path of the machine.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let directory = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self(Arc::new(directory)))
    }

    /// `list_files` and `read_file`.
    pub fn reading(&self) -> Vec<Box<dyn Tool>> {
        vec![self.tool(Work::List), self.tool(Work::Read)]
    }

    /// `write_file` too.
    pub fn writing(&self) -> Vec<Box<dyn Tool>> {
        let mut tools = self.reading();
        tools.push(self.tool(Work::Write));
        tools
    }

    fn tool(&self, work: Work) -> Box<dyn Tool> {
        Box::new(FileTool {
            directory: Arc::clone(&self.0),
            work,
        })
    }
}

#[derive(Clone, Copy)]
enum Work {
    List,
    Read,
    Write,
}

struct FileTool {
    directory: Arc<Dir>,
    work: Work,
}

#[async_trait]
impl Tool for FileTool {
    fn name(&self) -> &str {
        match self.work {
            Work::List => "list_files",
            Work::Read => "read_file",
            Work::Write => "write_file",
        }
    }

    fn description(&self) -> &str {
        match self.work {
            Work::List => {
                "Lists the files of a directory and of those below it, one path a line, with sizes in bytes."
            }
            Work::Read => "Reads a text file.",
            Work::Write => {
                "Writes a text file, in place of what it held before. Directories that are missing are made."
            }
        }
    }

    fn parameters(&self) -> Value {
        let path = |what: &str| json!({"type": "string", "minLength": 1, "maxLength": 1024, "description": what});
        let (properties, required) = match self.work {
            Work::List => {
                let path = path("The directory, for example `src`; all files without it.");
                (json!({"path": path}), json!([]))
            }
            Work::Read => {
                let path = path("The file's path, for example `src/main.rs`.");
                (json!({"path": path}), json!(["path"]))
            }
            Work::Write => {
                let path = path("The file's path, for example `notes/plan.md`.");
                let text =
                    json!({"type": "string", "description": "All that the file is to hold."});
                (json!({"path": path, "text": text}), json!(["path", "text"]))
            }
        };
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    async fn run(&self, arguments: Map<String, Value>) -> Result<String, ToolError> {
        let (directory, work) = (Arc::clone(&self.directory), self.work);
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        let path = text("path").unwrap_or(".").to_owned();
        let text = text("text").unwrap_or_default().to_owned();
        let done = tokio::task::spawn_blocking(move || match work {
            Work::List => list(&directory, &path),
            Work::Read => read(&directory, &path),
            Work::Write => write(&directory, &path, &text),
        });
        done.await
            .unwrap_or_else(|_| Err(ToolError::new("the tool was interrupted")))
    }
}

/// What went wrong with a path, without anything of the machine.
fn failed(path: &str, error: &io::Error) -> ToolError {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory",
        io::ErrorKind::PermissionDenied => {
            "it may not be opened: paths stay below the working directory, without `..` at their beginning"
        }
        io::ErrorKind::IsADirectory => "it is a directory",
        io::ErrorKind::NotADirectory => "it is no directory",
        io::ErrorKind::InvalidData => "it holds something else than text",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "there is no room left",
        _ => "it cannot be used",
    };
    tracing::debug!(path, %error, "a tool failed");
    ToolError::new(format!("{path}: {why}"))
}

fn read(directory: &Dir, path: &str) -> Result<String, ToolError> {
    let fail = |error: io::Error| failed(path, &error);
    let metadata = directory.metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        return Err(fail(io::ErrorKind::IsADirectory.into()));
    }
    // Reading a pipe would wait for whoever writes into it.
    if !metadata.is_file() {
        return Err(ToolError::new(format!("{path}: it is no regular file")));
    }
    let file = directory.open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    // One byte more tells that there is more; the size may have changed since it was looked up.
    file.take(FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(ToolError::new(format!(
            "{path}: it has more than {FILE_BYTES} bytes"
        )));
    }
    String::from_utf8(bytes).map_err(|_| fail(io::ErrorKind::InvalidData.into()))
}

fn write(directory: &Dir, path: &str, text: &str) -> Result<String, ToolError> {
    let fail = |error: io::Error| failed(path, &error);
    if text.len() as u64 > FILE_BYTES {
        return Err(ToolError::new(format!(
            "the text has more than {FILE_BYTES} bytes"
        )));
    }
    let at = Path::new(path);
    if let Some(parent) = at.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        directory.create_dir_all(parent).map_err(fail)?;
    }
    let is_special = directory
        .metadata(path)
        .is_ok_and(|metadata| !metadata.is_file());
    if is_special {
        return Err(ToolError::new(format!("{path}: it is no regular file")));
    }
    // Beside it and then renamed: whoever reads it meanwhile, or after a crash, finds the old text or the new one.
    let mut name = at
        .file_name()
        .ok_or_else(|| ToolError::new(format!("{path}: it names no file")))?
        .to_owned();
    name.push(".new");
    let beside: PathBuf = at.with_file_name(name);
    directory.write(&beside, text).map_err(fail)?;
    directory.rename(&beside, directory, at).map_err(fail)?;
    Ok(format!("{} bytes were written to {path}", text.len()))
}

fn list(directory: &Dir, path: &str) -> Result<String, ToolError> {
    let root = directory
        .open_dir(path)
        .map_err(|error| failed(path, &error))?;
    let mut lines = Vec::new();
    let is_whole = walk(&root, Path::new(""), DEPTH, &mut lines);
    lines.sort();
    if !is_whole {
        lines.push(format!(
            "[there is more: at most {LISTED} files are listed, {DEPTH} directories deep]"
        ));
    }
    match lines.is_empty() {
        true => Ok("there are no files".to_owned()),
        false => Ok(lines.join("\n")),
    }
}

/// Lists what is below; whether that is all. Links are not followed, and what cannot be read is passed over.
fn walk(directory: &Dir, at: &Path, depth: usize, lines: &mut Vec<String>) -> bool {
    let Ok(entries) = directory.entries() else {
        return true;
    };
    let mut is_whole = true;
    for entry in entries.flatten() {
        if lines.len() >= LISTED {
            return false;
        }
        let path = at.join(entry.file_name());
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_file() {
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            lines.push(format!("{} ({size})", path.display()));
        } else if kind.is_dir() {
            is_whole &= match (depth.checked_sub(1), entry.open_dir()) {
                (Some(depth), Ok(below)) => walk(&below, &path, depth, lines),
                (None, _) => false,
                (_, Err(_)) => true,
            };
        }
    }
    is_whole
}

#[cfg(test)]
mod tests;
