//! A chain that breaks through no handler's doing never fails the host: the data is as it was after the last good step.

use std::sync::Arc;

use portcullis::hook_point::{HookPoint, HookPolicy, Point};
use portcullis::receipt::{ChainReceipt, Note};
use portcullis::{Observer, Outcome, Record};
use portcullis_tests::chain::asked;
use portcullis_tests::rig::shared_cache;
use portcullis_tests::{Rig, chain, limits, work_item};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Data of a host's own that cannot be written, and panics where more is read than anybody has.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Broken {
    #[serde(deserialize_with = "up_to_a_thousand")]
    litres: f64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "fail")]
    broken: Option<Break>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
enum Break {
    Fails,
    Panics,
}

impl Point for Broken {
    const NAME: &'static str = "garden.watered";
    const SUMMARY: &'static str = "Before a plant is watered.";
    const MUTABLE: &'static [&'static str] = &["litres"];
    const MAY_BLOCK: bool = true;
}

fn fail<S: Serializer>(broken: &Option<Break>, _: S) -> Result<S::Ok, S::Error> {
    match broken {
        Some(Break::Panics) => panic!("the data panics on purpose"),
        _ => Err(serde::ser::Error::custom("the data fails on purpose")),
    }
}

fn up_to_a_thousand<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let litres = f64::deserialize(from)?;
    assert!(litres <= 1_000.0, "the data panics on purpose");
    Ok(litres)
}

fn rig() -> Rig {
    Rig::with(limits(|_| {}), |builder| {
        let builder = builder.compile_cache(shared_cache());
        builder.hook_point(HookPoint::of::<Broken>()).unwrap()
    })
}

const AT: &str = "point=\"garden.watered\"";

/// Proves E8: data that cannot be written, or panics while it is, is given back as it is, and nobody is asked; who fails closed blocks.
#[tokio::test(flavor = "multi_thread")]
async fn data_that_cannot_be_written() {
    for (broken, why) in [
        (
            Break::Fails,
            "cannot be written as JSON: the data fails on purpose",
        ),
        (Break::Panics, "panicked"),
    ] {
        let data = || Broken {
            litres: 2.0,
            broken: Some(broken),
        };
        let rig = rig();
        rig.load_package(chain("mild", &[&format!("waters-more {AT}")]))
            .await;
        let hooked = rig.hook(data()).await;
        assert_eq!(
            (hooked.data.litres, hooked.data.broken),
            (2.0, Some(broken))
        );
        assert!(
            hooked.chain.fault.as_ref().unwrap().contains(why),
            "{}",
            hooked.chain
        );
        assert!(hooked.blocked().is_none() && hooked.chain.steps.is_empty());

        rig.load_package(chain(
            "strict",
            &[&format!("proceeds fail=\"closed\" {AT}")],
        ))
        .await;
        let hooked = rig.hook(data()).await;
        let block = hooked.blocked().unwrap();
        assert_eq!(
            (&*block.by, block.failed),
            ("hook:plugin:strict:proceeds", true)
        );
        assert!(block.reason.contains(why), "{block}");
        assert!(rig.receipts.is_empty());
    }
}

