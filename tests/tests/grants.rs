//! A grant is proof of a decision about these very bytes. That it cannot be forged is a matter of types: code that tries does not compile. It is
//! compiled against the very library that this test is linked with, so that nothing is built twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use portcullis::capability::world_read::WorldRead;
use portcullis::engine::PrepareError;
use portcullis::host::LoadError;
use portcullis::permission::{CapabilityDescriptor, Catalogue, Gate};
use portcullis::{Capability, Consent, Grant, Host, Package, Plugin};
use portcullis_tests::{Rig, component, embed, plugin};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Compiles only if the type does *not* have the trait: with it, the compiler cannot tell which of the two is meant.
macro_rules! lacks {
    ($type:ty: $($bound:tt)+) => {
        const _: fn() = || {
            trait Ambiguous<Which> {
                fn meant() {}
            }
            struct Has;
            impl<T> Ambiguous<()> for T {}
            impl<T: $($bound)+> Ambiguous<Has> for T {}
            let _only = <$type as Ambiguous<_>>::meant;
        };
    };
}

// Proves P3: a grant is neither stored nor read back, and there is none out of nothing.
lacks!(Grant: for<'de> Deserialize<'de>);
lacks!(Grant: Serialize);
lacks!(Grant: Default);
lacks!(Plugin: for<'de> Deserialize<'de>);
lacks!(Plugin: Default);

/// Proves P3: a grant comes of `Grant::decide` alone. It cannot be made by hand or out of its parts, and no plugin comes into being without.
#[test]
fn a_grant_cannot_be_forged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grants");
    let library = libraries()
        .into_iter()
        .find(|library| errors(&folder.join("control.rs"), library).is_empty());
    let library = library.expect("the control compiles against the library");
    let mut tried = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let Some(expected) = text
            .lines()
            .find_map(|line| line.strip_prefix("// fails with "))
        else {
            continue;
        };
        assert_eq!(errors(&file, &library), [expected], "{}", file.display());
        tried += 1;
    }
    assert_eq!(tried, 4);
}

/// The builds of the library beside this test, the newest first. Older ones may lie there too; the control tells.
fn libraries() -> Vec<PathBuf> {
    let here = std::env::current_exe().unwrap();
    let files = std::fs::read_dir(here.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libportcullis-") && name.ends_with(".rlib")
    };
    let mut libraries: Vec<_> = files.filter(is_library).collect();
    let age = |path: &PathBuf| {
        path.metadata()
            .and_then(|data| data.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    libraries.sort_by_key(|path| std::cmp::Reverse(age(path)));
    libraries
}

/// The codes of the errors with which a file does not compile.
fn errors(file: &Path, library: &Path) -> Vec<String> {
    let output = tempfile::tempdir().unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(rustc)
        .args([
            "--edition=2024",
            "--emit=metadata",
            "--error-format=short",
            "--cap-lints=allow",
        ])
        .arg(format!("--extern=portcullis={}", library.display()))
        .arg(format!(
            "-Ldependency={}",
            library.parent().unwrap().display()
        ))
        .arg("--out-dir")
        .arg(output.path())
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&compiled.stderr).into_owned();
    let codes = text
        .lines()
        .filter_map(|line| Some(line.split_once("error[")?.1.split_once(']')?.0.to_owned()));
    let codes: Vec<_> = codes.collect();
    match compiled.status.success() || !codes.is_empty() {
        true => codes,
        false => vec![text],
    }
}

/// Proves P3: a grant that was decided for other bytes opens nothing, even if they are another build of the same plugin.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_names_its_bytes() {
    let rig = Rig::default();
    let (host, noop, hostile) = (&rig.host, plugin("noop"), plugin("hostile"));
    let decide = |package| {
        Grant::decide(
            package,
            host.catalogue(),
            host.policy(),
            &Consent::Everything,
        )
        .unwrap()
    };
    let mut other = noop.bytes().to_vec();
    // An empty custom section: the same code, other bytes.
    other.extend([0, 2, 1, b'x']);
    let other = portcullis::Package::parse(other).unwrap();
    for (package, granted) in [(&other, &noop), (&noop, &other), (&noop, &hostile)] {
        match host.load_granted(package.clone(), decide(granted)).await {
            Err(LoadError::Prepare(PrepareError::OtherBytes {
                granted: named,
                found,
                ..
            })) => {
                assert_eq!((named, found), (granted.digest(), package.digest()));
            }
            refused => panic!("{refused:?}"),
        }
    }
    assert!(host.plugins().is_empty() && rig.receipts.is_empty());
    let loaded = host
        .load_granted(noop.clone(), decide(&noop))
        .await
        .unwrap();
    assert_eq!(rig.ask(&loaded, "noop", json!({})).await.reply, Some(true));
}

/// Proves P3: a grant that was decided against what another host offers links nothing that this one lacks.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_of_another_catalogue_links_nothing() {
    let (without_state, noop) = (Host::builder().build().unwrap(), plugin("noop"));
    let catalogue = portcullis::catalogue();
    let grant = Grant::decide(
        &noop,
        &catalogue,
        without_state.policy(),
        &Consent::Everything,
    )
    .unwrap();
    match without_state.load_granted(noop, grant).await {
        Err(LoadError::Prepare(PrepareError::NoRoom { interface })) => {
            assert_eq!(interface, "portcullis:plugin/world-read")
        }
        refused => panic!("{refused:?}"),
    }
}

/// Decides against a catalogue whose only capability is this one, and loads into a host whose own `world-read` needs `world:read`.
async fn load_decided_elsewhere(package: Package, room: CapabilityDescriptor) {
    let rig = Rig::default();
    let mut catalogue = Catalogue::new();
    catalogue.capability(room).unwrap();
    for extension in portcullis::extension::DESCRIPTORS {
        catalogue.extension(*extension).unwrap();
    }
    let policy = rig.host.policy();
    let grant = Grant::decide(&package, &catalogue, policy, &Consent::Everything).unwrap();
    match rig.host.load_granted(package, grant).await {
        Err(LoadError::Prepare(PrepareError::NoRoom { interface })) => {
            assert_eq!(interface, "portcullis:plugin/world-read")
        }
        refused => panic!("{refused:?}"),
    }
}

/// Proves P3: what another room offers under the same interface was not decided about.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_no_other_room() {
    let twin = CapabilityDescriptor {
        id: "twin",
        ..WorldRead::DESCRIPTOR
    };
    load_decided_elsewhere(plugin("noop"), twin).await;
}

/// Proves P3: an interface that was open to all where the decision was made stays closed where a permission opens it.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_nothing_past_a_permission() {
    const OPEN: &[Gate] = &[Gate {
        interface: "portcullis:plugin/world-read",
        version: "0.1.0",
        permission: None,
    }];
    let open = CapabilityDescriptor {
        gates: OPEN,
        ..WorldRead::DESCRIPTOR
    };
    let manifest = r#"
        [plugin]
        id = "noop"
        name = "Noop"
        version = "0.1.0"
        [permissions."behavior:extend_conditions"]
        reason = "Offers a condition."
        [[contributes.conditions]]
        name = "calls"
    "#;
    load_decided_elsewhere(embed(&component("noop"), manifest), open).await;
}
