//! The host's side: starts a worker, bounds it, and believes nothing that it says.

use std::io::Write;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

use super::CompileWorker;
use super::frame::{Reply, Request, Unread};
use super::leash::{Leash, Running};
use super::limits::{STACK_BYTES, THREADS};
use crate::engine::cache::settings;
use crate::engine::config::Metering;
use crate::engine::error::PrepareError;
use crate::package::{Package, visible};

/// How long a process that has closed its output may take to end, so that it can be told how it ended.
const ENDING: Duration = Duration::from_secs(1);

impl CompileWorker {
    /// Has a package compiled. Blocks up to the wall time. Whatever comes of it, the process has ended.
    pub(in crate::engine) fn compile(
        &self,
        package: &Package,
        metering: Metering,
        engine: &Engine,
        leash: &Leash,
    ) -> Result<Vec<u8>, PrepareError> {
        if leash.is_cut() {
            return Err(failed("nobody waits for it any more"));
        }
        let until = Instant::now() + Duration::from_millis(self.limits.wall_ms);
        let mut child = self.start()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        #[cfg(target_os = "linux")]
        let id = rustix::process::Pid::from_child(&child);
        let running = leash.hold(child);
        #[cfg(target_os = "linux")]
        super::limits::bind(id, self.limits.memory_bytes, self.limits.cpu_s)
            .map_err(|error| failed(format!("its process cannot be bounded: {error}")))?;
        let (stdin, stdout) = pipes.ok_or_else(|| failed("its process has no pipes"))?;
        let request = Request::new(package, metering, &self.limits);
        let reply = talk(request, package.clone(), stdin, stdout)?;
        match reply.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(Reply::Code { settings: of, .. })) if of != settings(engine) => {
                let why = "it is of another version of Portcullis, or has other settings";
                Err(PrepareError::WorkerLied { why })
            }
            Ok(Ok(Reply::Code { code, .. })) => Ok(code),
            Ok(Ok(Reply::Refused(text))) => {
                let text: String = text.chars().map(visible).collect();
                Err(PrepareError::engine(wasmtime::Error::msg(text)))
            }
            Ok(Ok(Reply::TooBig) | Err(Unread::TooBig)) => Err(PrepareError::CompileTooBig {
                limit: self.limits.output_bytes,
            }),
            Ok(Err(Unread::Lie(why))) => Err(PrepareError::WorkerLied { why }),
            Ok(Err(Unread::Short)) => Err(self.why_short(&running, until)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.timed_out("ms", self.limits.wall_ms)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(failed("its reply was not read")),
        }
    }

    /// Starts the program with nothing of the host's: no environment, no directory, no descriptors but two pipes.
    fn start(&self) -> Result<Child, PrepareError> {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("RAYON_NUM_THREADS", THREADS)
            .env("RUST_MIN_STACK", STACK_BYTES.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // A group of its own is killed as one, and is not the terminal's.
            command.current_dir("/").process_group(0);
        }
        command
            .spawn()
            .map_err(|error| PrepareError::WorkerMissing {
                program: self.program.clone(),
                why: error.to_string(),
            })
    }

    /// Why a reply ended too early.
    fn why_short(&self, running: &Running<'_>, until: Instant) -> PrepareError {
        let left = until.saturating_duration_since(Instant::now());
        let Some(status) = running.ended_within(left.min(ENDING)) else {
            let why = "it ends within";
            return PrepareError::WorkerLied { why };
        };
        if signal(status) == Some(SIGXCPU) {
            return self.timed_out("s of processor time", self.limits.cpu_s);
        }
        let mib = self.limits.memory_bytes >> 20;
        failed(match status.success() {
            true => "it ended without a reply".to_owned(),
            false => format!("it ended by {status}, perhaps for want of more than {mib} MiB"),
        })
    }

    fn timed_out(&self, unit: &'static str, limit: u64) -> PrepareError {
        PrepareError::CompileTimedOut { limit, unit }
    }
}

const SIGXCPU: i32 = 24;

fn signal(status: ExitStatus) -> Option<i32> {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    return status.code().and(None);
}

fn failed(text: impl Into<String>) -> PrepareError {
    let text = text.into();
    PrepareError::CompilerFailed { text }
}

type ReplyRead = Result<Reply, Unread>;

/// Sends the request and reads the reply, each in a thread: either may wait for a process that does not read, or does not write. The threads end
/// with the process.
fn talk(
    request: Request,
    package: Package,
    mut stdin: ChildStdin,
    mut stdout: ChildStdout,
) -> Result<mpsc::Receiver<ReplyRead>, PrepareError> {
    let (tell, told) = mpsc::channel();
    let thread = |name: &str| thread::Builder::new().name(name.to_owned());
    let no_thread = |error| failed(format!("the host has no thread for it: {error}"));
    let read = move || {
        let reply = Reply::read(&mut stdout, request.output_bytes);
        // Nobody listens once the time is over.
        let _late = tell.send(reply);
    };
    thread("compile-reply").spawn(read).map_err(no_thread)?;
    let write = move || {
        // Of a process that does not read to the end, the reply tells.
        let _unread = request
            .write(&mut stdin)
            .and_then(|()| stdin.write_all(package.bytes()));
    };
    thread("compile-request").spawn(write).map_err(no_thread)?;
    Ok(told)
}
