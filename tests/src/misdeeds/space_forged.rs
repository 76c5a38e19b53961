//! Plugins that take memory, tables, handles and the room of what crosses, in ways that Rust has no words for.

use portcullis::Outcome::{OutOfMemory, OverBudget, TimedOut};

use super::parts::{THING_FIELDS, THING_WITH};
use super::{Class, House, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{LOG, POLL, RANDOM, STDOUT, STREAMS};

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Space, does, parts)
}

const UNSUPPORTED: &str = "component-unsupported";

pub(super) const ROWS: &[Misdeed] = &[
    forged("memories-in-turn", "four memories of four core instances, each grown by 1 MiB in turn", || Parts {
        before: r#"
  (core module $other (memory 1) (func (export "grow") (drop (memory.grow (i32.const 16)))))
  (core instance $one (instantiate $other))
  (core instance $two (instantiate $other))
  (core instance $three (instantiate $other))"#,
        with: r#"(with "one" (instance $one)) (with "two" (instance $two)) (with "three" (instance $three))"#,
        fields: r#"
    (import "one" "grow" (func $one)) (import "two" "grow" (func $two)) (import "three" "grow" (func $three))"#,
        evaluate: "(loop $again (drop (memory.grow (i32.const 16))) call $one call $two call $three (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("many-memories", "14 memories of one module, of which two are grown by 4 MiB in turn", || Parts {
        fields: "(memory $b 1) (memory $c 1) (memory $d 1) (memory $e 1) (memory $f 1) (memory $g 1) (memory $h 1)
            (memory $i 1) (memory $j 1) (memory $k 1) (memory $l 1) (memory $m 1) (memory $n 1) (memory $o 1)",
        evaluate: "(loop $again (drop (memory.grow $b (i32.const 64))) (drop (memory.grow $o (i32.const 64))) (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("memory-grow-most", "asks for 65,535 pages at once, then for a page at a time", || Parts {
        evaluate: "(drop (memory.grow (i32.const 65535)))
            (loop $again (drop (memory.grow (i32.const 1))) (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("grow-at-start", "grows its memory without end in a core start function", || Parts {
        fields: "(func $start (loop $again (drop (memory.grow (i32.const 16))) (br $again))) (start $start)",
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("grow-in-realloc", "grows its memory without end while it takes its arguments", || Parts {
        realloc: Some("(loop $again (drop (memory.grow (i32.const 16))) (br $again)) unreachable"),
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("grow-after-reply", "grows its memory without end once it has replied", || Parts {
        fields: r#"(func (export "cleanup") (param i32) (loop $again (drop (memory.grow (i32.const 16))) (br $again)))"#,
        lift: r#"(post-return (core func $guest "cleanup"))"#,
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("tables-in-turn", "four tables of four core instances, each grown by 1,000 elements in turn", || Parts {
        before: r#"
  (core module $other (table $own 0 funcref) (func (export "grow") (drop (table.grow $own (ref.null func) (i32.const 1000)))))
  (core instance $one (instantiate $other))
  (core instance $two (instantiate $other))
  (core instance $three (instantiate $other))"#,
        with: r#"(with "one" (instance $one)) (with "two" (instance $two)) (with "three" (instance $three))"#,
        fields: r#"
    (import "one" "grow" (func $one)) (import "two" "grow" (func $two)) (import "three" "grow" (func $three))
    (table $elements 0 funcref)"#,
        evaluate: "(loop $again
              (drop (table.grow $elements (ref.null func) (i32.const 1000))) call $one call $two call $three (br $again))
            unreachable",
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("table-grow-most", "asks for 2^32 - 1 table elements at once", || Parts {
        fields: "(table $elements 0 funcref)",
        evaluate: "(drop (table.grow $elements (ref.null func) (i32.const -1))) i32.const 16",
        ..Parts::default()
    })
    .ends(&[OutOfMemory]),
    forged("many-instances", "100 core instances", || Parts {
        before: MANY_INSTANCES,
        ..Parts::default()
    })
    .refused("prepare"),
    forged("memory64", "a memory with 64-bit addresses", || Parts {
        fields: "(memory $wide i64 1)",
        ..Parts::default()
    })
    .refused(UNSUPPORTED),
    forged("shared-memory", "a memory that threads share", || Parts {
        fields: "(memory $shared 1 1 shared)",
        ..Parts::default()
    })
    .refused(UNSUPPORTED),
    forged("gc-heap", "structs on a heap that is not linear memory, without end", || Parts {
        fields: "(type $cell (struct (field i64)))",
        evaluate: "(loop $again (drop (struct.new $cell (i64.const 1))) (br $again)) unreachable",
        ..Parts::default()
    })
    .refused(UNSUPPORTED),
    forged("stream-flood", "takes standard output and keeps the handle, without end", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(loop $again (drop (call $stdout)) (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("watch-flood", "takes pollables of a stream and keeps them, without end", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(local $out i32) (local.set $out (call $stdout))
            (loop $again (drop (call $watch (local.get $out))) (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("guest-handles", "makes resources of its own and keeps them, without end", || Parts {
        before: thing!(""),
        with: THING_WITH,
        fields: THING_FIELDS,
        evaluate: "(loop $again (drop (call $new (i32.const 7))) (br $again)) unreachable",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("huge-argument", "logs a message of 30 MiB", || Parts {
        host: &[LOG],
        evaluate: "(drop (memory.grow (i32.const 481)))
            (call $log (i32.const 3) (i32.const 65536) (i32.const 31457280) (i32.const 0) (i32.const 0) (i32.const 64))
            i32.const 16",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("many-fields", "logs a record of 100,000 empty fields", || Parts {
        host: &[LOG],
        evaluate: "(drop (memory.grow (i32.const 30)))
            (call $log (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 100000) (i32.const 64))
            i32.const 16",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("utf16-flood", "logs a message of 1 Mi characters in UTF-16", || Parts {
        host: &[LOG],
        before: r#"
  (core func $log-wide (canon lower (func $log "emit") string-encoding=utf16
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))"#,
        with: r#"(with "wide" (instance (export "log" (func $log-wide))))"#,
        fields: r#"(import "wide" "log" (func $log-wide (param i32 i32 i32 i32 i32 i32)))"#,
        evaluate: "(drop (memory.grow (i32.const 32)))
            (call $log-wide (i32.const 3) (i32.const 65536) (i32.const 1048576) (i32.const 0) (i32.const 0) (i32.const 64))
            i32.const 16",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("line-without-end", "writes 60 KiB at a time to stdout, never a newline", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(local $out i32) (local.set $out (call $stdout))
            (drop (memory.grow (i32.const 1)))
            (loop $again
              (call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64)) (br $again))
            unreachable",
        ..Parts::default()
    })
    .limits(super::HURRIED)
    .ends(&[TimedOut]),
    forged("random-at-once", "asks for 1 GiB of random numbers at once", || Parts {
        host: &[RANDOM],
        evaluate: "(call $random (i64.const 1073741824) (i32.const 64)) i32.const 16",
        ..Parts::default()
    })
    .ends(&[OverBudget]),
    forged("random-flood", "takes 32 KiB of random numbers at a time, without end", || Parts {
        host: &[RANDOM],
        evaluate: "(loop $again (call $random (i64.const 32768) (i32.const 64)) (br $again)) unreachable",
        ..Parts::default()
    })
    .limits("wall_ms = 5000\nrandom_bytes = 65536")
    .ends(&[OverBudget]),
    forged("hoard-warm", "fills 60 MiB and returns, to keep them between calls", || Parts {
        evaluate: "(if (i32.lt_u (memory.size) (i32.const 960)) (then (drop (memory.grow (i32.const 959)))))
            (memory.fill (i32.const 65536) (i32.const 165) (i32.const 62849024))
            i32.const 16",
        ..Parts::default()
    })
    .house(House::Warm)
    .replies(true),
];

/// 100 instances of a module that does nothing.
const MANY_INSTANCES: &str = concat!(
    "(core module $nothing)\n",
    ten!(ten!("(core instance (instantiate $nothing))\n"))
);
