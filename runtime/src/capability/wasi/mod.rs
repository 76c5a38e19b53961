//! WASI 0.2, linked interface by interface: what a program built for wasm32-wasip2 cannot do without, and nothing behind it. No
//! preopened directory, no environment, no sockets, a closed stdin; clocks are coarse, and stdout and stderr become log records.

mod clocks;
mod random;
mod stdio;

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks as wasi_clocks, filesystem, random as wasi_random};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiView};

use random::HasDice;

pub(super) use random::Dice;

use super::log_tap::LogTap;
use super::{Capability, Ctx, Granted, NoScope};
use crate::log_record::Source;
use crate::permission::{CapabilityDescriptor, Gate, RawParser};

/// A plugin gets at most this much random data in one call of the host, whatever its budget: making it takes time in which nothing looks at the clock.
const MAX_RANDOM_BYTES: u64 = 64 * 1024;

/// The version of WASI that wasmtime implements; plugins built for an older 0.2 run as well.
const VERSION: &str = "0.2.12";

const fn open(interface: &'static str) -> Gate {
    Gate {
        interface,
        version: VERSION,
        permission: None,
    }
}

/// The interfaces that every plugin may import. Each is linked only where the plugin imports it.
const GATES: &[Gate] = &[
    open("wasi:io/error"),
    open("wasi:io/poll"),
    open("wasi:io/streams"),
    open("wasi:cli/environment"),
    open("wasi:cli/exit"),
    open("wasi:cli/stdin"),
    open("wasi:cli/stdout"),
    open("wasi:cli/stderr"),
    open("wasi:cli/terminal-input"),
    open("wasi:cli/terminal-output"),
    open("wasi:cli/terminal-stdin"),
    open("wasi:cli/terminal-stdout"),
    open("wasi:cli/terminal-stderr"),
    open("wasi:clocks/monotonic-clock"),
    open("wasi:clocks/wall-clock"),
    open("wasi:filesystem/preopens"),
    open("wasi:filesystem/types"),
    open("wasi:random/random"),
    open("wasi:random/insecure"),
    open("wasi:random/insecure-seed"),
];

/// The capability `wasi`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wasi;

impl Capability for Wasi {
    type Scope = NoScope;
    type State = ();
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "wasi",
        summary: "What programs built for wasm32-wasip2 need to start: no files, no environment, no sockets, closed stdin, coarse clocks.",
        wit: "// https://github.com/WebAssembly/WASI/tree/main/wasip2",
        gates: GATES,
        scope: RawParser::of::<NoScope>(),
    };

    fn state(&self, _granted: Granted<'_, NoScope>) {}

    fn link(linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()> {
        link(linker, gate.interface)
    }
}

fn link(l: &mut Linker<Ctx>, interface: &str) -> wasmtime::Result<()> {
    use wasmtime_wasi_io::bindings::wasi::io;

    match interface {
        "wasi:io/error" => {
            io::error::add_to_linker::<Ctx, HasTable>(l, |ctx| WasiView::ctx(ctx).table)
        }
        "wasi:io/poll" => {
            io::poll::add_to_linker::<Ctx, HasTable>(l, |ctx| WasiView::ctx(ctx).table)
        }
        "wasi:io/streams" => {
            io::streams::add_to_linker::<Ctx, HasTable>(l, |ctx| WasiView::ctx(ctx).table)
        }
        "wasi:cli/environment" => cli::environment::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli),
        "wasi:cli/exit" => cli::exit::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli),
        "wasi:cli/stdin" => cli::stdin::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli),
        "wasi:cli/stdout" => cli::stdout::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli),
        "wasi:cli/stderr" => cli::stderr::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli),
        "wasi:cli/terminal-input" => {
            cli::terminal_input::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli)
        }
        "wasi:cli/terminal-output" => {
            cli::terminal_output::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli)
        }
        "wasi:cli/terminal-stdin" => {
            cli::terminal_stdin::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli)
        }
        "wasi:cli/terminal-stdout" => {
            cli::terminal_stdout::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli)
        }
        "wasi:cli/terminal-stderr" => {
            cli::terminal_stderr::add_to_linker::<Ctx, WasiCli>(l, Ctx::cli)
        }
        "wasi:clocks/monotonic-clock" => {
            wasi_clocks::monotonic_clock::add_to_linker::<Ctx, WasiClocks>(l, Ctx::clocks)
        }
        "wasi:clocks/wall-clock" => {
            wasi_clocks::wall_clock::add_to_linker::<Ctx, WasiClocks>(l, Ctx::clocks)
        }
        "wasi:filesystem/preopens" => {
            filesystem::preopens::add_to_linker::<Ctx, WasiFilesystem>(l, Ctx::filesystem)
        }
        "wasi:filesystem/types" => {
            filesystem::types::add_to_linker::<Ctx, WasiFilesystem>(l, Ctx::filesystem)
        }
        "wasi:random/random" => wasi_random::random::add_to_linker::<Ctx, HasDice>(l, Ctx::dice),
        "wasi:random/insecure" => {
            wasi_random::insecure::add_to_linker::<Ctx, HasDice>(l, Ctx::dice)
        }
        "wasi:random/insecure-seed" => {
            wasi_random::insecure_seed::add_to_linker::<Ctx, HasDice>(l, Ctx::dice)
        }
        other => Err(wasmtime::Error::msg(format!(
            "`{other}` is no interface of this room"
        ))),
    }
}

/// Names the resource table to `add_to_linker` of `wasi:io`.
struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

/// The WASI side of one instance. A deterministic one has virtual clocks and the same random numbers each time.
pub(crate) fn context(tap: &Arc<LogTap>, deterministic: bool) -> WasiCtx {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(stdio::TapStream::new(tap.clone(), Source::Stdout))
        .stderr(stdio::TapStream::new(tap.clone(), Source::Stderr))
        .max_random_size(MAX_RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false);
    if deterministic {
        wasi.wall_clock(clocks::Virtual::default())
            .monotonic_clock(clocks::Virtual::default())
            .secure_random(StdRng::seed_from_u64(0))
            .insecure_random(StdRng::seed_from_u64(1))
            .insecure_random_seed(2);
    } else {
        wasi.wall_clock(clocks::Coarse::default())
            .monotonic_clock(clocks::Coarse::default());
    }
    wasi.build()
}
