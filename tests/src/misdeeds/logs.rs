//! Plugins that write records which are not what they seem.

use portcullis::Outcome::{GuestError, Trapped};

use super::{Class, Misdeed};
use crate::forge::Parts;
use crate::forge::wasi::{LOG, POLL, STDOUT, STREAMS};

const fn forged(name: &'static str, does: &'static str, parts: fn() -> Parts<'static>) -> Misdeed {
    Misdeed::forged(name, Class::Logs, does, parts)
}

/// Lines, colours, a title, what turns text around, and the end of a JSON string.
macro_rules! forged_text {
    () => {
        r#"well\0a2026-01-01 ERROR stealth: forged\0d\1b[2J\1b[31m\1b]0;title\07\c2\85\e2\80\a8\e2\80\ae\"}\0a{\"a\":\"\00\7f"#
    };
}

pub(super) const ROWS: &[Misdeed] = &[
    Misdeed::hostile("forged-log", Class::Logs, "newlines, ANSI, bidi and JSON in records, field names, stdout, stderr")
        .replies(true),
    forged("all-bytes", "writes each of the 256 bytes to stdout, 200 times, with no regard for UTF-8", || Parts {
        host: &[POLL, STREAMS, STDOUT],
        evaluate: "(local $out i32) (local $turn i32)
            (local.set $out (call $stdout))
            (loop $more
              (i32.store8 (i32.add (i32.const 128) (local.get $turn)) (local.get $turn))
              (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $turn) (i32.const 256))))
            (local.set $turn (i32.const 0))
            (loop $more
              (call $write (local.get $out) (i32.const 128) (i32.const 256) (i32.const 64))
              (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $turn) (i32.const 200))))
            i32.const 16",
        ..Parts::default()
    })
    .replies(true),
    forged("forged-fields", "a record whose field has the name and the value of another record", || Parts {
        host: &[LOG],
        fields: concat!(
            "(data (i32.const 256) \"",
            forged_text!(),
            "\") (data (i32.const 128) \"\\00\\01\\00\\00\\30\\00\\00\\00\\00\\01\\00\\00\\4c\\00\\00\\00\")"
        ),
        evaluate: "(call $log (i32.const 3) (i32.const 256) (i32.const 76) (i32.const 128) (i32.const 1) (i32.const 64))
            (select (i32.const 32) (i32.const 16) (i32.load8_u (i32.const 64)))",
        ..Parts::default()
    })
    .replies(true),
    forged("hidden-in-log", "zero-width characters, tags, fillers and soft hyphens in a record and on stdout", || Parts {
        host: &[LOG, POLL, STREAMS, STDOUT],
        fields: "(data (i32.const 256) \"all\\e2\\80\\8bis\\e2\\81\\a0we\\c2\\adll\\ef\\bb\\bf\\f3\\a0\\81\\81\\f3\\a0\\81\\bf\\e3\\85\\a4\\ef\\bf\\b9\\e1\\a0\\8e\\cd\\8f\\5cn\")",
        evaluate: "(call $log (i32.const 3) (i32.const 256) (i32.const 41) (i32.const 0) (i32.const 0) (i32.const 64))
            (call $write (call $stdout) (i32.const 256) (i32.const 41) (i32.const 128))
            (select (i32.const 32) (i32.const 16) (i32.load8_u (i32.const 64)))",
        ..Parts::default()
    })
    .replies(true),
    forged("forged-error", "fails with a text that looks like a receipt of another plugin", || Parts {
        fields: concat!("(data (i32.const 256) \"", forged_text!(), "\")"),
        evaluate: "(i32.store (i32.const 64) (i32.const 1)) (i32.store (i32.const 68) (i32.const 256))
            (i32.store (i32.const 72) (i32.const 76)) i32.const 64",
        ..Parts::default()
    })
    .ends(&[GuestError]),
    forged("names-that-write", "traps in a function whose name is lines of a log", || Parts {
        fields: concat!("(func $named (@name \"", forged_text!(), "\") unreachable)"),
        evaluate: "call $named i32.const 16",
        ..Parts::default()
    })
    .ends(&[Trapped]),
    forged("names-that-write-in-errors", "has the host fail in a function whose name is lines of a log", || Parts {
        host: &[POLL],
        fields: concat!("(func $named (@name \"", forged_text!(), "\") (call $block (i32.const 99)))"),
        evaluate: "call $named i32.const 16",
        ..Parts::default()
    })
    .ends(&[Trapped]),
    forged("module-that-writes", "traps in a module whose function is exported as lines of a log", || Parts {
        fields: concat!("(func $named (export \"", forged_text!(), "\") unreachable)"),
        evaluate: "call $named i32.const 16",
        ..Parts::default()
    })
    .ends(&[Trapped]),
];
