//! The ways in which a plugin hands out a secret, by carelessness or on purpose, as text.

use std::io::Write;

use portcullis_sdk::prelude::*;

/// Where the host cuts a message, a field's value and a field's key.
const LIMITS: [usize; 3] = [4_096, 1_024, 64];

pub fn token() -> String {
    read("token")
}

fn read(key: &str) -> String {
    let secret = secrets::get(key).ok().flatten();
    secret.map_or_else(String::new, |secret| secret.expose().to_owned())
}

pub fn leak(how: &str) -> Result<bool, Failure> {
    let token = token();
    match how {
        "log" => {
            for text in [token.clone(), read("key")] {
                for form in forms(&text) {
                    log::info(&format!("logged in with {form}"), &[("form", &form)]);
                    log::info(&form, &[(&format!("k {form}"), &"in a key")]);
                }
            }
        }
        "log-around-the-limits" => {
            for limit in LIMITS {
                for before in limit.saturating_sub(token.len() + 2)..limit + 2 {
                    let text = format!("{}{token}", "-".repeat(before));
                    log::info(&text, &[]);
                    log::info("in a field", &[("field", &text)]);
                    // A key that is too long is refused.
                    log::info("in a key", &[(&text, &"")]);
                }
            }
        }
        "print" => {
            for form in forms(&token).into_iter().chain(forms(&read("key"))) {
                println!("logged in with {form}");
                eprintln!("logged in with {form}");
            }
        }
        "print-in-pieces" => in_pieces(5, &format!("a {token} b\nthe key: {}", read("key"))),
        "print-around-the-limit" => {
            for before in LIMITS[0].saturating_sub(token.len() + 2)..LIMITS[0] + 2 {
                let text = format!("{}{token}{}\n", "-".repeat(before), "-".repeat(99));
                in_pieces(97, &text);
            }
        }
        "error" => return Err(Failure::new(forms(&token).join(" and "))),
        "error-around-the-limit" => return Err(around(&token, 1_024)),
        "panic" => panic!("cannot log in with {token}"),
        "denied-key" => {
            // Neither is a key that the scopes cover, or a permission that there is.
            let _ = secrets::get(&token);
            let _ = secrets::get(&format!("{}{token}", "-".repeat(110)));
            let _ = permissions::require(&token);
            let _ = permissions::require(&format!("{}{token}", "-".repeat(60)));
            let _ = config::get::<Value>(&token);
            let _ = behavior::register_condition(&token);
            return Err(secrets::get(&token)
                .err()
                .map_or("granted".into(), Into::into));
        }
        other => return Err(Failure::unknown(other)),
    }
    Ok(true)
}

/// The text as it is, and in the forms in which programs print text.
fn forms(text: &str) -> Vec<String> {
    vec![
        text.to_owned(),
        text.escape_debug().to_string(),
        format!("{text:?}"),
        json!({ "authorization": format!("Bearer {text}") }).to_string(),
        base64(text.as_bytes()),
        base64(format!("user:{text}").as_bytes()),
        format!("{text}{text}"),
    ]
}

/// An error that the host cuts in the middle of the token.
fn around(token: &str, limit: usize) -> Failure {
    let before = limit - token.len() / 2;
    Failure::new(format!("{}{token}", "-".repeat(before)))
}

/// Writes a few bytes at a time, and does not end the last line.
fn in_pieces(bytes: usize, text: &str) {
    let mut out = std::io::stdout();
    for piece in text.as_bytes().chunks(bytes) {
        let _ = out.write_all(piece);
        let _ = out.flush();
    }
}

/// Standard Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}
