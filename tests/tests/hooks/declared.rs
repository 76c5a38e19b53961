//! Points of a host's own, points by name, and what is decided about handlers before a plugin is loaded.

use portcullis::configuration::Settings;
use portcullis::extension::Scene;
use portcullis::extension::hooks::HookError;
use portcullis::hook_point::{HookPoint, Point};
use portcullis::manifest::RawTable;
use portcullis::receipt::{ChainReceipt, Note};
use portcullis::{Consent, EnabledPlugins, Package, Policy};
use portcullis_tests::chain::{asked, chain_manifest};
use portcullis_tests::rig::{ada, params, shared_cache};
use portcullis_tests::{Rig, chain, component, embed, limits, work_item};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Watered {
    plant: String,
    #[schemars(range(max = 1_000.0))]
    litres: f64,
}

impl Point for Watered {
    const NAME: &'static str = "garden.watered";
    const SUMMARY: &'static str = "Before a plant is watered.";
    const MUTABLE: &'static [&'static str] = &["litres"];
    const MAY_BLOCK: bool = false;
}

fn garden() -> Rig {
    Rig::with(limits(|_| {}), |builder| {
        let builder = builder.compile_cache(shared_cache());
        builder.hook_point(HookPoint::of::<Watered>()).unwrap()
    })
}

const AT: &str = "point=\"garden.watered\"";

/// Proves E7: a host declares a point of its own by a type, and a plugin handles it by a type of its own, with fewer fields.
#[tokio::test(flavor = "multi_thread")]
async fn a_point_of_the_hosts_own() {
    let rig = garden();
    let handlers = [format!("waters-more {AT}"), format!("waters-too-much {AT}")];
    rig.load_package(chain("gardener", &handlers.each_ref().map(|one| &**one)))
        .await;
    let plant = "fern".to_owned();
    let hooked = rig.hook(Watered { plant, litres: 1.5 }).await;
    assert_eq!(
        (hooked.data.plant.as_str(), hooked.data.litres),
        ("fern", 3.0)
    );
    let [Note::DroppedChange { why }] = &hooked.chain.steps[1].notes[..] else {
        panic!("{}", hooked.chain);
    };
    assert!(why.contains("litres") && why.contains("1000"), "{why}");
}

async fn by_name(
    rig: &Rig,
    point: &str,
    data: Value,
) -> Result<(Map<String, Value>, ChainReceipt), HookError> {
    let (subject, enabled) = (ada(), EnabledPlugins::All);
    let scene = Scene {
        subject: &subject,
        enabled: &enabled,
    };
    let hooked = rig.host.hook_json(point, scene, params(data)).await?;
    Ok((hooked.data, hooked.chain))
}

/// Proves E7: points go by name too; unknown ones and data that does not fit are told, and nobody is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_point_by_its_name() {
    let rig = garden();
    rig.load_package(chain("gardener", &[&format!("waters-more {AT}")]))
        .await;
    let (data, chain) = by_name(
        &rig,
        "garden.watered",
        json!({ "plant": "fern", "litres": 2 }),
    )
    .await
    .unwrap();
    assert_eq!(
        Value::Object(data),
        json!({ "plant": "fern", "litres": 4.0 })
    );
    assert_eq!(asked(&chain), ["gardener:waters-more"]);

    let unknown = by_name(&rig, "garden.mown", json!({})).await.unwrap_err();
    assert!(unknown.to_string().contains("`garden.mown`"), "{unknown}");
    let misfit = by_name(
        &rig,
        "garden.watered",
        json!({ "plant": "f", "litres": "x" }),
    )
    .await;
    let misfit = misfit.unwrap_err();
    assert!(misfit.to_string().contains("litres"), "{misfit}");
    assert!(!misfit.to_string().contains('x'), "{misfit}");
    assert_eq!(rig.receipts.len(), 1);
}

/// Proves E7: a receipt of a chain survives being written down, and shows a line for each handler.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_can_be_kept() {
    let rig = Rig::default();
    let handlers = ["label-a", "oversteps", "fails", "blocks"];
    rig.load_package(chain("all", &handlers)).await;
    let chain = rig.hook(work_item()).await.chain;
    let text = serde_json::to_string(&chain).unwrap();
    let back: ChainReceipt = serde_json::from_str(&text).unwrap();
    assert_eq!(back.to_string(), chain.to_string());
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    let shown = chain.to_string();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 5, "{shown}");
    for (line, part) in lines.iter().zip([
        "blocked by",
        "changes labels",
        "may not change",
        "fails open",
        "blocks",
    ]) {
        assert!(line.contains(part), "{line}");
    }
}

