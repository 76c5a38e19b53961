//! `run`: a program with a `main`, built for wasm32-wasip2. It runs under the same limits as any other call.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};
use wasmtime_wasi::p2::bindings::{Command, CommandIndices};

use crate::capability::{Ctx, NoScope};
use crate::engine::{Extension, Typed};
use crate::permission::ExtensionDescriptor;

/// The extension `run`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run;

/// The request to run the program's `main`. It gets no arguments.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Main {}

impl Extension for Run {
    type Contribution = NoScope;
    type Bound = CommandIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "run",
        summary: "A program's `main`, as in any `wasi:cli/run` component.",
        wit: "// https://github.com/WebAssembly/WASI/blob/main/wasip2/cli/run.wit",
        export: "wasi:cli/run",
        version: "0.2.12",
        permission: None,
        scope: None,
        operations: &["run"],
        contribution: None,
        on_match: false,
        on_failure: "nothing else happens",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<CommandIndices> {
        CommandIndices::new(pre)
    }
}

impl Typed for Run {
    type Request = Main;
    type Reply = ();
    type Exports = Command;

    fn exports(
        bound: &CommandIndices,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Command> {
        bound.load(store, instance)
    }

    fn operation(_: &Main) -> Arc<str> {
        Arc::from("run")
    }

    async fn enter(
        exports: &Command,
        store: &mut Store<Ctx>,
        _: &Main,
    ) -> wasmtime::Result<Result<(), String>> {
        let ended = exports.wasi_cli_run().call_run(&mut *store).await;
        match ended {
            // A program that leaves by `exit(0)` has ended well. Its instance was left in the middle of a call, and takes no other.
            Err(error)
                if error
                    .downcast_ref::<wasmtime_wasi::I32Exit>()
                    .is_some_and(|exit| exit.0 == 0) =>
            {
                store.data_mut().spend();
                Ok(Ok(()))
            }
            Err(error) => Err(error),
            Ok(result) => Ok(result.map_err(|()| "the program ended with failure".to_owned())),
        }
    }
}
