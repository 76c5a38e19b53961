#![allow(clippy::unwrap_used)]

use super::*;

fn problems(text: &str) -> Vec<(String, u32)> {
    let source = Source {
        file: "w.json".to_owned(),
        text: text.to_owned(),
    };
    match parse(&source) {
        Ok(_) => Vec::new(),
        Err(LoadError::Invalid(problems)) => {
            let place = |problem: &Problem| problem.location.as_ref().unwrap().line;
            problems
                .iter()
                .map(|problem| (problem.to_string(), place(problem)))
                .collect()
        }
        Err(other) => vec![(other.to_string(), 0)],
    }
}

/// One problem, on this line, whose text has these words.
fn refuses(text: &str, line: u32, words: &[&str]) {
    let found = problems(text);
    assert_eq!(found.len(), 1, "{found:?}");
    let (message, at) = found.first().unwrap();
    assert_eq!(*at, line, "{message}");
    assert!(message.starts_with("w.json:"), "{message}");
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn the_least_world_is_an_id() {
    let world = parse(&Source {
        file: "w".to_owned(),
        text: r#"{"world": {"id": "w"}}"#.to_owned(),
    })
    .unwrap();
    let meta = &world.document.meta;
    assert_eq!((&*world.id, meta.name.as_str(), meta.hour), ("w", "w", 0));
    assert_eq!(*world.enabled, portcullis::EnabledPlugins::All);
}

#[test]
fn broken_text_is_told_by_its_line() {
    refuses("{\n\"world\": {\"id\": \"w\"},\n}", 3, &["trailing comma"]);
    refuses("{\n\"world\": {\"id\": 7}}", 2, &["expected a string"]);
    refuses(
        "{\"world\": {\"id\": \"w\",\n\"hours\": 7}}",
        2,
        &["hours", "hour"],
    );
    refuses("{\n\"npcs\": []}", 2, &["world"]);
    refuses("", 1, &["EOF"]);
}

#[test]
fn duplicates_are_refused() {
    refuses(
        "{\"world\": {\"id\": \"w\"}, \"npcs\": [\n{\"id\": \"a\"},\n{\"id\": \"b\"},\n{\"id\": \"a\"}]}",
        4,
        &["NPC `a` stands twice", "another id"],
    );
    refuses(
        "{\"world\": {\"id\": \"w\"}, \"routines\": [{\"id\": \"r\", \"activities\": [\n{\"id\": \"x\"}, {\"id\": \"x\"}]}]}",
        2,
        &["activity `x` stands twice"],
    );
    refuses(
        "{\"world\": {\"id\": \"w\"}, \"sessions\": [{\"id\": \"s\", \"player\": \"p\", \"flags\": {\"host\": {\"k\": 1,\n\"k\": 2}}}]}",
        2,
        &["`k` stands twice"],
    );
}

#[test]
fn dangling_references_are_refused() {
    let world = |rest: &str| {
        format!("{{\"world\": {{\"id\": \"w\"}}, \"locations\": [{{\"id\": \"inn\"}}],\n{rest}}}")
    };
    refuses(
        &world(r#""npcs": [{"id": "a", "location": "sea"}]"#),
        2,
        &["no location `sea`", "inn"],
    );
    refuses(
        &world(r#""npcs": [{"id": "a", "routine": "rest"}]"#),
        2,
        &["no routine `rest`"],
    );
    refuses(
        &world(r#""sessions": [{"id": "s", "player": "p", "relationships": {"a": {}}}]"#),
        2,
        &["no NPC `a`"],
    );
    let routine = |activity: &str| {
        world(&format!(
            r#""routines": [{{"id": "r", "activities": [{activity}]}}]"#
        ))
    };
    refuses(
        &routine(r#"{"id": "x", "next": ["x", "y"]}"#),
        2,
        &["no activity `y`", "has: x"],
    );
    refuses(
        &routine(r#"{"id": "x", "location": "sea"}"#),
        2,
        &["no location `sea`"],
    );
    let go =
        r#"{"id": "x", "effects": [{"effect": "core:move-to", "params": {"location": "sea"}}]}"#;
    refuses(&routine(go), 2, &["no location `sea`"]);
    let routines = r#""routines": [{"id": "r", "activities": [{"id": "x"}]}]"#;
    refuses(
        &world(&format!(
            r#"{routines}, "npcs": [{{"id": "a", "routine": "r", "activity": "y"}}]"#
        )),
        2,
        &["no activity `y`"],
    );
}

#[test]
fn names_of_conditions_and_effects_are_checked() {
    let with = |activity: &str| {
        format!(
            "{{\"world\": {{\"id\": \"w\"}}, \"routines\": [{{\"id\": \"r\", \"activities\": [\n{{\"id\": \"x\", {activity}}}]}}]}}"
        )
    };
    assert!(
        problems(&with(
            r#""conditions": [{"condition": "plugin:stealth:has-disguise"}]"#
        ))
        .is_empty()
    );
    refuses(
        &with(r#""conditions": [{"condition": "core:levitates"}]"#),
        2,
        &["levitates", "hour-between"],
    );
    refuses(
        &with(r#""conditions": [{"condition": "core:has-tag"}]"#),
        2,
        &["core:has-tag", "tag"],
    );
    for name in [
        "plugin:stealth",
        "stealth:has-disguise",
        "plugin:Stealth:x",
        "plugin:stealth:",
        "effect:plugin:stealth:x",
    ] {
        refuses(
            &with(&format!(r#""conditions": [{{"condition": "{name}"}}]"#)),
            2,
            &[name, "plugin:<plugin's id>:<name>"],
        );
    }
    refuses(
        &with(r#""effects": [{"effect": "plugin:stealth:x"}]"#),
        2,
        &["effect:plugin:<plugin's id>:<name>"],
    );
    refuses(&with(r#""weight": -1"#), 2, &["below 0"]);
}

#[test]
fn a_list_of_plugins_that_cannot_be_read_never_means_all() {
    for list in ["\"all\"", "[7]", "null", "[\"A B\"]"] {
        let text = format!(
            "{{\"world\": {{\"id\": \"w\",\n\"behavior\": {{\"enabledPlugins\": {list}}}}}}}"
        );
        refuses(&text, 2, &["behavior.enabledPlugins", "[] for none"]);
    }
}

#[test]
fn namespaces_and_numbers_have_a_grammar() {
    let session = |rest: &str| {
        format!(
            "{{\"world\": {{\"id\": \"w\"}}, \"npcs\": [{{\"id\": \"a\"}}], \"sessions\": [{{\"id\": \"s\", \"player\": \"p\",\n{rest}}}]}}"
        )
    };
    refuses(&session(r#""flags": {"host/x": {}}"#), 2, &["host/x"]);
    refuses(
        &session(r#""flags": {"host": {"": 1}}"#),
        2,
        &["1 to 128 bytes"],
    );
    refuses(
        &session(r#""relationships": {"a": {"trust": 101}}"#),
        2,
        &["between -100 and 100"],
    );
    refuses(
        &session(r#""relationships": {"a": {"thrust": 1}}"#),
        2,
        &["thrust"],
    );
}

#[test]
fn a_directory_is_read_in_the_order_of_names() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        read_directory(directory.path()),
        Err(LoadError::NoWorlds(_))
    ));
    fs::write(
        directory.path().join("b.json"),
        r#"{"world": {"id": "first"}}"#,
    )
    .unwrap();
    fs::write(
        directory.path().join("a.json"),
        r#"{"world": {"id": "second"}}"#,
    )
    .unwrap();
    fs::write(directory.path().join("c.txt"), "not a world").unwrap();
    let worlds = read_directory(directory.path()).unwrap();
    assert_eq!(
        worlds.iter().map(|world| &*world.id).collect::<Vec<_>>(),
        ["second", "first"]
    );
    fs::write(
        directory.path().join("d.json"),
        "{\"world\":\n{\"id\": \"first\"}}",
    )
    .unwrap();
    let error = read_directory(directory.path()).unwrap_err().to_string();
    assert!(
        error.contains("d.json:2:8") && error.contains("b.json as well"),
        "{error}"
    );
    assert!(matches!(
        read_directory(&directory.path().join("none")),
        Err(LoadError::Read { .. })
    ));
}
