//! Reads files through std, which imports `wasi:filesystem`.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct FileReader;

impl Conditions for FileReader {
    /// True if there is any file or directory to be seen.
    fn evaluate(&self, name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        match name {
            "read-files" => Ok(["/", ".", "/etc", "/tmp"]
                .iter()
                .any(|path| std::fs::read_dir(path).is_ok())
                || ["/etc/passwd", "/proc/self/environ", "Cargo.toml"]
                    .iter()
                    .any(|path| std::fs::read(path).is_ok())
                || std::fs::write("/tmp/portcullis", "x").is_ok()),
            other => Err(Failure::unknown(other)),
        }
    }
}

portcullis_sdk::plugin!(FileReader: conditions);
