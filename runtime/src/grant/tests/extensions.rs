use super::*;

const CONDITIONS: &str = "portcullis:plugin/conditions@0.1.0";
const CONTRIBUTION: &str = "[[contributes.conditions]]\nname = \"any\"\n";

fn asked(tables: &str) -> String {
    ask("behavior:extend_conditions") + tables
}

/// Proves P3, E2: an extension needs its permission, and a required one that is refused refuses the plugin.
#[test]
fn an_extension_needs_its_permission() {
    let (policy, nothing) = (Policy::new(), Consent::nothing());
    let without = package(&export(CONDITIONS), CONTRIBUTION);
    assert_eq!(
        refused(&without, &policy, &Consent::Everything),
        ["permission-missing"]
    );
    let with = package(&export(CONDITIONS), &asked(CONTRIBUTION));
    assert_eq!(refused(&with, &policy, &nothing), ["permission-refused"]);
    let grant = Grant::decide(&with, &catalogue(), &policy, &Consent::Everything).unwrap();
    assert_eq!(grant.extensions().count(), 1);
    assert_eq!(grant.contributions("conditions").count(), 1);
}

/// Proves P5, E2: an optional extension that is not accepted is not called, and its contributions do not count.
#[test]
fn an_optional_extension_is_left_out() {
    let optional = format!(
        "{}optional = true\n{CONTRIBUTION}",
        ask("behavior:extend_conditions")
    );
    let package = package(&export(CONDITIONS), &optional);
    let grant = Grant::decide(&package, &catalogue(), &Policy::new(), &Consent::nothing()).unwrap();
    assert_eq!(grant.extensions().count(), 0);
    assert_eq!(grant.contributions("conditions").count(), 0);
}

/// Proves M4: what the manifest contributes and what the component exports fit together.
#[test]
fn contributions_and_exports_fit() {
    let decide = |component: &str, tables: &str| {
        refused(
            &package(component, tables),
            &Policy::new(),
            &Consent::Everything,
        )
    };
    assert_eq!(decide("", &asked(CONTRIBUTION)), ["export-missing"]);
    for unknown in ["spells", "lifecycle"] {
        let tables = format!("[[contributes.{unknown}]]\nname = \"any\"\n");
        assert_eq!(decide("", &tables), ["extension-unknown"]);
    }
    let strange = asked("[[contributes.conditions]]\nname = \"any\"\nweight = 4\n");
    let explanation = explain(&package(&export(CONDITIONS), &strange));
    assert!(!explanation.is_granted());
    let location = explanation.problems[0].location.as_ref().unwrap();
    assert_eq!((location.file.as_str(), location.line), ("plugin.toml", 9));
}

/// Proves E2: an export of another compatible version is called, one that is not compatible is refused by name.
#[test]
fn exports_are_compared_by_version() {
    for version in ["@0.2.0", "@1.0.0", "@0.1.0-rc.1", "@0.1.0+x", ""] {
        let component = export(&format!("portcullis:plugin/conditions{version}"));
        let refused = refused(
            &package(&component, &asked("")),
            &Policy::new(),
            &Consent::Everything,
        );
        assert_eq!(refused, ["export-version"], "{version}");
    }
    for name in [
        "portcullis:plugin/conditions@0.1.7",
        "wasi:cli/run@0.2.0",
        "wasi:cli/run@0.2.12",
    ] {
        let explanation = explain(&package(&export(name), &asked("")));
        assert!(
            explanation.is_granted(),
            "{name}: {:?}",
            explanation.problems
        );
        assert_eq!(explanation.extensions.len(), 1);
    }
    // What other tools export beside is no concern of the host.
    let other = explain(&package(&export("tool:chain/init@9.0.0"), ""));
    assert!(other.is_granted() && other.extensions.is_empty());
}

/// Proves E10, X1: each command costs the host memory and time, so a plugin has so many, and what is beyond is not looked at.
#[test]
fn a_plugin_has_so_many_commands() {
    let decide = |count: u32| {
        let commands = (0..count).map(|number| {
            let broken = if number < 64 { "" } else { "arguments = 7\n" };
            format!("[[contributes.commands]]\nname = \"c{number}\"\n{broken}")
        });
        let tables = ask("command:handle") + &commands.collect::<String>();
        explain(&package(
            &export("portcullis:plugin/commands@0.1.0"),
            &tables,
        ))
    };
    assert!(decide(64).is_granted());
    let problems = decide(1_000).problems;
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}");
    };
    let told = problem.to_string();
    assert!(
        told.contains("contributes 1000 commands; 64 are the most"),
        "{told}"
    );
    assert!(problem.location.is_some());
}
