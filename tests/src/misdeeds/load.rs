//! Plugins that must not be loaded: they import what they may not, or their `load` fails.

use super::{Class, Made, Misdeed};

const fn wat(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::wat(name, Class::Load, does)
}

const fn guest(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::new(name, Class::Load, does, Made::Guest(name))
}

pub(super) const ROWS: &[Misdeed] = &[
    wat("unlisted-import", "imports an interface that no host has").refused("import-unknown"),
    wat(
        "bare-function-import",
        "imports a function outside of any interface",
    )
    .refused("import-bare-function"),
    wat(
        "version-alias-newer",
        "imports `log` as `0.1.99`, asks for no permission",
    )
    .refused("import-version"),
    wat(
        "version-alias-build",
        "imports `log` as `0.1.0+x`, asks for no permission",
    )
    .refused("import-version"),
    wat(
        "version-alias-wasi",
        "imports `wasi:cli/environment@0.2.99`",
    )
    .refused("import-version"),
    wat("core-module-import", "imports a core module").refused("component-unknown-instantiation"),
    wat("component-import", "imports a component").refused("component-unknown-instantiation"),
    guest("needs-session-write", "imports what it does not ask for").refused("permission-missing"),
    guest("flawed-load", "fails in its `load`").refused("guest-error"),
    guest(
        "greedy-load",
        "registers names that its manifest does not contribute",
    )
    .refused("guest-error"),
    guest("loop-in-load", "never returns from its `load`")
        .times_out()
        .refused("timed-out"),
];
