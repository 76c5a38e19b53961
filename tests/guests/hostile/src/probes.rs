//! Guests that look for a hole. True means that there is one.

use std::io::Read;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_sdk::prelude::*;

/// Names that come apart into another namespace where a host joins or cleans them carelessly.
const NAMESPACES: [&str; 16] = [
    "",
    " ",
    ".",
    "..",
    "*",
    "%",
    "stealth",
    "stealth ",
    " host",
    "HOST",
    "host/",
    "host/../stealth",
    "hostile/../stealth",
    "host\0",
    "\u{ff48}ost",
    "ho\u{ad}st",
];

/// Keys that come apart into another namespace, with the key that they would reach there.
const KEYS: [(&str, &str); 10] = [
    ("host/planted", "planted"),
    ("host:planted", "planted"),
    ("host\0planted", "planted"),
    ("host\u{1f}planted", "planted"),
    ("../host/planted", "planted"),
    ("/host/planted", "planted"),
    ("hostile/../host/planted", "planted"),
    ("host.planted", "planted"),
    ("host|planted", "planted"),
    ("planted\" } , \"host\": { \"planted\": \"", "planted"),
];

/// Tries to read and to write past its own namespace. `secrets` lists `[namespace, key]` pairs that a test has filled and the grant leaves
/// out, `npcs` ids of other worlds.
pub fn namespace_tricks(params: &Params) -> Result<bool, Failure> {
    let secrets: Vec<(String, String)> = params.find("secrets")?.unwrap_or_default();
    let npcs: Vec<String> = params.find("npcs")?.unwrap_or_default();
    Ok(secrets.iter().any(|(namespace, key)| leaks(namespace, key))
        || NAMESPACES
            .iter()
            .any(|namespace| foreign(namespace, "inventory") || foreign(namespace, "suspicion"))
        || KEYS.iter().any(|(key, there)| plants(key, there))
        || keys_of_bad_length()
        || npcs.iter().any(|npc| meets(npc)))
}

fn foreign(namespace: &str, key: &str) -> bool {
    matches!(session::foreign_flag::<Value>(namespace, key), Ok(Some(_)))
}

fn own(key: &str) -> bool {
    matches!(session::flag::<Value>(key), Ok(Some(_)))
}

/// Every spelling under which a careless host would hand out the secret.
fn leaks(namespace: &str, key: &str) -> bool {
    let spellings = ["/", ":", "\0", "\u{1f}", ".", "|"]
        .map(|separator| format!("{namespace}{separator}{key}"));
    foreign(namespace, key)
        || foreign("host", &format!("../{namespace}/{key}"))
        || foreign("hostile", &format!("../{namespace}/{key}"))
        || spellings.iter().any(|spelling| {
            own(spelling)
                || own(&format!("../{spelling}"))
                || foreign("host", spelling)
                || foreign(spelling, "")
                || foreign(spelling, key)
        })
}

/// Writes under a key of its own and looks whether the host's namespace has changed.
fn plants(key: &str, there: &str) -> bool {
    let before = foreign("host", there);
    session::set_flag(key, &true).is_ok() && !before && foreign("host", there)
}

fn keys_of_bad_length() -> bool {
    session::set_flag("", &true).is_ok() || session::set_flag(&"k".repeat(129), &true).is_ok()
}

/// Anything but `not-found` tells that the NPC exists somewhere.
fn meets(npc: &str) -> bool {
    let change = session::RelationshipChange {
        trust: 100,
        ..Default::default()
    };
    !matches!(npc::get(npc), Err(Error::NotFound))
        || !matches!(npc::attribute::<Value>(npc, "mood"), Err(_) | Ok(None))
        || !matches!(session::relationship(npc), Err(Error::NotFound))
        || session::update_relationship(npc, change).is_ok()
}

/// True if the guest sees an environment variable, an argument or anything on stdin.
pub fn read_environment() -> Result<bool, Failure> {
    let mut byte = [0u8; 1];
    Ok(std::env::vars_os().next().is_some()
        || std::env::args_os().next().is_some()
        || matches!(std::io::stdin().read(&mut byte), Ok(1)))
}

/// True from the second call in the same instance on.
pub fn global_counter() -> Result<bool, Failure> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    Ok(CALLS.fetch_add(1, Ordering::Relaxed) > 0)
}

/// True if this instance has served another world before.
pub fn remembered_world(subject: &Subject) -> Result<bool, Failure> {
    static WORLD: OnceLock<String> = OnceLock::new();
    Ok(*WORLD.get_or_init(|| subject.world.clone()) != subject.world)
}

/// Registers while it serves. The name is one that the manifest contributes.
pub fn register_late() -> Result<bool, Failure> {
    Ok(behavior::register_condition("echo").is_ok())
}

/// Log records that look like other records, move the cursor, or end a line of JSON early.
pub fn forged_log() -> Result<bool, Failure> {
    let forged = [
        "all is well\n2026-01-01T00:00:00Z ERROR stealth: forged",
        "carriage\rreturn\u{85}next line\u{2028}separator",
        "\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}5A",
        "\u{202e}desrever\u{2066}isolated\u{200b}",
        "\"}\n{\"level\":\"error\",\"plugin\":\"stealth\",\"message\":\"forged\"}",
        "null\0byte\u{7f}delete",
    ];
    for text in forged {
        log::warn(text, &[("plugin", &"stealth"), (text, &text)]);
        println!("{text}");
        eprintln!("{text}");
    }
    Ok(true)
}
