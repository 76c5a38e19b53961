//! Code of all kinds, called.

use std::sync::OnceLock;

use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::{Blame, Outcome, Package, Plugin, Receipt, Subject};
use portcullis_tests::forge::{self, Import, Parts, wasi};
use serde_json::{Map, json};

use crate::host::{House, MEMORY, runtime};
use crate::plain::{one_line, shown};

/// The largest module that is run, in bytes. A compiler takes a millisecond for each of its kilobytes.
const MOST: usize = 16_384;

/// What the code may import besides its memory.
pub(crate) const HOST: &[Import] = &[
    wasi::POLL,
    wasi::CLOCK,
    wasi::STREAMS,
    wasi::STDOUT,
    wasi::STDIN,
    wasi::EXIT,
    wasi::RANDOM,
    wasi::LOG,
];

/// A core module, which becomes the code of a forged plugin: it may import the host's functions and exports `evaluate`.
///
/// - It is refused in plain text, or loaded and called twice, on fresh instances.
/// - A call ends by itself or by a limit, never by the host's fault; it leaves one receipt, and what it says of memory is within the limit.
/// - Both calls end alike and use the same fuel.
pub fn code(module: &[u8]) {
    // A component's magic is the same, but for the version.
    if module.len() > MOST || !module.starts_with(b"\0asm\x01\0\0\0") {
        return;
    }
    let component = woven(module);
    let manifest = forge::manifest("code", HOST, "");
    let package = match Package::embed(&component, &manifest).and_then(Package::parse) {
        Ok(package) => package,
        Err(error) => return error.problems().iter().for_each(shown),
    };
    let id = package.manifest().id.clone();
    let house = House::get();
    runtime().block_on(async {
        let _alone = house.alone.lock().await;
        let Some(plugin) = house.load(package).await else {
            return;
        };
        let (one, two) = (ask(house, &plugin).await, ask(house, &plugin).await);
        house.host.unload(&id).await.unwrap();
        // A busy machine may hold one of them up until its time is over.
        if one.outcome != Outcome::TimedOut && two.outcome != Outcome::TimedOut {
            assert_eq!(said(&one), said(&two));
        }
    });
}

async fn ask(house: &House, plugin: &Plugin) -> Receipt<bool> {
    let before = house.receipts.count();
    let request = Evaluate {
        name: "any".into(),
        params: Map::from_iter([("call".to_owned(), json!("of a code"))]),
    };
    let subject = Subject::world("meadow").session("s").npc("miller");
    let receipt = plugin.call::<Conditions>(subject, request).await;
    assert_eq!(house.receipts.count(), before + 1, "{receipt}");
    assert_ne!(receipt.blame, Some(Blame::Host), "{receipt}");
    assert_ne!(receipt.outcome, Outcome::Cancelled, "{receipt}");
    assert!(receipt.peak_memory_bytes <= MEMORY, "{receipt}");
    assert_eq!(
        receipt.reply.is_some(),
        receipt.outcome == Outcome::Returned
    );
    one_line(&receipt.to_string());
    receipt
}

/// What of a receipt is the same each time.
fn said(receipt: &Receipt<bool>) -> impl PartialEq + std::fmt::Debug {
    (
        receipt.outcome,
        receipt.message.clone(),
        receipt.fuel,
        receipt.peak_memory_bytes,
        receipt.room_calls.clone(),
        (receipt.dropped_log_records, receipt.reply),
    )
}

/// A forged component with this module in place of its code.
fn woven(module: &[u8]) -> Vec<u8> {
    static LOOM: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (before, after) = LOOM.get_or_init(|| {
        let parts = Parts {
            host: HOST,
            ..Parts::default()
        };
        split(&forge::component(&parts))
    });
    let mut woven = before.clone();
    woven.push(1);
    leb(module.len(), &mut woven);
    woven.extend_from_slice(module);
    woven.extend_from_slice(after);
    woven
}

/// What stands before the code's section and behind it.
fn split(component: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut at = 8;
    while at < component.len() {
        let (id, mut size, mut shift, mut body) = (component[at], 0_usize, 0, at + 1);
        loop {
            let byte = component[body];
            size |= usize::from(byte & 0x7f) << shift;
            (shift, body) = (shift + 7, body + 1);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let end = body + size;
        let is_code = component[body..end]
            .windows(8)
            .any(|name| name == b"evaluate");
        if id == 1 && is_code {
            return (component[..at].to_vec(), component[end..].to_vec());
        }
        at = end;
    }
    panic!("the forged component has no code");
}

fn leb(mut number: usize, to: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        to.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            break;
        }
    }
}
