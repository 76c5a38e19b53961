//! Compiling in a process of its own.
//!
//! No scan tells how long a compiler takes, how much memory, or whether it crashes. So a plugin is compiled by a program that the embedder names, one
//! process a compilation, with limits on its time, memory and output. The program is `portcullis-compile`, whose `main` is [`serve`]; the host
//! never starts itself. A process gets nothing but the component, no environment and no open file, and dies with the load that it is for.

mod frame;
mod leash;
mod limits;
mod parent;
mod serve;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

pub(crate) use leash::Leash;
pub use limits::CompileLimits;
pub use serve::serve;

/// The program that compiles plugins, and its limits. A clone shares the turns: however many hosts have it, no more processes run at once than
/// [`CompileLimits::at_once`].
///
/// On Linux all limits hold for any program, as the host sets them before it sends the first byte. Elsewhere the host bounds the wall time and the
/// output, and the program bounds its own memory and processor time where the system can.
#[derive(Clone, Debug)]
pub struct CompileWorker {
    program: PathBuf,
    limits: CompileLimits,
    turns: Arc<Semaphore>,
}

impl CompileWorker {
    /// Has plugins compiled by this program, within the default limits. It is `portcullis-compile` of the same version of Portcullis (`cargo install
    /// portcullis-worker`), or a program of your own whose `main` calls [`serve`]. What it writes is run as native code, so it must be as
    /// trusted as the host.
    ///
    /// # Errors
    /// The path is not absolute, or there is no file.
    pub fn new(program: impl Into<PathBuf>) -> io::Result<Self> {
        let program = program.into();
        check(&program)?;
        Ok(Self::of(program, CompileLimits::default()))
    }

    /// With these limits in place of the ones before.
    #[must_use]
    pub fn limits(self, limits: CompileLimits) -> Self {
        Self::of(self.program, limits)
    }

    fn of(program: PathBuf, limits: CompileLimits) -> Self {
        let turns = (limits.at_once as usize).clamp(1, Semaphore::MAX_PERMITS);
        let turns = Arc::new(Semaphore::new(turns));
        Self {
            program,
            limits,
            turns,
        }
    }

    /// The turns of those who compile at once.
    pub(super) fn turns(&self) -> &Arc<Semaphore> {
        &self.turns
    }
}

fn check(program: &Path) -> io::Result<()> {
    let refuse = |kind, why: &str| {
        let program = program.display();
        let message = format!(
            "`{program}` cannot compile plugins: {why}; name `portcullis-compile` by its absolute path"
        );
        Err(io::Error::new(kind, message))
    };
    if !program.is_absolute() {
        // Whoever can change the directory would choose the program.
        return refuse(io::ErrorKind::InvalidInput, "the path is not absolute");
    }
    match program.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => refuse(io::ErrorKind::InvalidInput, "it is no file"),
        Err(error) => refuse(error.kind(), &error.to_string()),
    }
}
