//! The full validation of a component whose structure was walked.

use wasmparser::types::Types;
use wasmparser::{Validator, WasmFeatures};

use super::PackageError;

/// What a host here runs. Not among them: threads, garbage collection and its types (`externref`), exceptions,
/// 64-bit memories, custom page sizes, relaxed SIMD (its results differ by machine), component-model async and values.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Validates everything, code included, and gives the component's types.
pub(super) fn validate(bytes: &[u8]) -> Result<Types, PackageError> {
    Validator::new_with_features(FEATURES)
        .validate_all(bytes)
        .map_err(|error| PackageError::malformed(&error))
}
