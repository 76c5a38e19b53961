//! A directory that cannot be left, and the tools that work in it.

mod cancel;
mod work;
mod write;

use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde_json::{Map, Value, json};

use super::{Tool, ToolError};
use cancel::Cancel;
use work::{list, read};
use write::write;

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
        // The work goes on in a thread of its own, which is told when nobody waits for it any more.
        let (cancel, _waits) = Cancel::pair();
        let done = tokio::task::spawn_blocking(move || match work {
            Work::List => list(&directory, &path, &cancel),
            Work::Read => read(&directory, &path, &cancel),
            Work::Write => write(&directory, &path, &text, &cancel),
        });
        done.await
            .unwrap_or_else(|_| Err(ToolError::new("the tool was interrupted")))
    }
}

#[cfg(test)]
mod tests;