/// What is decided about a plugin with this handler: the codes of its problems, or none.
fn problems(policy: Policy, handler: &str, scope: &str) -> Vec<(&'static str, bool, String)> {
    let rig = Rig::new(policy);
    let manifest = chain_manifest("0.1.0", "kept", &[handler]).replacen(
        "reason = \"A test asks for it.\"\n",
        &format!("reason = \"A test asks for it.\"\n{scope}\n"),
        1,
    );
    let package: Package = embed(&component("chain"), &manifest);
    let explanation = rig.host.explain(&package, &Consent::Everything);
    let found = explanation.problems.iter();
    found
        .map(|one| (one.code, one.is_error(), one.to_string()))
        .filter(|(code, ..)| code.starts_with("point") || code.contains("scope"))
        .collect()
}

/// Proves E7, P4: handlers stand within the scopes of both sides; a point that the host does not have is told of, with the one that was meant.
#[tokio::test(flavor = "multi_thread")]
async fn handlers_are_admitted_before_anything_runs() {
    let tool = "proceeds point=\"tool.pre_exec\"";
    assert_eq!(problems(limits(|_| {}), tool, ""), []);
    let own = "scope = { points = [\"tool.*\"] }";
    assert_eq!(problems(limits(|_| {}), tool, own), []);
    let outside = problems(limits(|_| {}), "proceeds", own);
    let [("point-out-of-scope", true, text)] = &outside[..] else {
        panic!("{outside:?}");
    };
    assert!(text.contains("work_item.pre_create"), "{text}");

    let scope = RawTable::from_json(json!({ "points": ["model.pre_call"] })).unwrap();
    let policy = limits(|_| {}).scope("hook:handle", scope);
    let outside = problems(policy, tool, own);
    assert!(
        matches!(outside[..], [("point-out-of-scope", true, _)]),
        "{outside:?}"
    );

    let unknown = problems(limits(|_| {}), "proceeds point=\"tool.pre_exce\"", "");
    let [("point-unknown", false, text)] = &unknown[..] else {
        panic!("{unknown:?}");
    };
    assert!(text.contains("did you mean `tool.pre_exec`?"), "{text}");

    let closed = "proceeds fail=\"closed\" point=\"response.post_deliver\"";
    let closed = problems(limits(|_| {}), closed, "");
    assert!(
        matches!(closed[..], [("point-cannot-block", true, _)]),
        "{closed:?}"
    );
}

/// Proves E7, O3: what a chain's receipt says of a plugin's text holds none of its secrets.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_out_of_receipts() {
    let rig = Rig::new(limits(|_| {}).switch_on("secret:read"));
    let secret = "correct horse battery";
    let manifest = chain_manifest("0.1.0", "kept", &["tells-a-secret"])
        + "[config.properties.token]\ntype = \"string\"\nsecret = true\n";
    let settings = Settings::new().secret("token", secret);
    rig.settings.set("kept".parse().unwrap(), settings);
    rig.load_package(embed(&component("chain"), &manifest))
        .await;
    let (first, second) = (rig.hook(work_item()).await, rig.hook(work_item()).await);
    let notes = &first.chain.steps[0].notes;
    let fields = vec!["[secret]".to_owned()];
    assert_eq!(notes, &[Note::DroppedFields { fields }], "{}", first.chain);
    assert_eq!(second.blocked().unwrap().reason, "because of [secret]");
    for chain in [first.chain, second.chain] {
        assert!(!serde_json::to_string(&chain).unwrap().contains("horse"));
    }
}

/// Proves E7: what is said of data that does not fit has nothing of the data in it, neither a value nor a name.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_not_told() {
    let schema = json!({
        "properties": { "keys": {
            "type": "object",
            "additionalProperties": { "type": "string" },
            "propertyNames": { "maxLength": 20 },
        } },
        "additionalProperties": false,
    });
    let rig = Rig::with(limits(|_| {}), |builder| {
        let point = HookPoint::new("garden.opened", "When a garden is opened.", schema);
        builder
            .compile_cache(shared_cache())
            .hook_point(point)
            .unwrap()
    });
    for (data, place) in [
        (json!({ "keys": { "hunter2": 1 } }), "keys: "),
        (
            json!({ "keys": { "hunter2-hunter2-hunter2": "" } }),
            "keys: ",
        ),
        (json!({ "hunter2": 1 }), "the data: "),
    ] {
        let refused = by_name(&rig, "garden.opened", data).await;
        let Err(HookError::Data { why, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert!(why.starts_with(place) && !why.contains("hunter2"), "{why}");
    }
}
