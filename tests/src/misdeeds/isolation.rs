//! Plugins that look for what belongs to others, or for what others left behind.

use portcullis::Outcome::Trapped;
use serde_json::json;

use super::{Class, House, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{CLOCK, POLL};

const fn hostile(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::hostile(name, Class::Isolation, does)
}

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Isolation, does, parts)
}

pub(super) const ROWS: &[Misdeed] = &[
    hostile("namespace-tricks", "reads and plants across namespaces")
        .asking(|| json!({ "secrets": [["stealth", "suspicion"]], "npcs": ["bob"] }))
        .replies(false),
    hostile("read-environment", "looks for variables, arguments, stdin").replies(false),
    hostile("global-counter", "counts in a static").replies(false),
    hostile("remembered-world", "keeps the world of its first call in a static")
        .house(House::Warm)
        .replies(false),
    forged("remembered-session", "keeps a sum of the session of its first call in its memory", || Parts {
        evaluate: "(local $at i32) (local $sum i32)
            (local.set $sum (i32.add (local.get 4) (i32.const 1)))
            (block $done
              (br_if $done (i32.eqz (local.get 4)))
              (loop $more
                (br_if $done (i32.ge_u (local.get $at) (local.get 6)))
                (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
                  (i32.load8_u (i32.add (local.get 5) (local.get $at)))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br $more)))
            (if (i32.eqz (i32.load (i32.const 65000)))
              (then (i32.store (i32.const 65000) (local.get $sum))))
            (select (i32.const 32) (i32.const 16) (i32.eq (i32.load (i32.const 65000)) (local.get $sum)))",
        ..Parts::default()
    })
    .house(House::Warm)
    .replies(false),
    hostile("register-late", "registers outside of `load`").replies(false),
    forged("residue-left", "fills 6 MiB, a table and its stack with a pattern, and traps", || Parts {
        fields: "(table $elements 5000 funcref) (elem declare func $fill)
            (func $fill (param i64) (result i64)
              (if (result i64) (i64.eqz (local.get 0))
                (then (i64.const 0xa5a5a5a5a5a5a5a5))
                (else (i64.xor (local.get 0) (call $fill (i64.sub (local.get 0) (i64.const 1)))))))",
        evaluate: "(drop (memory.grow (i32.const 96)))
            (memory.fill (i32.const 65536) (i32.const 165) (i32.const 6291456))
            (table.fill $elements (i32.const 0) (ref.func $fill) (i32.const 5000))
            (drop (call $fill (i64.const 2000)))
            unreachable",
        ..Parts::default()
    })
    .ends(&[Trapped]),
    forged("residue-looked-for", "looks for anything in a new memory, a grown part of it and a table", || Parts {
        fields: "(table $elements 5000 funcref)",
        evaluate: "(local $at i32)
            (drop (memory.grow (i32.const 96)))
            (local.set $at (i32.const 61440))
            (loop $more
              (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 16))))
              (local.set $at (i32.add (local.get $at) (i32.const 8)))
              (br_if $more (i32.lt_u (local.get $at) (i32.const 6356992))))
            (local.set $at (i32.const 0))
            (loop $more
              (if (i32.eqz (ref.is_null (table.get $elements (local.get $at)))) (then (return (i32.const 16))))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $at) (i32.const 5000))))
            i32.const 32",
        ..Parts::default()
    })
    .replies(false),
    forged("fine-clock", "looks for a clock that is finer than a millisecond", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(local $turn i32)
            (if (i64.ne (call $resolution) (i64.const 1000000)) (then (return (i32.const 16))))
            (loop $more
              (if (i64.ne (i64.rem_u (call $now) (i64.const 1000000)) (i64.const 0)) (then (return (i32.const 16))))
              (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $turn) (i32.const 10000))))
            i32.const 32",
        ..Parts::default()
    })
    .replies(false),
];
