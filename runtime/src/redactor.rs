//! Keeps a plugin's secrets out of what the plugin says: log records, errors, denials.
//!
//! A secret is found as it is and in the forms in which programs print text by habit: escaped, as a JSON string, as Rust's debug form,
//! percent-encoded (whichever bytes are, in digits of either case, with `+` for a space or not), and in Base64 (the URL alphabet too),
//! also in the middle of a longer text that was encoded; and so without the space around it, and each of its lines, of 8 bytes and more. What else a plugin does to a secret (spelling it backwards, one byte a record) cannot be caught, nor is what
//! it replies or writes to the host's state looked at: that is why `secret:read` is dangerous.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER_PERMISSIVE};
use secrecy::ExposeSecret;

use crate::configuration::{Configuration, MIN_SECRET_BYTES};
use crate::log_record::{escape, escape_whole};

/// What stands in the place of a secret.
const SHOWN: &str = "[secret]";

/// How many bytes one becomes at most that is percent-encoded.
const PERCENT_ENCODED: usize = 3;

/// Finds the secrets of one plugin. Cheap to clone; costs next to nothing for a plugin without secrets.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Option<Arc<Forms>>);

struct Forms {
    finder: AhoCorasick,
    longest: usize,
}

impl Redactor {
    /// For the secrets of a configuration.
    ///
    /// # Errors
    /// There are more of them than a finder can hold.
    pub(crate) fn of(configuration: &Configuration) -> Result<Self, aho_corasick::BuildError> {
        let secrets = configuration.secrets();
        let forms: BTreeSet<String> = secrets
            .flat_map(|(_, secret)| forms(secret.expose_secret()))
            .collect();
        if forms.is_empty() {
            return Ok(Self(None));
        }
        let longest = forms.iter().map(String::len).max().unwrap_or_default();
        let secrets = configuration.secrets();
        let secret = secrets
            .map(|(_, secret)| secret.expose_secret().len())
            .max();
        let longest = longest.max(secret.unwrap_or_default() * PERCENT_ENCODED);
        let finder = AhoCorasick::new(&forms)?;
        Ok(Self(Some(Arc::new(Forms { finder, longest }))))
    }

    /// The length of the longest text that is hidden, in bytes. Who collects text up to a limit keeps as many more, so that no secret is cut
    /// where it could not be found any more.
    pub(crate) fn longest(&self) -> usize {
        self.0.as_ref().map_or(0, |forms| forms.longest)
    }

    /// A plugin's text as it may be shown: at most `limit` bytes of it, without its secrets, and escaped.
    pub(crate) fn show(&self, text: &str, limit: usize) -> String {
        match &self.0 {
            None => escape_whole(text, limit),
            Some(forms) => escape_whole(&forms.hide(text, limit), usize::MAX),
        }
    }
}

impl Forms {
    /// The first `limit` bytes of a text without secrets. A secret that the limit would cut is hidden as a whole.
    fn hide<'t>(&self, text: &'t str, limit: usize) -> Cow<'t, str> {
        let end = text.floor_char_boundary(limit);
        // What begins later is cut off.
        let reach = text.ceil_char_boundary(limit.saturating_add(self.longest));
        let window = text.get(..reach).unwrap_or(text);
        let mut shown = String::new();
        let mut from = 0;
        for (start, stop) in self.places(window) {
            if start >= end {
                break;
            }
            shown.push_str(text.get(from..start).unwrap_or_default());
            shown.push_str(SHOWN);
            from = stop;
        }
        let rest = text.get(from..end).unwrap_or_default();
        match from {
            0 => Cow::Borrowed(rest),
            _ => Cow::Owned(shown + rest),
        }
    }

    /// Where secrets stand, in order. Those that overlap or touch are one place.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut all = self.found(text.as_bytes());
        for (mark, plus) in [('%', None), ('+', Some(b' '))] {
            if text.contains(mark) {
                let decoded = Decoded::of(text, plus);
                let found = self.found(&decoded.bytes).into_iter();
                all.extend(found.filter_map(|place| decoded.place(place)));
            }
        }
        all.sort_unstable();
        let mut places = Vec::<(usize, usize)>::new();
        for (start, stop) in all {
            match places.last_mut().filter(|(_, before)| *before >= start) {
                Some((_, before)) => *before = stop.max(*before),
                None => places.push((start, stop)),
            }
        }
        places
    }

    /// Where secrets stand in these bytes as they are, in order.
    fn found(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut places = Vec::<(usize, usize)>::new();
        for found in self.finder.find_overlapping_iter(bytes) {
            let (mut start, stop) = (found.start(), found.end());
            // They come in the order of their ends: a long one may cover several before it.
            while let Some((before, _)) = places.pop_if(|(_, stop)| *stop >= start) {
                start = start.min(before);
            }
            places.push((start, stop));
        }
        places
    }
}

