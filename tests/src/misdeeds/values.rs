//! Plugins that lie where values cross: about addresses, lengths, shapes, texts and handles.

use portcullis::Outcome::{OverBudget, Trapped};

use super::parts::{THING_FIELDS, THING_WITH};
use super::{Class, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{CLOCK, LOG, POLL, RANDOM, STDOUT, STREAMS};

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Death, does, parts).ends(&[Trapped])
}

/// An answer in place of those of the template, at 64: `error` of a text.
macro_rules! fails_with {
    ($address:literal, $length:literal) => {
        concat!(
            "(i32.store (i32.const 64) (i32.const 1)) (i32.store (i32.const 68) (i32.const ",
            $address,
            ")) (i32.store (i32.const 72) (i32.const ",
            $length,
            ")) i32.const 64"
        )
    };
}

pub(super) const ROWS: &[Misdeed] = &[
    forged("answer-outside", "answers at an address that its memory does not have", || Parts {
        evaluate: "i32.const 0xffff0000",
        ..Parts::default()
    }),
    forged("answer-at-the-edge", "answers at the last bytes of its memory", || Parts {
        evaluate: "i32.const 65532",
        ..Parts::default()
    }),
    forged("answer-odd", "answers at an odd address", || Parts {
        evaluate: "i32.const 17",
        ..Parts::default()
    }),
    forged("answer-shape", "answers neither `ok` nor `error`, but the ninth of two", || Parts {
        evaluate: "(i32.store (i32.const 64) (i32.const 9)) i32.const 64",
        ..Parts::default()
    }),
    forged("answer-bool", "answers a truth of 2, which is one as the canonical ABI has it", || Parts {
        evaluate: "(i32.store (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 2)) i32.const 64",
        ..Parts::default()
    })
    .replies(true),
    forged("text-outside", "fails with a text that ends outside of its memory", || Parts {
        evaluate: fails_with!("65000", "1000"),
        ..Parts::default()
    }),
    forged("text-overflow", "fails with a text of 2^32 - 1 bytes", || Parts {
        evaluate: fails_with!("16", "-1"),
        ..Parts::default()
    })
    .ends(&[Trapped, OverBudget]),
    forged("text-not-utf8", "fails with a text that is not UTF-8", || Parts {
        fields: r#"(data (i32.const 128) "half \c3\28 of it \ff")"#,
        evaluate: fails_with!("128", "16"),
        ..Parts::default()
    }),
    forged("text-surrogate", "fails with half a character in UTF-16", || Parts {
        fields: r#"(data (i32.const 128) "\00\d8\20\00")"#,
        evaluate: fails_with!("128", "2"),
        lift: "string-encoding=utf16",
        ..Parts::default()
    }),
    forged("text-odd", "fails with a text in UTF-16 at an odd address", || Parts {
        evaluate: fails_with!("129", "2"),
        lift: "string-encoding=utf16",
        ..Parts::default()
    }),
    forged("text-wide", "fails with a text of 2^31 units in UTF-16, whose bytes no number counts", || Parts {
        evaluate: fails_with!("128", "0x7fffffff"),
        lift: "string-encoding=latin1+utf16",
        ..Parts::default()
    })
    .ends(&[Trapped, OverBudget]),
    forged("log-outside", "logs a message that ends outside of its memory", || Parts {
        host: &[LOG],
        evaluate: "(call $log (i32.const 1) (i32.const 65000) (i32.const 1000) (i32.const 0) (i32.const 0) (i32.const 64)) i32.const 16",
        ..Parts::default()
    }),
    forged("log-level", "logs at the ninth of four levels", || Parts {
        host: &[LOG],
        evaluate: "(call $log (i32.const 9) (i32.const 128) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 64)) i32.const 16",
        ..Parts::default()
    }),
    forged("log-fields", "logs as many fields as there are numbers", || Parts {
        host: &[LOG],
        evaluate: "(call $log (i32.const 1) (i32.const 128) (i32.const 4) (i32.const 128) (i32.const -1) (i32.const 64)) i32.const 16",
        ..Parts::default()
    })
    .ends(&[Trapped, OverBudget]),
    forged("room-outside", "`realloc` gives room that its memory does not have", || Parts {
        realloc: Some("i32.const 0xfffffff0"),
        ..Parts::default()
    }),
    forged("room-odd", "`realloc` gives an odd address for numbers", || Parts {
        host: &[RANDOM, POLL, CLOCK],
        before: r#"
  (core module $askew (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4097))
  (core instance $odd (instantiate $askew))
  (core func $poll-odd (canon lower (func $poll "poll")
    (memory (core memory $memory "memory")) (realloc (core func $odd "realloc"))))"#,
        with: r#"(with "odd" (instance (export "poll" (func $poll-odd))))"#,
        fields: r#"(import "odd" "poll" (func $poll-odd (param i32 i32 i32)))"#,
        evaluate: "(i32.store (i32.const 128) (call $after (i64.const 0)))
            (call $poll-odd (i32.const 128) (i32.const 1) (i32.const 64)) i32.const 16",
        ..Parts::default()
    }),
    forged("room-overlaps", "`realloc` gives the same room for each argument: its own loss", || Parts {
        realloc: Some("i32.const 4096"),
        ..Parts::default()
    })
    .replies(true),
    forged("answer-of-host-outside", "has the host answer outside of its memory", || Parts {
        host: &[RANDOM],
        evaluate: "(call $random (i64.const 8) (i32.const -4)) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-unknown", "waits for a handle that it never had", || Parts {
        host: &[POLL],
        evaluate: "(call $block (i32.const 99)) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-largest", "waits for the handle 2^32 - 1", || Parts {
        host: &[POLL],
        evaluate: "(call $block (i32.const -1)) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-of-another-kind", "waits for a stream as if it were a timer", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(call $block (call $stdout)) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-dropped-twice", "drops a handle twice", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(local $timer i32) (local.set $timer (call $after (i64.const 0)))
            (call $drop-pollable (local.get $timer)) (call $drop-pollable (local.get $timer)) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-after-drop", "waits for a handle that it has dropped", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(local $timer i32) (local.set $timer (call $after (i64.const 0)))
            (call $drop-pollable (local.get $timer)) (call $block (local.get $timer)) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-of-its-own", "waits for a resource of its own as if it were the host's", || Parts {
        host: &[POLL],
        before: thing!(""),
        with: THING_WITH,
        fields: THING_FIELDS,
        evaluate: "(call $block (call $new (i32.const 1))) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-rep", "looks into a handle of the host's as if it were its own", || Parts {
        host: &[POLL, CLOCK],
        before: thing!(""),
        with: THING_WITH,
        fields: THING_FIELDS,
        evaluate: "(drop (call $rep (call $after (i64.const 0)))) i32.const 16",
        ..Parts::default()
    }),
    forged("handle-parent-gone", "drops a stream whose pollable it still has", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        before: "(core func $drop-out (canon resource.drop $output-stream))",
        with: r#"(with "out" (instance (export "drop" (func $drop-out))))"#,
        fields: r#"(import "out" "drop" (func $drop-out (param i32)))"#,
        evaluate: "(local $out i32) (local.set $out (call $stdout)) (drop (call $watch (local.get $out)))
            (call $drop-out (local.get $out)) i32.const 16",
        ..Parts::default()
    }),
    forged("poll-nothing", "polls no handles at all", || Parts {
        host: &[POLL],
        evaluate: "(call $poll (i32.const 128) (i32.const 0) (i32.const 64)) i32.const 16",
        ..Parts::default()
    }),
];
