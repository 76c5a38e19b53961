//! Ids of a chat network as plugins see them, and as a token of an event's subject.

use std::fmt::Write;

use portcullis::log_record::is_hidden;
use portcullis::package::Digest;

/// The longest id, in bytes: it fits into a key of a plugin's store, with room for a prefix, and with others into the subject of an event.
const MAX: usize = 96;

/// How many digits of its digest stand for the rest of a long id: 64 bits.
const DIGITS: usize = 16;

/// One token of a subject for any id: letters and digits of any script, `-` and `_` stay, everything else is `%` and two hexadecimal digits for each byte. An
/// empty id is `%`. One that would have more than 96 bytes is cut, and a digest of all of it follows `%-`. So two ids never have one token, but
/// for long ones with one digest.
pub fn token(id: &str) -> String {
    if id.is_empty() {
        return "%".to_owned();
    }
    let mut token = String::new();
    let mut cut = 0;
    for c in id.chars() {
        push_escaped(&mut token, c);
        if token.len() <= MAX - DIGITS - 2 {
            cut = token.len();
        }
        // Long enough to be cut whatever follows.
        if token.len() > MAX {
            token.truncate(cut);
            let digest = Digest::of(id.as_bytes());
            token.push_str("%-");
            for byte in digest.as_bytes().iter().take(DIGITS / 2) {
                push_hex(&mut token, *byte);
            }
            break;
        }
    }
    token
}

fn push_escaped(token: &mut String, c: char) {
    if c.is_alphanumeric() || c == '-' || c == '_' {
        return token.push(c);
    }
    let mut bytes = [0; 4];
    for byte in c.encode_utf8(&mut bytes).bytes() {
        token.push('%');
        push_hex(token, byte);
    }
}

fn push_hex(token: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _written = write!(token, "{byte:02x}");
}

/// A channel or a user as plugins see it: as the network tells it, or as its token if it is empty, has more than 96 bytes or holds control
/// characters.
pub fn name(id: &str) -> String {
    let is_plain = !id.is_empty() && id.len() <= MAX && !id.chars().any(is_hidden);
    match is_plain {
        true => id.to_owned(),
        false => token(id),
    }
}

/// A thread as plugins see it, and the session that stands for it: the tokens of channel and thread with a `/` between them, or a token of both if that has more
/// than 96 bytes. Threads of two channels are never one.
pub fn thread(channel: &str, thread: &str) -> String {
    let both = format!("{}/{}", token(channel), token(thread));
    match both.len() <= MAX {
        true => both,
        false => token(&both),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use portcullis::bus::EventSubject;

    use super::*;

    const NASTY: [&str; 14] = [
        "",
        "%",
        "%25",
        ".",
        "a.b",
        "*",
        ">",
        "_x",
        "a b",
        "a\nb",
        "\u{202e}a",
        "#lobby",
        "caf\u{e9}",
        "/",
    ];

    /// Proves E10: whatever a channel is called, it is one token of a subject, and two channels are two tokens.
    #[test]
    fn any_id_is_one_token() {
        let long = ["x".repeat(5_000), "x".repeat(5_001), "\u{1F600}".repeat(40)];
        let ids = NASTY.into_iter().chain(long.iter().map(String::as_str));
        let tokens: Vec<_> = ids.map(token).collect();
        for token in &tokens {
            let subject = EventSubject::new(&format!("chat.message.{token}"));
            assert!(
                subject.is_ok_and(|subject| subject.as_str().split('.').count() == 3),
                "{token}"
            );
            assert!(token.len() <= MAX, "{token}");
        }
        assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len());
        assert_eq!(token("#lobby 1"), "%23lobby%201");
        assert_eq!(token("caf\u{e9}"), "caf\u{e9}");
    }

    /// Proves E10: a thread of one channel is never that of another, and is a key of a store with room for a prefix.
    #[test]
    fn threads_belong_to_their_channels() {
        let long = "y".repeat(200);
        let mut threads = BTreeSet::new();
        for channel in NASTY.into_iter().chain([long.as_str()]) {
            for one in NASTY.into_iter().chain([long.as_str()]) {
                let thread = thread(channel, one);
                assert!(
                    thread.len() <= MAX && !thread.contains(char::is_control),
                    "{thread}"
                );
                assert!(threads.insert(thread.clone()), "{thread}");
            }
        }
        assert_eq!(thread("lobby", "7"), "lobby/7");
    }

    #[test]
    fn names_stay_readable() {
        assert_eq!(name("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(name("two\nlines"), "two%0alines");
        assert_eq!(name(""), "%");
        assert!(name(&"x".repeat(200)).len() <= MAX);
    }
}
