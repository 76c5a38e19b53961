//! Plugins that ask the host for more than is good for it: values, keys, random numbers, lines, handles.

use portcullis::Outcome::{OverBudget, TimedOut, Trapped};

use super::{Class, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{
    INSECURE, KV_READ, KV_WRITE, LOG, POLL, STDIN, STDOUT, STREAMS, TERMINAL,
};

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Space, does, parts)
}

/// Writes a JSON text to the address 65,536: an array of `$items` objects with one field each, and a number. It ends at `$end`.
macro_rules! tower {
    ($items:literal) => {
        concat!(
            "(local $at i32) (local $end i32) (local $taken i32)
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.const 65536) (i32.const 91))
            (local.set $at (i32.const 65537))
            (loop $more
              (i64.store (local.get $at) (i64.const 0x202c7d303a22227b))
              (local.set $at (i32.add (local.get $at) (i32.const 8)))
              (br_if $more (i32.lt_u (local.get $at) (i32.add (i32.const 65537) (i32.const ",
            $items,
            ")))))
            (i32.store16 (local.get $at) (i32.const 0x5d30))
            (local.set $end (i32.add (local.get $at) (i32.const 2)))
            (local.set $at (i32.const 97))"
        )
    };
}

/// Sets 20 keys of one letter to the text of `tower!`, and counts those that the host takes.
macro_rules! set_twenty {
    () => {
        "
            (loop $again
              (i32.store8 (i32.const 48) (local.get $at))
              (call $kv-set (i32.const 48) (i32.const 1)
                (i32.const 65536) (i32.sub (local.get $end) (i32.const 65536)) (i32.const 0) (i64.const 0) (i32.const 64))
              (local.set $taken (i32.add (local.get $taken) (i32.eqz (i32.load8_u (i32.const 64)))))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $at) (i32.const 117))))"
    };
}

pub(super) const ROWS: &[Misdeed] = &[
    forged("json-tower", "sets 20 keys to 64 KB of JSON, 8,000 objects of one field; true if the host took one", || Parts {
        host: &[KV_WRITE],
        evaluate: concat!(tower!("64000"), set_twenty!(), "(select (i32.const 16) (i32.const 32) (local.get $taken))"),
        ..Parts::default()
    }),
    forged("many-values", "sets 20 keys to 16 KB of JSON, 2,000 objects of one field; true if the host took more than four", || Parts {
        host: &[KV_WRITE],
        evaluate: concat!(
            tower!("16000"),
            set_twenty!(),
            "(select (i32.const 16) (i32.const 32) (i32.gt_u (local.get $taken) (i32.const 4)))"
        ),
        ..Parts::default()
    }),
    forged("read-flood", "reads 2,000 keys of its store, none of which is there", || Parts {
        host: &[KV_READ],
        evaluate: "(local $key i32)
            (loop $again
              (i32.store (i32.const 48) (i32.add (i32.const 0x61616161) (i32.or (i32.or
                (i32.and (local.get $key) (i32.const 15))
                (i32.shl (i32.and (local.get $key) (i32.const 240)) (i32.const 4)))
                (i32.shl (i32.and (local.get $key) (i32.const 3840)) (i32.const 8)))))
              (call $kv-get (i32.const 48) (i32.const 4) (i32.const 64))
              (local.set $key (i32.add (local.get $key) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $key) (i32.const 2000))))
            i32.const 16",
        ..Parts::default()
    })
    .limits("wall_ms = 5000\nreads = 1000")
    .ends(&[OverBudget]),
    forged("long-prefix", "asks 50 times for the keys that begin with 1 MB of zeroes; true if the host looked for them", || Parts {
        host: &[KV_READ],
        evaluate: "(local $asked i32) (local $told i32)
            (drop (memory.grow (i32.const 16)))
            (loop $again
              (call $kv-keys (i32.const 65536) (i32.const 1000000)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 64))
              (local.set $told (i32.add (local.get $told) (i32.eqz (i32.load8_u (i32.const 64)))))
              (local.set $asked (i32.add (local.get $asked) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $asked) (i32.const 50))))
            (select (i32.const 16) (i32.const 32) (local.get $told))",
        ..Parts::default()
    }),
    forged("huge-prefix", "asks for the keys that begin with 30 MiB of zeroes", || Parts {
        host: &[KV_READ],
        evaluate: "(drop (memory.grow (i32.const 481)))
            (call $kv-keys (i32.const 65536) (i32.const 31457280)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 64))
            i32.const 16",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("latin1-flood", "logs a message of 1.1 million characters in Latin-1", || Parts {
        host: &[LOG],
        before: r#"
  (core func $log-narrow (canon lower (func $log "emit") string-encoding=latin1+utf16
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))"#,
        with: r#"(with "narrow" (instance (export "log" (func $log-narrow))))"#,
        fields: r#"(import "narrow" "log" (func $log-narrow (param i32 i32 i32 i32 i32 i32)))"#,
        evaluate: "(drop (memory.grow (i32.const 17)))
            (memory.fill (i32.const 65536) (i32.const 233) (i32.const 1100000))
            (call $log-narrow (i32.const 3) (i32.const 65536) (i32.const 1100000) (i32.const 0) (i32.const 0) (i32.const 64))
            i32.const 16",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("insecure-flood", "takes random numbers that need not be good, without end", || Parts {
        host: &[INSECURE],
        evaluate: "(loop $again (drop (call $insecure-u64)) (br $again)) unreachable",
        ..Parts::default()
    })
    .limits("wall_ms = 5000\nrandom_bytes = 65536")
    .ends(&[OverBudget]),
    forged("seed-flood", "takes seeds without end", || Parts {
        host: &[INSECURE],
        evaluate: "(loop $again (call $seed (i32.const 64)) (br $again)) unreachable",
        ..Parts::default()
    })
    .limits("wall_ms = 5000\nrandom_bytes = 65536")
    .ends(&[OverBudget]),
    forged("zeroes-at-once", "writes 1 TiB of zeroes to stdout at once", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(call $zeroes (call $stdout) (i64.const 1099511627776) (i32.const 64)) i32.const 16",
        ..Parts::default()
    })
    .ends(&[Trapped]),
    forged("newlines-in-turn", "writes 60 KiB of newlines to stdout at a time, without end", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(local $out i32) (local.set $out (call $stdout))
            (drop (memory.grow (i32.const 1)))
            (memory.fill (i32.const 65536) (i32.const 10) (i32.const 61440))
            (loop $again
              (call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64)) (br $again))
            unreachable",
        ..Parts::default()
    })
    .limits(super::HURRIED)
    .ends(&[TimedOut]),
    forged("stdin-flood", "takes standard input and keeps the handle, without end", || Parts {
        host: &[POLL, STREAMS, STDIN],
        evaluate: "(loop $again (drop (call $stdin)) (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("terminal-flood", "asks 10,000 times for a terminal; true if there is one", || Parts {
        host: &[TERMINAL],
        evaluate: "(local $asked i32) (local $given i32)
            (loop $again
              (call $terminal (i32.const 64))
              (local.set $given (i32.or (local.get $given) (i32.load8_u (i32.const 64))))
              (local.set $asked (i32.add (local.get $asked) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $asked) (i32.const 10000))))
            (select (i32.const 16) (i32.const 32) (local.get $given))",
        ..Parts::default()
    }),
];
