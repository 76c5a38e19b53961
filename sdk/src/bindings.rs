//! One way to bind a world of the contract, so that every room does it alike. Types that interfaces share are those of [`crate::types`].

/// Generates the private module `bindings` for a world `uses-...`.
macro_rules! import {
    ($world:literal $(, $option:ident: $value:tt)*) => {
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        mod bindings {
            wit_bindgen::generate!({
                path: "wit",
                world: $world,
                with: { "portcullis:plugin/types@0.1.0": crate::types },
                $($option: $value,)*
            });
        }
    };
}

/// Generates the module `bindings` for a world `provides-...`, and the macro `export` beside it, which [`plugin!`](crate::plugin) calls in the
/// plugin's crate: what it names is public for that alone. The generator refuses `with` for a world that shares no types.
macro_rules! export {
    ($world:literal without types) => {
        crate::bindings::export!(@ $world, with: {});
    };
    ($world:literal $(, $option:ident: $value:tt)*) => {
        crate::bindings::export!(@ $world, with: { "portcullis:plugin/types@0.1.0": crate::types } $(, $option: $value)*);
    };
    (@ $world:literal $(, $option:ident: $value:tt)*) => {
        #[doc(hidden)]
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod bindings {
            wit_bindgen::generate!({
                path: "wit",
                world: $world,
                pub_export_macro: true,
                $($option: $value,)*
            });
        }
        #[doc(hidden)]
        pub use bindings::export;
    };
}

pub(crate) use {export, import};
