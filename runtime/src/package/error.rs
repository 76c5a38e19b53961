//! Why a package was refused.

use crate::log_record::is_hidden;
use crate::manifest::{Manifest, ManifestError};
use crate::problem::Problem;

/// Why bytes are no package. Each has a stable code and, where there is one, a hint: see [`PackageError::problems`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// More bytes than a package may have.
    #[error("the file has {bytes} bytes; {limit} are the most")]
    TooLarge {
        /// The bytes of the file.
        bytes: u64,
        /// The bytes that a package may have.
        limit: u64,
    },
    /// The bytes do not start like WebAssembly.
    #[error("the file is not WebAssembly")]
    NotWasm,
    /// The bytes are WebAssembly text.
    #[error("the file is WebAssembly text, not a binary")]
    Text,
    /// The bytes are a core module.
    #[error("the file is a core WebAssembly module, not a component")]
    CoreModule,
    /// The file ends within a section.
    #[error("the file is truncated: it ends at byte {offset} within a section")]
    Truncated {
        /// Where the file ends, or the section that is cut starts, in bytes.
        offset: u64,
    },
    /// The bytes are no valid component.
    #[error("the component is malformed at byte {offset}: {message}")]
    Malformed {
        /// Where, in bytes.
        offset: u64,
        /// What a validator says.
        message: String,
    },
    /// Something nests too deep.
    #[error("{what} nest deeper than {limit} levels")]
    TooDeep {
        /// What nests: `components`, `types`.
        what: &'static str,
        /// The levels that are allowed.
        limit: u64,
    },
    /// There is too much of something.
    #[error("the component has {count} {what}; {limit} are the most")]
    TooMany {
        /// What there is too much of, for example `functions`.
        what: &'static str,
        /// How many there are, at least.
        count: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The component uses what no host here runs.
    #[error("the component uses {feature}, which is not supported")]
    Unsupported {
        /// The feature.
        feature: String,
    },
    /// A component or module is instantiated that is not in the file, so that nobody can say how much it takes.
    #[error(
        "the component instantiates a {kind} that it imports, so that its instances cannot be counted"
    )]
    UnknownInstantiation {
        /// `component` or `core module`.
        kind: &'static str,
    },
    /// There is no manifest.
    #[error("the component has no manifest (section `portcullis:manifest`)")]
    ManifestMissing,
    /// There is more than one manifest.
    #[error("the component has {count} manifests; exactly one counts")]
    ManifestDuplicate {
        /// How many there are.
        count: usize,
    },
    /// A nested module or component has a manifest.
    #[error(
        "a nested module or component has a manifest; a manifest counts only at the top level of the component"
    )]
    ManifestNested,
    /// The manifest is too large.
    #[error("the manifest has {bytes} bytes; {limit} are the most")]
    ManifestTooLarge {
        /// The bytes of the manifest.
        bytes: usize,
        /// The bytes that it may have.
        limit: usize,
    },
    /// The manifest is not text.
    #[error("the manifest is not UTF-8 text: byte {offset} of it is wrong")]
    ManifestNotUtf8 {
        /// The offset within the manifest, in bytes.
        offset: usize,
    },
    /// The manifest has problems.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl PackageError {
    /// A stable kebab-case name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "package-empty",
            Self::TooLarge { .. } => "package-too-large",
            Self::NotWasm => "not-wasm",
            Self::Text => "wasm-text",
            Self::CoreModule => "core-module",
            Self::Truncated { .. } => "component-truncated",
            Self::Malformed { .. } => "component-malformed",
            Self::TooDeep { .. } => "component-too-deep",
            Self::TooMany { .. } => "component-too-many",
            Self::Unsupported { .. } => "component-unsupported",
            Self::UnknownInstantiation { .. } => "component-unknown-instantiation",
            Self::ManifestMissing => "manifest-missing",
            Self::ManifestDuplicate { .. } => "manifest-duplicate",
            Self::ManifestNested => "manifest-nested",
            Self::ManifestTooLarge { .. } => "manifest-too-large",
            Self::ManifestNotUtf8 { .. } => "manifest-not-utf8",
            Self::Manifest(_) => "manifest-invalid",
        }
    }

    /// The error as problems: those of the manifest, or the one that this error is.
    pub fn problems(&self) -> Vec<Problem> {
        if let Self::Manifest(error) = self {
            return error.problems.clone();
        }
        let problem = Problem::error(self.code(), self.to_string());
        vec![match self.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }]
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Truncated { .. } => Some("build or download it again"),
            Self::TooLarge { .. } => Some("build in release mode and strip debug information"),
            Self::NotWasm => Some("hand in the component that `portcullis build` wrote"),
            Self::Text => Some("turn it into a binary with `wasm-tools parse`"),
            Self::CoreModule => Some(
                "build for wasm32-wasip2, or turn it into a component with `wasm-tools component new`",
            ),
            Self::Malformed { .. } => Some("build it again; `wasm-tools validate` says more"),
            Self::TooDeep { .. } | Self::TooMany { .. } => Some("split the plugin"),
            Self::Unsupported { .. } => Some("build without that feature"),
            Self::UnknownInstantiation { .. } => Some("compose the components into one file"),
            Self::ManifestMissing => Some(
                "`portcullis build` embeds it; `wasm-tools strip` drops it, so build after stripping",
            ),
            Self::ManifestDuplicate { .. } | Self::ManifestNested => {
                Some("build with `portcullis build`, which embeds one manifest at the top level")
            }
            Self::ManifestTooLarge { .. } => Some("move long texts into files of the package"),
            Self::ManifestNotUtf8 { .. } => Some("save plugin.toml as UTF-8 and build again"),
            Self::Manifest(_) => None,
        }
    }

    pub(super) fn manifest_too_large(bytes: usize) -> Self {
        let limit = Manifest::MAX_BYTES;
        Self::ManifestTooLarge { bytes, limit }
    }

    /// An error of the parser or the validator about what is inside a section.
    pub(super) fn malformed(error: &wasmparser::Error) -> Self {
        if let Some(features) = error.missing_wasm_feature() {
            let names: Vec<_> = features
                .iter_names()
                .map(|(name, _)| name.to_lowercase())
                .collect();
            let feature = format!("the feature {} (byte {})", names.join(", "), error.offset());
            return Self::Unsupported { feature };
        }
        if error.message().contains("nesting is too deep") {
            let limit = super::ScanLimits::NESTING as u64;
            return Self::TooDeep {
                what: "types",
                limit,
            };
        }
        let message = error.message().chars().take(500).map(visible).collect();
        let offset = error.offset();
        Self::Malformed { offset, message }
    }
}

/// A validator and a compiler quote names of the component.
pub(crate) fn visible(character: char) -> char {
    match character {
        '\n' => ' ',
        other if is_hidden(other) => '\u{fffd}',
        other => other,
    }
}