/// The forms in which a secret is hidden.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for text in texts(secret) {
        let json = serde_json::to_string(text).unwrap_or_default();
        let debug = format!("{text:?}");
        forms.push(text.to_owned());
        forms.extend([json, debug].iter().map(|form| unquoted(form)));
    }
    for form in forms.clone() {
        forms.push(escape(&form, usize::MAX));
    }
    for text in texts(secret) {
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            forms.push(encoding.encode(text.as_bytes()));
            forms.extend((0..3).map(|before| in_the_middle(&encoding, before, text)));
        }
    }
    forms.retain(|form| form.len() >= MIN_SECRET_BYTES);
    forms
}

/// A secret, without the space around it (a line's end is easily set with it), and its lines.
fn texts(secret: &str) -> BTreeSet<&str> {
    let parts = secret.lines().chain([secret]).map(str::trim);
    let parts = parts.filter(|part| part.len() >= MIN_SECRET_BYTES);
    parts.chain([secret]).collect()
}

/// The part of Base64 text that a secret decides by itself when `before` bytes (0 to 2) stand before it in a group of three.
fn in_the_middle(encoding: &Encoding, before: usize, secret: &str) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let encoded = encoding.encode(&bytes);
    // Six bits a character: the first ones mix with what stands before, the last one with what comes after.
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(first..end).unwrap_or_default().to_owned()
}

/// A text with its percent-encoding undone, and where in the text each byte stood, the end included.
struct Decoded {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Decoded {
    fn of(text: &str, plus: Option<u8>) -> Self {
        let (mut bytes, mut places, mut at) = (Vec::new(), Vec::new(), 0);
        let text = text.as_bytes();
        while let Some(&byte) = text.get(at) {
            places.push(at);
            let (decoded, length) = match (byte, plus) {
                (b'%', _) => hex(text.get(at + 1..at + 3)).map_or((byte, 1), |byte| (byte, 3)),
                (b'+', Some(plus)) => (plus, 1),
                _ => (byte, 1),
            };
            bytes.push(decoded);
            at += length;
        }
        places.push(at);
        Self { bytes, places }
    }

