use super::*;

/// Proves M8: a manifest says when its plugin is made ready, at start-up if it says nothing.
#[test]
fn an_activation() {
    assert_eq!(parse(PLUGIN).unwrap().activation, Activation::StartUp);
    for (on, activation) in [
        ("start-up", Activation::StartUp),
        ("first-use", Activation::FirstUse),
        ("first-match", Activation::FirstMatch),
    ] {
        let text = format!("{PLUGIN}[activation]\non = \"{on}\"\n");
        let manifest = parse(&text).unwrap();
        assert_eq!(manifest.activation, activation);
        assert_eq!(activation.as_str(), on);
        assert_eq!(activation.can_sleep(), on != "start-up");
    }
}

/// Proves M8, M10: what is wrong with an activation is told at its place, with what to write instead.
#[test]
fn problems_of_an_activation() {
    assert_eq!(problem("[activation]\n").0, "missing-key");
    assert_eq!(problem("activation = 1\n").0, "unknown-key");
    assert_eq!(
        problem("[activation]\non = \"first-us\"\n"),
        ("bad-value", 2, 6)
    );
    assert_eq!(problem("[activation]\non = 1\n"), ("wrong-type", 2, 6));
    assert_eq!(
        problem("[activation]\non = \"first-use\"\nafter = 1\n"),
        ("unknown-key", 3, 1)
    );
    let misspelt = problems(&format!("{PLUGIN}[activation]\non = \"first-us\"\n"));
    let hint = misspelt[0].hint.as_ref().unwrap();
    assert!(hint.contains("first-use"), "{hint}");
}

/// Proves M8, M10: the schema of manifests knows the table and its values.
#[test]
fn the_schema_of_an_activation() {
    let schema = Manifest::schema().to_string();
    for known in ["activation", "start-up", "first-use", "first-match"] {
        assert!(schema.contains(known), "{known}");
    }
}
