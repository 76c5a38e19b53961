//! Texts that are too large, too deep or no manifest at all.

use proptest::prelude::*;

use super::super::*;
use super::{PLUGIN, WHOLE, parse, problems};

#[test]
fn too_large() {
    let comment = "#".repeat(Manifest::MAX_BYTES + 1);
    assert_eq!(problems(&comment)[0].code, "too-large");
    let fits = format!("{PLUGIN}{}", "#".repeat(Manifest::MAX_BYTES - PLUGIN.len()));
    assert!(parse(&fits).is_ok());
}

#[test]
fn too_many() {
    let many = |count: usize, line: &dyn Fn(usize) -> String| {
        let lines: String = (0..count).map(line).collect();
        format!("{PLUGIN}{lines}")
    };
    let permissions = many(201, &|i| {
        format!("[permissions.\"a:b{i}\"]\nreason = \"x\"\n")
    });
    assert_eq!(problems(&permissions)[0].code, "too-many");
    let contributions = many(1_001, &|i| format!("[[contributes.x]]\nname = \"n{i}\"\n"));
    assert_eq!(problems(&contributions)[0].code, "too-many");
    let authors = format!("{PLUGIN}authors = [{}]", "\"x\", ".repeat(51));
    assert_eq!(problems(&authors)[0].code, "too-many");
    let unknown = many(20_000, &|i| format!("[u{i}]\n"));
    assert_eq!(problems(&unknown).len(), 100);
}

/// Test threads have stacks of 2 MiB.
#[test]
fn deep_nesting_is_refused() {
    let deep = |open: &str, close: &str, count: usize| {
        format!(
            "{PLUGIN}[[contributes.x]]\nv = {}1{}",
            open.repeat(count),
            close.repeat(count)
        )
    };
    for count in [65, 10_000, 100_000] {
        assert_eq!(problems(&deep("[", "]", count))[0].code, "too-deep");
        assert_eq!(problems(&deep("[", "", count))[0].code, "too-deep");
    }
    for count in [65, 10_000, 30_000] {
        assert_eq!(problems(&deep("{a=", "}", count))[0].code, "too-deep");
        let dots = "a.".repeat(count);
        assert_eq!(problems(&format!("{dots}a = 1"))[0].code, "too-deep");
        assert_eq!(problems(&format!("[{dots}a]"))[0].code, "too-deep");
        assert_eq!(problems(&format!("[[{dots}a]]"))[0].code, "too-deep");
    }
    let both = deep(&format!("{{{}a=", "a.".repeat(70)), "}", 70);
    assert_eq!(problems(&both)[0].code, "too-deep");
    let quoted = deep(&format!("{{{}a=", "\"a\" . ".repeat(70)), "}", 70);
    assert_eq!(problems(&quoted)[0].code, "too-deep");
}

#[test]
fn nesting_that_fits() {
    let open = format!(
        "{PLUGIN}[[contributes.x]]\nv = {}1{}",
        "[".repeat(60),
        "]".repeat(60)
    );
    assert_eq!(parse(&open).unwrap().contributes.len(), 1);
    let text = "[".repeat(500);
    let strings = format!(
        "{PLUGIN}# {text}\n[[contributes.x]]\na = \"{text}\\\"{text}\"\nb = '{text}'\n\
         c = \"\"\"{text}\n\"{text}\"\"\"\nd = '''{text}'{text}'''\ne = 1.5\nf = [1.5, 2.5, 3.5]\n"
    );
    assert_eq!(parse(&strings).unwrap().contributes.len(), 1);
}

/// The deepest tree that passes is parsed, read, shown and dropped on this stack.
#[test]
fn the_deepest_table_is_safe() {
    let dots = "a.".repeat(60);
    let value = format!("{}1{}", "{a=".repeat(62), "}".repeat(62));
    let text = format!("{PLUGIN}[[contributes.x]]\n[contributes.x.{dots}a]\n{dots}a = {value}\n");
    let table = parse(&text).unwrap_err();
    assert_eq!(table.problems[0].code, "too-deep");
    let text = format!("{PLUGIN}[[contributes.x]]\n[contributes.x.{dots}a]\na = {value}\n");
    let table = parse(&text).unwrap().contributes.remove(0).table;
    let json = table.parse::<serde_json::Value>().unwrap();
    assert_eq!(json, table.to_json());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_toml_like_text_panics(words in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "{", "}", "=", ".", ",", "\n", "\"", "'", "'''", "\"\"\"", "#", "\\", "a", "plugin", "contributes",
        "[[contributes.x]]\n", "[permissions.\"a:b\"]\n", "scope", "name", "1", "0x", "nan", "true", "2024-01-01", "é", "\r", "\0",
    ]), 0..120)) {
        let _ = parse(&words.concat());
    }

    #[test]
    fn no_changed_manifest_panics(at in 0..WHOLE.len(), byte in 0_u8..128) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = parse(std::str::from_utf8(&bytes).unwrap());
        let _ = parse(&WHOLE[..at]);
    }
}