/// Proves E8: a panic in mid-chain leaves what the good steps before it have made; who was not asked and fails closed blocks.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_mid_chain() {
    let rig = rig();
    let open = [
        format!("waters-more priority=3 {AT}"),
        format!("waters-too-much priority=2 {AT}"),
    ];
    rig.load_package(chain("mild", &open.each_ref().map(|one| &**one)))
        .await;
    let before = || Broken {
        litres: 2.0,
        broken: None,
    };
    let hooked = rig.hook(before()).await;
    assert_eq!(hooked.data.litres, 4.0);
    assert_eq!(
        hooked.chain.fault.as_deref(),
        Some("the dispatcher panicked")
    );
    // Who was asked last has its receipt, and the fault is not its own.
    assert_eq!(
        asked(&hooked.chain),
        ["mild:waters-more", "mild:waters-too-much"]
    );
    let last = hooked.chain.steps.last().unwrap().call.as_ref().unwrap();
    assert_eq!(last.outcome, Outcome::Returned);
    assert_eq!(hooked.blocked(), None);

    let asked_last = format!("waters-too-much priority=2 fail=\"closed\" {AT}");
    rig.load_package(chain("mild", &[&open[0], &asked_last]))
        .await;
    let hooked = rig.hook(before()).await;
    assert_eq!(hooked.blocked(), None, "it was asked");

    let closed = format!("proceeds fail=\"closed\" {AT}");
    rig.load_package(chain("strict", &[&closed])).await;
    let hooked = rig.hook(before()).await;
    assert_eq!(hooked.data.litres, 4.0);
    assert_eq!(
        &*hooked.blocked().unwrap().by,
        "hook:plugin:strict:proceeds"
    );
}

/// Proves E8: a point that the host has a type for and did not declare is no chain, and the receipt says what to do. A handler there that fails closed
/// blocks all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_was_not_declared() {
    let rig = Rig::default();
    let hooked = rig.hook(Broken::default()).await;
    let fault = hooked.chain.fault.as_deref().unwrap();
    assert!(fault.contains("`garden.watered`") && fault.contains("HostBuilder::hook_point"));
    assert_eq!(hooked.blocked(), None);

    rig.load_package(chain("mild", &[&format!("proceeds {AT}")]))
        .await;
    assert_eq!(rig.hook(Broken::default()).await.blocked(), None);
    let closed = format!("proceeds fail=\"closed\" {AT}");
    rig.load_package(chain("strict", &[&closed])).await;
    let hooked = rig.hook(Broken::default()).await;
    let block = hooked.blocked().unwrap();
    assert_eq!(
        (&*block.by, block.failed),
        ("hook:plugin:strict:proceeds", true)
    );
}

/// Proves E8: data that has grown beyond its bound stays as it was; data that the host begins with beyond it is a fault of the chain.
#[tokio::test(flavor = "multi_thread")]
async fn data_that_is_too_large() {
    let most = serde_json::to_string(&work_item()).unwrap().len() as u64 + 10;
    let policy = limits(|_| {}).hooks(HookPolicy::default().data_bytes(most));
    let rig = Rig::new(policy);
    let handlers = [
        "label-short",
        "label-a-bit-longer",
        "proceeds fail=\"closed\"",
    ];
    rig.load_package(chain("grows", &handlers)).await;
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.data.labels, ["short"]);
    let [Note::DroppedChange { why }] = &hooked.chain.steps[1].notes[..] else {
        panic!("{}", hooked.chain);
    };
    assert!(why.contains(&format!("at most {most}")), "{why}");

    let mut large = work_item();
    large.title = "x".repeat(100);
    let hooked = rig.hook(large.clone()).await;
    assert_eq!(hooked.data, large);
    assert!(hooked.chain.fault.as_ref().unwrap().contains("bytes"));
    assert_eq!(&*hooked.blocked().unwrap().by, "hook:plugin:grows:proceeds");
}

/// Panics at each chain.
struct Fragile;

impl Observer for Fragile {
    fn record(&self, _: &Record) {}

    fn chain(&self, _: &ChainReceipt) {
        panic!("the observer panics on purpose");
    }
}

/// Proves E8: an observer that panics is no concern of the chain, nor of other observers.
#[tokio::test(flavor = "multi_thread")]
async fn an_observer_that_panics() {
    let rig = Rig::with(limits(|_| {}), |builder| {
        let builder = builder.compile_cache(shared_cache());
        builder.observer(Arc::new(Fragile))
    });
    rig.load_package(chain("mild", &["label-a"])).await;
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.data.labels, ["a"]);
    assert_eq!(hooked.chain.fault, None);
}
