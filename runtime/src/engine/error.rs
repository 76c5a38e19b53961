//! Why a plugin cannot be prepared.

use std::path::PathBuf;

use super::config::EngineError;
use crate::log_record::escape_whole;
use crate::manifest::PluginId;
use crate::package::Digest;

/// What the engine says of a component is cut here, in bytes: it may quote any of its names.
const MAX_MESSAGE: usize = 4_096;

/// Why a plugin cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The grant was decided for other bytes.
    #[error(
        "the grant of `{plugin}` was decided for {granted}, but these bytes are {found}; decide again"
    )]
    OtherBytes {
        /// The plugin.
        plugin: PluginId,
        /// The digest in the grant.
        granted: Digest,
        /// The digest of the package.
        found: Digest,
    },
    /// An optional permission was not granted, and the interface has a function that cannot say so.
    #[error(
        "`{permission}` was not granted, and `{interface}.{function}` cannot answer `denied`; ask for it without `optional`"
    )]
    NotDeniable {
        /// The permission.
        permission: &'static str,
        /// The interface.
        interface: String,
        /// The function.
        function: String,
    },
    /// The grant was decided against another catalogue than this host's.
    #[error(
        "this host does not offer `{interface}` as it was decided about; decide the grant against this host's catalogue"
    )]
    NoRoom {
        /// The interface.
        interface: String,
    },
    /// A scope or a contribution cannot be read.
    #[error("{0}")]
    Problem(crate::problem::Problem),
    /// One instance of the plugin would take more slots than a plugin may have at once.
    #[error(
        "an instance of `{plugin}` takes {weight} slots, and a plugin has at most {most}; use fewer memories, tables and nested instances"
    )]
    TooHeavy {
        /// The plugin.
        plugin: PluginId,
        /// The slots.
        weight: u32,
        /// The most that the policy and the engine allow.
        most: u32,
    },
    /// One instance of the plugin would break a limit of the grant as soon as it is made.
    #[error(
        "an instance of `{plugin}` has {count} {what}, and its limit is {limit}; use fewer, or raise the policy's `Limits`"
    )]
    OverLimits {
        /// The plugin.
        plugin: PluginId,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: u64,
        /// The limit.
        limit: u64,
    },
    /// The engine cannot be had.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The component does not compile or link. The text is escaped.
    #[error("the component cannot be prepared: {0:#}")]
    Component(wasmtime::Error),
    /// The host was not told how to compile, and the code is not in its cache.
    #[error(
        "`{plugin}` is not in the compile cache, and this host compiles nothing; name a compile worker with `HostBuilder::compile_worker`, \
         or say `HostBuilder::compile_in_process` if all plugins are your own"
    )]
    NoCompiler {
        /// The plugin.
        plugin: PluginId,
    },
    /// The compile worker cannot be started.
    #[error(
        "the compile worker `{}` cannot be started: {why}; put `portcullis-compile` there, of this version of Portcullis and executable for the host",
        program.display()
    )]
    WorkerMissing {
        /// The program.
        program: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Compiling took too long, and was ended.
    #[error(
        "compiling takes longer than {limit} {unit}; make the plugin smaller, or raise the host's `CompileLimits`"
    )]
    CompileTimedOut {
        /// The limit.
        limit: u64,
        /// What the limit counts: `ms`, or `s of processor time`.
        unit: &'static str,
    },
    /// The native code would be too large.
    #[error(
        "compiling gives more than {limit} bytes of code; make the plugin smaller, or raise the host's `CompileLimits`"
    )]
    CompileTooBig {
        /// The limit in bytes.
        limit: u64,
    },
    /// The compiler crashed, panicked or ran out of memory.
    #[error(
        "the compiler failed on this component: {text}; if it is sound, raise the host's `CompileLimits::memory_bytes`, or report it"
    )]
    CompilerFailed {
        /// How.
        text: String,
    },
    /// What the compile worker replied is not what the host asked for.
    #[error(
        "the compile worker's reply is not this component's code: {why}; use the `portcullis-compile` of this version of Portcullis"
    )]
    WorkerLied {
        /// What is wrong with it.
        why: &'static str,
    },
}

impl PrepareError {
    pub(super) fn engine(error: wasmtime::Error) -> Self {
        // It quotes names of the component, which are whatever its maker wrote.
        let text = escape_whole(&format!("{error:#}"), MAX_MESSAGE);
        Self::Component(wasmtime::Error::msg(text))
    }

    /// Whether the host is at fault, or its embedder, and not the plugin: another plugin would be refused like this one.
    pub fn is_of_host(&self) -> bool {
        matches!(
            self,
            Self::OtherBytes { .. }
                | Self::NoRoom { .. }
                | Self::Engine(_)
                | Self::NoCompiler { .. }
                | Self::WorkerMissing { .. }
                | Self::WorkerLied { .. }
        )
    }
}
