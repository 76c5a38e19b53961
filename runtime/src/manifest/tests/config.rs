use super::*;

/// Proves M6: `[config]` becomes a schema.
#[test]
fn a_configuration() {
    let text = format!(
        "{PLUGIN}[config]\nrequired = [\"key\"]\n[config.properties.tone]\ntype = \"string\"\ndefault = \"wry\"\n\
         [config.properties.key]\ntype = \"string\"\nsecret = true\n"
    );
    let config = parse(&text).unwrap().config.unwrap();
    let keys: Vec<_> = config.keys().map(|key| (key.name, key.secret)).collect();
    assert_eq!(keys, [("key".to_owned(), true), ("tone".to_owned(), false)]);
    assert_eq!(parse(PLUGIN).unwrap().config, None);
    assert!(
        parse(&format!("{PLUGIN}[config]\n"))
            .unwrap()
            .config
            .is_some()
    );
}

/// Proves M6: each problem of a schema stands at its line.
#[test]
fn problems_of_a_configuration() {
    assert_eq!(problem("config = 1\n").0, "unknown-key");
    assert_eq!(
        problem("[config.properties.a]\ntype = \"strin\"\n"),
        ("config-schema", 2, 1)
    );
    assert_eq!(
        problem("[config.properties.a]\ntype = \"integer\"\ndefault = \"x\"\n"),
        ("config-default", 3, 1)
    );
    assert_eq!(
        problem("[config.properties.a]\nsecret = true\n"),
        ("config-secret", 2, 1)
    );
    assert_eq!(
        problem("[config]\nrequired = [\"a\", \"b\"]\nproperties.a = {}\n"),
        ("unknown-key", 2, 18)
    );
    assert_eq!(
        problem("[config.properties]\na = {}\nb = { \"$ref\" = \"https://example.org\" }\n"),
        ("config-reference", 3, 7)
    );
    let text = format!("{PLUGIN}[config.properties.a]\ntype = 1\nsecret = 1\n[plugim]\n");
    assert_eq!(problems(&text).len(), 2, "collected with the others");
}
