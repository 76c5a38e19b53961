//! What a component declares, found without compiling it.

use schemars::JsonSchema;
use serde::Serialize;

use super::imports::{Export, Import, exports, imports};
use super::section::Manifests;
use super::validate::validate;
use super::walk::walk;
use super::{PackageError, ScanLimits};

/// What a valid component imports, exports and counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Scan {
    /// The imports in the order of the file.
    pub imports: Vec<Import>,
    /// The exports in the order of the file.
    pub exports: Vec<Export>,
    /// How much there is of everything.
    pub counts: Counts,
}

/// How much a component declares, and how much one instance of it makes. All sums saturate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Counts {
    /// Components in the file, the outermost among them.
    pub components: u64,
    /// Component instances, multiplied through nested instantiation; the outermost is one.
    pub component_instances: u64,
    /// Instances of core modules, multiplied.
    pub core_instances: u64,
    /// Instances at most that the engine adds, for calls between nested components.
    pub adapters: u64,
    /// Core modules in the file.
    pub core_modules: u64,
    /// Functions that core modules in the file define.
    pub functions: u64,
    /// Types in the file.
    pub types: u64,
    /// Linear memories, multiplied.
    pub memories: u64,
    /// Tables, multiplied.
    pub tables: u64,
    /// The initial sizes of all memories in bytes, multiplied.
    pub memory_bytes_minimum: u64,
    /// The initial elements of all tables, multiplied.
    pub table_elements_minimum: u64,
}

/// What was read of a file.
pub(super) struct Found<'a> {
    pub(super) scan: Scan,
    pub(super) manifests: Manifests<'a>,
}

impl Scan {
    /// Scans a component, with or without a manifest: a plugin, or a plain program that exports `wasi:cli/run`.
    ///
    /// # Errors
    /// The bytes are no component, break a limit of [`ScanLimits`], or use what no host here runs.
    pub fn of(bytes: &[u8]) -> Result<Self, PackageError> {
        check_kind(bytes)?;
        Ok(read(bytes)?.scan)
    }
}

/// Walks and validates a component.
pub(super) fn read(bytes: &[u8]) -> Result<Found<'_>, PackageError> {
    let walked = walk(bytes)?;
    let types = validate(bytes)?;
    let scan = Scan {
        imports: imports(&walked.imports, &types)?,
        exports: exports(&walked.exports, &types)?,
        counts: walked.counts,
    };
    let manifests = walked.manifests;
    Ok(Found { scan, manifests })
}

const CORE_HEADER: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT_HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// Tells what bytes are that are no component, by their size and their start.
pub(super) fn check_kind(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.is_empty() {
        return Err(PackageError::Empty);
    }
    if bytes.len() > ScanLimits::PACKAGE_BYTES {
        let (bytes, limit) = (bytes.len() as u64, ScanLimits::PACKAGE_BYTES as u64);
        return Err(PackageError::TooLarge { bytes, limit });
    }
    if bytes.starts_with(CORE_HEADER) {
        return Err(PackageError::CoreModule);
    }
    if CORE_HEADER.starts_with(bytes) || COMPONENT_HEADER.starts_with(bytes) && bytes.len() < 8 {
        let offset = bytes.len() as u64;
        return Err(PackageError::Truncated { offset });
    }
    if bytes.starts_with(b"\0asm") {
        return Ok(());
    }
    let start = bytes.trim_ascii_start();
    let is_text = [&b"(component"[..], b"(module", b"(;", b";;"]
        .iter()
        .any(|word| start.starts_with(word));
    Err(if is_text {
        PackageError::Text
    } else {
        PackageError::NotWasm
    })
}
