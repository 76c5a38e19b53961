//! Plugins that end in the middle of a call, or where nobody may end.

use portcullis::Outcome::{GuestError, Trapped};

use super::parts::{THING_FIELDS, THING_WITH};
use super::{Class, House, Made, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{CLOCK, EXIT, POLL};

const fn hostile(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::hostile(name, Class::Death, does).ends(&[Trapped])
}

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Death, does, parts).ends(&[Trapped])
}

pub(super) const ROWS: &[Misdeed] = &[
    hostile("panic", "panics"),
    hostile("abort", "aborts"),
    hostile("unreachable", "runs into `unreachable`"),
    hostile("out-of-bounds", "reads at 0xffff0000"),
    hostile("stack-overflow", "recurses without end"),
    hostile("exit", "exits with success inside the call"),
    hostile("exit-fail", "exits with failure inside the call"),
    hostile("write-then-trap", "sets a flag, traps"),
    hostile("write-then-error", "sets a flag, fails").ends(&[GuestError]),
    Misdeed::wat(
        "exit-at-start",
        Class::Death,
        "exits with success in a core start function",
    )
    .ends(&[Trapped]),
    forged("trap-at-start", "traps in a core start function", || {
        Parts {
            fields: "(func $start unreachable) (start $start)",
            ..Parts::default()
        }
    }),
    forged(
        "data-at-start",
        "begins with data that has no room in its memory",
        || Parts {
            fields: r#"(data (i32.const 65530) "more than there is room for")"#,
            ..Parts::default()
        },
    ),
    forged(
        "indirect-null",
        "calls a table's element that is null",
        || Parts {
            fields: "(type $none (func)) (table 1 funcref)",
            evaluate: "(call_indirect (type $none) (i32.const 0)) i32.const 16",
            ..Parts::default()
        },
    ),
    forged(
        "indirect-type",
        "calls a table's element as what it is not",
        || Parts {
            fields: "(type $none (func)) (table 1 funcref) (elem (i32.const 0) $one) (func $one (param i64))",
            evaluate: "(call_indirect (type $none) (i32.const 0)) i32.const 16",
            ..Parts::default()
        },
    ),
    forged(
        "indirect-outside",
        "calls an element that its table does not have",
        || Parts {
            fields: "(type $none (func)) (table 1 funcref)",
            evaluate: "(call_indirect (type $none) (i32.const -1)) i32.const 16",
            ..Parts::default()
        },
    ),
    forged("divide-by-zero", "divides by zero", || Parts {
        evaluate: "(drop (i32.div_s (i32.const 1) (i32.const 0))) i32.const 16",
        ..Parts::default()
    }),
    forged("divide-overflow", "divides the least number by -1", || {
        Parts {
            evaluate: "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))) i32.const 16",
            ..Parts::default()
        }
    }),
    forged(
        "convert-nan",
        "makes an integer of what is no number",
        || Parts {
            evaluate: "(drop (i32.trunc_f64_s (f64.const nan))) i32.const 16",
            ..Parts::default()
        },
    ),
    forged(
        "recursion-indirect",
        "recurses without end, through a table",
        || {
            Parts {
        fields: "(type $turn (func (param i64) (result i64))) (table 1 funcref) (elem (i32.const 0) $deeper)
            (func $deeper (param i64) (result i64)
              (i64.add (local.get 0) (call_indirect (type $turn) (local.get 0) (i32.const 0))))",
        evaluate: "(drop (call $deeper (i64.const 1))) i32.const 16",
        ..Parts::default()
    }
        },
    ),
    forged(
        "exit-in-realloc",
        "exits while it takes its arguments",
        || Parts {
            host: &[EXIT],
            realloc: Some("(call $exit (i32.const 0)) i32.const 4096"),
            ..Parts::default()
        },
    ),
    forged("exit-after-reply", "exits once it has replied", || Parts {
        host: &[EXIT],
        fields: r#"(func (export "cleanup") (param i32) (call $exit (i32.const 0)))"#,
        lift: r#"(post-return (core func $guest "cleanup"))"#,
        ..Parts::default()
    }),
    forged(
        "call-in-realloc",
        "calls the host while it takes its arguments",
        || Parts {
            host: &[POLL, CLOCK],
            realloc: Some("(drop (call $now)) i32.const 4096"),
            ..Parts::default()
        },
    ),
    forged(
        "wait-after-reply",
        "waits in the host once it has replied",
        || Parts {
            host: &[POLL, CLOCK],
            fields: r#"(func (export "cleanup") (param i32) (call $block (call $at (i64.const -1))))"#,
            lift: r#"(post-return (core func $guest "cleanup"))"#,
            ..Parts::default()
        },
    ),
    forged(
        "trap-in-realloc",
        "traps while it takes its arguments",
        || Parts {
            realloc: Some("unreachable"),
            ..Parts::default()
        },
    ),
    forged(
        "recursion-in-realloc",
        "recurses without end while it takes its arguments",
        || Parts {
            fields: "(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))",
            realloc: Some("(call $deeper (i32.const 0))"),
            ..Parts::default()
        },
    ),
    forged("trap-after-reply", "traps once it has replied", || Parts {
        fields: r#"(func (export "cleanup") (param i32) unreachable)"#,
        lift: r#"(post-return (core func $guest "cleanup"))"#,
        ..Parts::default()
    }),
    forged(
        "trap-in-destructor",
        "drops a resource of its own, whose destructor traps",
        || Parts {
            before: thing!("unreachable"),
            with: THING_WITH,
            fields: THING_FIELDS,
            evaluate: "(call $drop (call $new (i32.const 7))) i32.const 16",
            ..Parts::default()
        },
    ),
    hostile(
        "warm-panic",
        "panics in an instance that others would use again",
    )
    .warm("panic"),
    hostile(
        "warm-exit",
        "exits in an instance that others would use again",
    )
    .warm("exit"),
    forged("throw", "throws an exception that nobody catches", || {
        Parts {
            fields: "(tag $thrown)",
            evaluate: "(throw $thrown)",
            ..Parts::default()
        }
    })
    .refused("component-unsupported"),
];

impl Misdeed {
    /// The same as a condition of `hostile` where instances stay warm.
    const fn warm(mut self, condition: &'static str) -> Self {
        self.made = Made::Hostile(condition);
        self.house(House::Warm)
    }
}
