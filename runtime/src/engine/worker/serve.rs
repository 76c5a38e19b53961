//! The worker's side: reads one component, compiles it, writes the code, and ends.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::frame::{Reply, Request, TEXT_BYTES};
use super::limits::STACK_BYTES;
use crate::engine::cache::settings;
use crate::engine::config::config;

/// The `main` of a compile worker: reads a component from stdin, writes its native code to stdout. To be called first thing, before the program
/// opens anything: what it has inherited besides the standard streams is closed.
#[must_use]
pub fn serve() -> ExitCode {
    match try_serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A host does not listen. A user may have started it by hand.
            let _nobody_listens = writeln!(
                io::stderr(),
                "{error}; a host starts this program to compile plugins, see `HostBuilder::compile_worker`"
            );
            ExitCode::from(2)
        }
    }
}

fn try_serve() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        super::limits::close_others()?;
        super::limits::bind_self()?;
    }
    let mut stdin = io::stdin().lock();
    let request = Request::read(&mut stdin)?;
    let mut component = Vec::new();
    stdin.take(request.len).read_to_end(&mut component)?;
    if component.len() as u64 != request.len || *Sha256::digest(&component) != request.digest {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the component is not the one that was announced",
        ));
    }
    let compiling = thread::Builder::new().stack_size(STACK_BYTES);
    let compiling = compiling.spawn(move || compile(&request, &component))?;
    match compiling.join() {
        Ok(reply) => reply.write(&mut io::stdout().lock()),
        Err(_) => Err(io::Error::other("the compiler panicked")),
    }
}

fn compile(request: &Request, component: &[u8]) -> Reply {
    let compile = || -> wasmtime::Result<_> {
        // No pool: it reserves address space, and does not matter to the code.
        let engine = Engine::new(&config(request.metering, false))?;
        let code = Component::from_binary(&engine, component)?.serialize()?;
        Ok((settings(&engine), code))
    };
    match compile() {
        Ok((_, code)) if code.len() as u64 > request.output_bytes => Reply::TooBig,
        Ok((settings, code)) => Reply::Code { settings, code },
        Err(error) => {
            let mut text = format!("{error:#}");
            text.truncate(text.floor_char_boundary(TEXT_BYTES));
            Reply::Refused(text)
        }
    }
}
