//! What wasm-smith makes of bytes: modules that a compiler finds good, and components.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use portcullis::Package;
use portcullis_tests::forge;
use wasm_smith::{Component, Config, Module};

use crate::code::{HOST, code};
use crate::component::component;
use crate::host::MEMORY;

/// A module that fits the host, called as [`code`] says; or, with an odd first byte, a component, read as [`component`] says.
pub fn smith(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let mut input = Unstructured::new(rest);
    if first & 1 == 1 {
        if let Ok(made) = Component::new(config(), &mut input) {
            let bytes = made.to_bytes();
            component(&bytes);
            // With a manifest, so that all of it is looked at.
            let manifest = forge::manifest("smith", &[], "");
            if let Ok(package) = Package::embed(&bytes, &manifest) {
                component(&package);
            }
        }
        return;
    }
    let mut config = config();
    // Those that may have references mostly have some to what the host holds, which no host here runs.
    config.reference_types_enabled = first & 12 == 12;
    config.available_imports = Some(shapes().0.clone());
    config.exports = Some(shapes().1.clone());
    if let Ok(mut module) = Module::new(config, &mut input) {
        // Half of them come to their end without running out of fuel.
        if first & 2 == 2 && module.ensure_termination(200).is_err() {
            return;
        }
        code(&module.to_bytes());
    }
}

/// What a host here runs.
fn config() -> Config {
    Config {
        compact_imports_enabled: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        generate_custom_sections: false,
        max_instructions: 400,
        max_memories: 4,
        // Half of what a guest gets, so that there is something to grow into.
        max_memory32_bytes: MEMORY / 2,
        max_table_elements: 10_000,
        max_tables: 4,
        max_type_size: 200,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// What a module may import, and what it exports.
fn shapes() -> &'static (Vec<u8>, Vec<u8>) {
    static SHAPES: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let host: String = HOST.iter().map(|import| import.core).collect();
        let imports = format!(r#"(module (import "store" "memory" (memory 1)) {host})"#);
        let parameters = "i32 ".repeat(12);
        let exports = format!(
            r#"(module (func (export "evaluate") (param {parameters}) (result i32) i32.const 16))"#
        );
        (
            wat::parse_str(imports).unwrap(),
            wat::parse_str(exports).unwrap(),
        )
    })
}
