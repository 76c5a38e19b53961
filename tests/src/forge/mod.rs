//! Hostile components from small parts of WebAssembly text: what Rust cannot express, or would take a crate each.
//!
//! Each offers one condition, `any`. Where no part is given, it is a good plugin that answers true.

pub mod bytes;
mod template;
pub mod wasi;

use portcullis::Package;

use crate::plugins::embed;
pub use wasi::Import;

/// The parts of a component, all of them text. `Parts::default()` is a good plugin.
///
/// The memory (one page, without a maximum) and a `realloc` stand in a core module of their own, `$memory`: lowering an import needs them
/// before the code exists. The code imports the memory; what it finds there: [`YES`], [`NO`], and room from 4,096 to 61,440 that `realloc`
/// hands out in turn, over and over. What stands above is the guest's own.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What the code imports of the host, in an order in which each finds the types of those before.
    pub host: &'a [Import],
    /// Fields of the component before the code: types, lowered functions, other modules.
    pub before: &'a str,
    /// Arguments of the code's instantiation, `(with ...)`.
    pub with: &'a str,
    /// Fields of the code, imports first.
    pub fields: &'a str,
    /// A `realloc` in the code, for the arguments of `evaluate`: the body of a function `(param i32 i32 i32 i32) (result i32)`.
    pub realloc: Option<&'a str>,
    /// The body of `evaluate`, which gives the address of its answer. Its parameters are those of the WIT, flattened: twelve `i32`.
    pub evaluate: &'a str,
    /// Options of lifting `evaluate` besides memory and `realloc`.
    pub lift: &'a str,
    /// Fields of the component after the code.
    pub after: &'a str,
}

/// Where the answer `ok(true)` lies.
pub const YES: u32 = 16;

/// Where the answer `ok(false)` lies.
pub const NO: u32 = 32;

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            host: &[],
            before: "",
            with: "",
            fields: "",
            realloc: None,
            evaluate: "i32.const 16",
            lift: "",
            after: "",
        }
    }
}

/// The component.
///
/// # Panics
/// The parts do not make one.
pub fn component(parts: &Parts<'_>) -> Vec<u8> {
    let text = template::text(parts);
    #[expect(clippy::panic, reason = "a test cannot go on")]
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The manifest of a forged plugin: the condition `any`, the permissions that its imports take, and the lines of a table `[limits]`.
pub fn manifest(id: &str, host: &[Import], limits: &str) -> String {
    let imported = host.iter().filter_map(|import| import.permission);
    let asked = imported.chain(["behavior:extend_conditions"]);
    let asked = asked.map(|permission| {
        format!("[permissions.\"{permission}\"]\nreason = \"A test asks for it.\"\n")
    });
    format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"0.1.0\"\n{}[limits]\n{limits}\n\
         [[contributes.conditions]]\nname = \"any\"\n",
        asked.collect::<String>()
    )
}

/// The component as a plugin that asks for these limits.
///
/// # Panics
/// The parts do not make one, or it is refused.
pub fn package(id: &str, parts: &Parts<'_>, limits: &str) -> Package {
    embed(&component(parts), &manifest(id, parts.host, limits))
}
