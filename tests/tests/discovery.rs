//! Several plugins at once: out of a directory, in the order of their dependencies, whatever is wrong with some of them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use portcullis::grant::Consent;
use portcullis::host::{Candidate, DependencyError, Discovery, LoadError, LoadReport, UnloadError};
use portcullis::{Package, PluginId};
use portcullis_tests::{Rig, component, embed};

fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// A plugin with these dependencies.
fn package(id: &str, version: &str, needs: &[(&str, &str)]) -> Package {
    let needs: String = needs
        .iter()
        .map(|(id, range)| format!("{id} = \"{range}\"\n"))
        .collect();
    let manifest = format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"{version}\"\n[dependencies]\n{needs}\
         [permissions.\"world:read\"]\nreason = \"x\"\n[permissions.\"behavior:extend_conditions\"]\nreason = \"x\"\n"
    );
    embed(&component("noop"), &manifest)
}

fn candidates(packages: Vec<Package>) -> Vec<Candidate> {
    let candidate = |package: Package| Candidate {
        source: format!("{}.wasm", package.manifest().id),
        consent: Consent::Everything,
        package,
    };
    packages.into_iter().map(candidate).collect()
}

fn refusals(report: &LoadReport) -> BTreeMap<String, String> {
    report
        .refused
        .iter()
        .map(|(source, error)| (source.clone(), error.to_string()))
        .collect()
}

/// Proves M5: dependencies come first; what is missing, incompatible, circular or lost is named; the rest is loaded.
#[tokio::test(flavor = "multi_thread")]
async fn dependencies_come_first_and_the_rest_loads() {
    let rig = Rig::default();
    let report = rig
        .host
        .load_all(candidates(vec![
            package("app", "1.0.0", &[("middle", "^1"), ("base", ">=1, <2")]),
            package("middle", "1.4.0", &[("base", "*")]),
            package("base", "1.2.0", &[]),
            package("missing-one", "1.0.0", &[("nobody", "^1")]),
            package("picky", "1.0.0", &[("base", "^2")]),
            package("chicken", "1.0.0", &[("egg", "*")]),
            package("egg", "1.0.0", &[("chicken", "*")]),
            package("orphan", "1.0.0", &[("picky", "*")]),
            package("base", "9.0.0", &[]),
        ]))
        .await;
    assert_eq!(report.loaded, [id("base"), id("middle"), id("app")]);
    let refused = refusals(&report);
    assert_eq!(refused.len(), 6, "{refused:#?}");
    for (source, fragment) in [
        (
            "missing-one.wasm",
            "`missing-one` needs `nobody` ^1, which is not there",
        ),
        (
            "picky.wasm",
            "`picky` needs `base` ^2, but version 1.2.0 is there",
        ),
        ("chicken.wasm", "`chicken` -> `egg`"),
        ("egg.wasm", "`chicken` -> `egg`"),
        ("orphan.wasm", "`orphan` needs `picky`, which was refused"),
        ("base.wasm", "the plugin `base` is there twice"),
    ] {
        assert!(
            refused
                .get(source)
                .is_some_and(|error| error.contains(fragment)),
            "{source}: {refused:#?}"
        );
    }
    // What others need stays.
    match rig.host.unload(&id("base")).await {
        Err(UnloadError::Needed { dependents, .. }) => {
            assert_eq!(dependents, [id("app"), id("middle")])
        }
        other => panic!("{other:?}"),
    }
    for plugin in ["app", "middle", "base"] {
        rig.host.unload(&id(plugin)).await.unwrap();
    }
}

/// Proves M5, X7: a plugin is not replaced by a version that those who need it cannot use.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_to_the_ranges_of_dependents() {
    let rig = Rig::default();
    rig.load_package(package("base", "1.0.0", &[])).await;
    rig.load_package(package("app", "1.0.0", &[("base", "^1")]))
        .await;
    match rig.try_load(package("base", "2.0.0", &[])).await {
        Err(LoadError::Dependency(DependencyError::Incompatible { plugin, found, .. })) => {
            assert_eq!((plugin, found.to_string().as_str()), (id("app"), "2.0.0"));
        }
        other => panic!("{other:?}"),
    }
    rig.load_package(package("base", "1.1.0", &[])).await;
}

/// Proves M9: a directory is searched; what is broken, not admitted or leads outside is reported and skipped, never fatal.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_searched() {
    let rig = Rig::default();
    let (directory, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = |name: &str| directory.path().join(name);
    for (name, package) in [
        ("a.wasm", package("app", "1.0.0", &[("base", "*")])),
        ("b.wasm", package("base", "1.0.0", &[])),
        ("c.wasm", package("denied", "1.0.0", &[])),
        ("d.wasm", package("stranger", "1.0.0", &[])),
    ] {
        std::fs::write(file(name), package.bytes()).unwrap();
    }
    std::fs::write(
        file("broken.wasm"),
        b"\0asm\x0d\0\x01\0 and then nothing that makes sense",
    )
    .unwrap();
    std::fs::write(file("empty.wasm"), b"").unwrap();
    std::fs::write(file("plain.wasm"), component("hello")).unwrap();
    std::fs::write(file("readme.txt"), b"no plugin").unwrap();
    std::fs::create_dir(file("directory.wasm")).unwrap();
    let target = outside.path().join("outside.wasm");
    std::fs::write(&target, package("outside", "1.0.0", &[]).bytes()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&target, file("link.wasm")).unwrap();
    let discovery = Discovery {
        allow: Some(["app", "base", "denied", "outside"].map(id).into()),
        deny: [id("denied")].into(),
    };
    let report = rig
        .host
        .load_directory(directory.path(), &discovery, |_| Consent::Everything)
        .await
        .unwrap();
    assert_eq!(report.loaded, [id("base"), id("app")]);
    let refused = refusals(&report);
    let mut names: Vec<_> = refused.keys().map(String::as_str).collect();
    names.retain(|name| *name != "link.wasm");
    assert_eq!(
        names,
        [
            "broken.wasm",
            "c.wasm",
            "d.wasm",
            "directory.wasm",
            "empty.wasm",
            "plain.wasm"
        ],
        "{refused:#?}"
    );
    assert!(
        refused
            .get("c.wasm")
            .unwrap()
            .contains("`denied` is on the denylist")
    );
    #[cfg(unix)]
    assert!(refused.contains_key("link.wasm"), "{refused:#?}");
    assert!(
        rig.host
            .load_directory(&file("nowhere"), &discovery, |_| Consent::Everything)
            .await
            .is_err()
    );
}

/// Proves M9: a pipe among the plugins does not hold the search up.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_no_plugin() {
    let rig = Rig::default();
    let directory = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(directory.path().join("pipe.wasm"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let (host, path) = (rig.host.clone(), directory.path().to_owned());
    let search = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            host.load_directory(&path, &Discovery::default(), |_| Consent::Everything)
                .await
        })
    });
    for _ in 0..200 {
        if search.is_finished() {
            assert_eq!(search.join().unwrap().unwrap().refused.len(), 1);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the search waits for somebody to write into the pipe");
}
