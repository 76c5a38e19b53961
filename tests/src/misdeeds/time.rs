//! Plugins that do not return, or not soon.

use std::sync::LazyLock;

use portcullis::Outcome::{OutOfFuel, OverBudget, TimedOut, Trapped};

use super::parts::{THING_FIELDS, THING_WITH};
use super::{Class, House, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{CLOCK, POLL, RANDOM, STDIN, STDOUT, STREAMS};

const fn hostile(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::hostile(name, Class::Time, does).times_out()
}

const fn wat(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::wat(name, Class::Time, does).times_out()
}

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Time, does, parts).times_out()
}

pub(super) const ROWS: &[Misdeed] = &[
    hostile("loop-forever", "never returns"),
    hostile("sleep-hour", "sleeps for an hour: waits in the host"),
    hostile("busy-poll", "reads the clock and sleeps a nanosecond, without end"),
    hostile("write-then-loop", "sets a flag, never returns"),
    wat("loop-at-start", "a core start function that never ends"),
    wat("loop-in-realloc", "`realloc` never returns, before the call proper"),
    forged("loop-in-post-return", "replies, and never ends what follows the reply", || Parts {
        fields: r#"(func (export "cleanup") (param i32) (loop $again (br $again)))"#,
        lift: r#"(post-return (core func $guest "cleanup"))"#,
        ..Parts::default()
    }),
    forged("loop-in-destructor", "drops a resource of its own, whose destructor never returns", || Parts {
        before: thing!("(loop $again (br $again))"),
        with: THING_WITH,
        fields: THING_FIELDS,
        evaluate: "(call $drop (call $new (i32.const 7))) i32.const 16",
        ..Parts::default()
    }),
    forged("tail-calls", "a tail call to itself: no loop, no stack", || Parts {
        fields: "(func $again (return_call $again))",
        evaluate: "call $again i32.const 16",
        ..Parts::default()
    }),
    forged("tail-ping-pong", "two functions that call each other, through a table and as tails", || Parts {
        fields: "(type $turn (func)) (table 2 funcref) (elem (i32.const 0) $ping $pong)
            (func $ping (return_call_indirect (type $turn) (i32.const 1)))
            (func $pong (return_call_indirect (type $turn) (i32.const 0)))",
        evaluate: "call $ping i32.const 16",
        ..Parts::default()
    }),
    forged("recursion-wide", "recurses 80 deep and two wide: no loop, little stack", || Parts {
        fields: "(func $wide (param i32)
            (if (local.get 0) (then
              (call $wide (i32.sub (local.get 0) (i32.const 1)))
              (call $wide (i32.sub (local.get 0) (i32.const 1))))))",
        evaluate: "(call $wide (i32.const 80)) i32.const 16",
        ..Parts::default()
    }),
    forged("sleep-for-ever", "waits for the last instant that there is", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(call $block (call $at (i64.const -1))) i32.const 16",
        ..Parts::default()
    }),
    forged("sleep-chain", "sleeps a millisecond at a time, without end", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(local $timer i32)
            (loop $again
              (local.set $timer (call $after (i64.const 1000000)))
              (call $block (local.get $timer))
              (call $drop-pollable (local.get $timer))
              (br $again))
            unreachable",
        ..Parts::default()
    }),
    forged("poll-many", "polls 900 handles that are ready, without end", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(local $one i32)
            (drop (memory.grow (i32.const 1)))
            (loop $more
              (i32.store (i32.add (i32.const 65536) (i32.shl (local.get $one) (i32.const 2))) (call $after (i64.const 0)))
              (local.set $one (i32.add (local.get $one) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $one) (i32.const 900))))
            (loop $again (call $poll (i32.const 65536) (i32.const 900) (i32.const 64)) (br $again))
            unreachable",
        ..Parts::default()
    }),
    forged("poll-same-handle", "polls one handle 262,144 times at once, without end", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(local $timer i32) (local $at i32)
            (drop (memory.grow (i32.const 16)))
            (local.set $timer (call $after (i64.const 1000000000)))
            (local.set $at (i32.const 65536))
            (loop $more
              (i32.store (local.get $at) (local.get $timer))
              (local.set $at (i32.add (local.get $at) (i32.const 4)))
              (br_if $more (i32.lt_u (local.get $at) (i32.const 1114112))))
            (loop $again (call $poll (i32.const 65536) (i32.const 262144) (i32.const 64)) (br $again))
            unreachable",
        ..Parts::default()
    })
    .ends(&[OverBudget, TimedOut]),
    forged("clock-flood", "reads the clock without end", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(loop $again (drop (call $now)) (br $again)) unreachable",
        ..Parts::default()
    }),
    forged("wait-stdin", "waits for a byte of standard input, which is closed", || Parts {
        host: &[POLL, STREAMS, STDIN],
        evaluate: "(call $read (call $stdin) (i64.const 1) (i32.const 64)) i32.const 16",
        ..Parts::default()
    })
    .limits(super::PATIENT)
    .replies(true),
    forged("memory-fill-loop", "fills 30 MiB without end", || Parts {
        evaluate: "(drop (memory.grow (i32.const 480)))
            (loop $again (memory.fill (i32.const 65536) (i32.const 165) (i32.const 31457280)) (br $again))
            unreachable",
        ..Parts::default()
    }),
    forged("memory-copy-straight", "copies 15 MiB 5,000 times, one instruction after the other", || Parts {
        evaluate: &COPIES,
        ..Parts::default()
    }),
    forged("table-fill-loop", "fills and copies a table of 10,000 elements without end", || Parts {
        fields: "(table $elements 10000 funcref)",
        evaluate: "(loop $again
              (table.fill $elements (i32.const 0) (ref.null func) (i32.const 10000))
              (table.copy $elements $elements (i32.const 0) (i32.const 1) (i32.const 9999))
              (br $again))
            unreachable",
        ..Parts::default()
    }),
    forged("straight-line-host-calls", "writes 60 KiB of newlines to stdout 2,000 times, one call after the other", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: &WRITES,
        ..Parts::default()
    }),
    forged("newline-flood", "hands 1,000,000 newlines to stdout at once, more than it was allowed", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(drop (memory.grow (i32.const 16)))
            (memory.fill (i32.const 65536) (i32.const 10) (i32.const 1000000))
            (call $write (call $stdout) (i32.const 65536) (i32.const 1000000) (i32.const 64))
            i32.const 16",
        ..Parts::default()
    })
    .limits(super::PATIENT)
    .ends(&[Trapped]),
    hostile("metered-loop", "never returns").metered("loop-forever"),
    forged("metered-tail-calls", "a tail call to itself", || Parts {
        fields: "(func $again (return_call $again))",
        evaluate: "call $again i32.const 16",
        ..Parts::default()
    })
    .house(House::Metered)
    .limits(super::PATIENT)
    .ends(&[OutOfFuel]),
    forged("metered-fill", "fills 30 MiB without end", || Parts {
        evaluate: "(drop (memory.grow (i32.const 480)))
            (loop $again (memory.fill (i32.const 65536) (i32.const 165) (i32.const 31457280)) (br $again))
            unreachable",
        ..Parts::default()
    })
    .house(House::Metered)
    .limits(super::PATIENT)
    .ends(&[OutOfFuel]),
    forged("metered-sleep", "waits for the last instant that there is", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(call $block (call $at (i64.const -1))) i32.const 16",
        ..Parts::default()
    })
    .house(House::Metered),
    forged("metered-clock-flood", "reads the clock without end", || Parts {
        host: &[POLL, CLOCK],
        evaluate: "(loop $again (drop (call $now)) (br $again)) unreachable",
        ..Parts::default()
    })
    .house(House::Metered)
    .limits("wall_ms = 5000\nfuel = 200000")
    .ends(&[OutOfFuel]),
    forged("metered-random", "takes 32 KiB of random numbers at a time, without end", || Parts {
        host: &[RANDOM],
        evaluate: "(loop $again (call $random (i64.const 32768) (i32.const 64)) (br $again)) unreachable",
        ..Parts::default()
    })
    .house(House::Metered)
    .limits(super::PATIENT)
    .ends(&[OverBudget]),
];

impl Misdeed {
    /// The same as a condition of `hostile` where fuel is metered.
    const fn metered(mut self, condition: &'static str) -> Self {
        self.made = super::Made::Hostile(condition);
        self.house(House::Metered)
            .limits(super::PATIENT)
            .ends(&[OutOfFuel])
    }
}

static COPIES: LazyLock<String> = LazyLock::new(|| {
    let copy = "(memory.copy (i32.const 65536) (i32.const 15794176) (i32.const 15728640))\n";
    let grow = "(drop (memory.grow (i32.const 480)))\n";
    format!("{grow}{}i32.const 16", copy.repeat(5_000))
});

static WRITES: LazyLock<String> = LazyLock::new(|| {
    let write =
        "(call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64))\n";
    let before = "(local $out i32) (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 65536) (i32.const 10) (i32.const 61440))
        (local.set $out (call $stdout))\n";
    format!("{before}{}i32.const 16", write.repeat(2_000))
});