    fn place(&self, (start, stop): (usize, usize)) -> Option<(usize, usize)> {
        Some((*self.places.get(start)?, *self.places.get(stop)?))
    }
}

/// The byte that two hexadecimal digits of either case stand for.
fn hex(digits: Option<&[u8]>) -> Option<u8> {
    HEXLOWER_PERMISSIVE.decode(digits?).ok()?.first().copied()
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::configuration::Settings;

    fn redactor(secrets: &[&str]) -> Redactor {
        let keys = (0..secrets.len()).map(|number| format!("s{number}"));
        let properties: serde_json::Map<_, _> = keys
            .clone()
            .map(|key| (key, serde_json::json!({ "type": "string", "secret": true })))
            .collect();
        let schema = serde_json::json!({ "properties": properties });
        let schema = crate::configuration::ConfigSchema::of(schema.as_object().unwrap().clone());
        let settings = keys
            .zip(secrets)
            .fold(Settings::new(), |settings, (key, secret)| {
                settings.secret(key, *secret)
            });
        Redactor::of(&schema.unwrap().check(settings).unwrap()).unwrap()
    }

    /// Proves M6: a secret is hidden in every form that the documentation names.
    #[test]
    fn every_form_is_hidden() {
        let secret = "pa\"ss\nwörd\u{202e}/+?";
        let redactor = redactor(&[secret]);
        let base64 = data_encoding::BASE64.encode(secret.as_bytes());
        let basic = data_encoding::BASE64.encode(format!("user1:{secret}, and more").as_bytes());
        for text in [
            secret.to_owned(),
            escape(secret, 100),
            serde_json::to_string(secret).unwrap(),
            serde_json::to_string(&format!("x{secret}")).unwrap(),
            format!("{secret:?}"),
            base64.clone(),
            base64.trim_end_matches('=').to_owned(),
            basic,
        ] {
            let shown = redactor.show(&format!("a {text} b {text}{text}"), 4_096);
            assert!(shown.contains("[secret]"), "{text}: {shown}");
            for part in ["pa", "ss", "rd", &base64[4..9]] {
                assert!(!shown.contains(part), "{text}: {shown}");
            }
        }
    }

    /// Proves M6: so is a secret that was percent-encoded by any of the usual encoders.
    #[test]
    fn every_percent_encoding_is_hidden() {
        let redactor = redactor(&["pass w\u{f6}rd-*~(1)/?"]);
        for text in [
            "pass%20w%C3%B6rd%2D%2A%7E%281%29%2F%3F",
            "pass%20w%c3%b6rd%2d%2a%7e%281%29%2f%3f",
            "pass%20w%C3%B6rd-%2A~%281%29%2F%3F",
            "pass+w%C3%B6rd-*%7E%281%29%2F%3F",
            "pass+w%c3%b6rd-%2a~%281%29%2f%3f",
            "pass%20w%C3%B6rd-*~(1)%2F%3F",
            "%70ass+w\u{f6}r%64-*~(1)/%3f",
        ] {
            assert_eq!(redactor.show(text, 100), "[secret]", "{text}");
            let among = redactor.show(&format!("50% + {text}%"), 100);
            assert_eq!(among, "50% + [secret]%", "{text}");
            let cut = redactor.show(&format!("{text}{text}"), 12);
            assert_eq!(cut, "[secret]", "{text}");
        }
    }

    /// Proves M6: a secret that was set with the end of its line, or that has lines, is found as a program uses it.
    #[test]
    fn every_part_is_hidden_in_every_form() {
        let trimmed = redactor(&[" correct-horse\n"]);
        let lines = redactor(&["\nfirst-part of it\nsecond-part/of it\n\n"]);
        let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        for (redactor, text) in [
            (&trimmed, "correct-horse".to_owned()),
            (&trimmed, base64("correct-horse")),
            (&trimmed, "correct%2dhorse".to_owned()),
            (&lines, base64("second-part/of it")),
            (&lines, "second-part%2Fof+it".to_owned()),
            (&lines, base64("first-part of it\nsecond-part/of it")),
        ] {
            let shown = redactor.show(&text, 100);
            // What pads is no part of it, and the last digit may be mixed with what comes after.
            assert!(shown.trim_end_matches('=').len() <= 9, "{text}: {shown}");
        }
        for before in ["user:", "users:", "user_1:"] {
            let shown = trimmed.show(&base64(&format!("{before}correct-horse")), 100);
            assert!(shown.contains("[secret]"), "{before}: {shown}");
        }
    }

    /// Proves M6: each encoding of a longer text is found, wherever in it the secret stands.
    #[test]
    fn base64_is_found_in_the_middle() {
        let redactor = redactor(&["correct-horse"]);
        for before in ["", "1", "12", "123", "1234"] {
            for after in ["", "1", "12", "123"] {
                let text = format!("{before}correct-horse{after}");
                let shown = redactor.show(&data_encoding::BASE64.encode(text.as_bytes()), 100);
                assert!(shown.contains("[secret]"), "{text}: {shown}");
                assert!(shown.len() <= 8 + 12, "{text}: {shown}");
            }
        }
    }

    /// Proves M6: neither a limit nor a neighbour leaves a piece of a secret over.
    #[test]
    fn nothing_is_left_of_a_secret() {
        let alone = redactor(&["correct-horse"]);
        for limit in 0..40 {
            let shown = alone.show("correct-horse and correct-horse staple", limit);
            for piece in ["cor", "hor", "rse"] {
                assert!(!shown.contains(piece), "{limit}: {shown}");
            }
        }
        assert_eq!(alone.show("a correct-horse b", 100), "a [secret] b");
        assert_eq!(alone.show("a\nb", 100), "a\\nb");
        let both = redactor(&["correct-horse", "horse-battery", "rse-bat-inner"]);
        assert_eq!(both.show("x correct-horse-battery y", 100), "x [secret] y");
        let lines = redactor(&["-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\nyz"]);
        assert_eq!(lines.show("a mnopqrstuvwx b", 100), "a [secret] b");
    }

    #[test]
    fn without_secrets_text_is_escaped_only() {
        let none = redactor(&[]);
        assert_eq!((none.longest(), none.show("äö\n", 3)), (0, "ä".to_owned()));
    }
}
