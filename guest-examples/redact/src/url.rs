//! The passwords of URLs.

use crate::span::Span;

/// The longest URL that is looked through for a password.
const URL_BYTES: usize = 2_048;

/// The passwords in URLs: `scheme://user:password@host`.
pub fn find(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, sign) in text.match_indices("://") {
        let start = at + sign.len();
        let rest = text.get(start..).unwrap_or_default();
        let rest = rest
            .get(..rest.floor_char_boundary(URL_BYTES))
            .unwrap_or(rest);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let url = rest.get(..rest.find(ends).unwrap_or(rest.len()));
        let url = url.unwrap_or_default();
        let authority = url.get(..end_of_authority(url)).unwrap_or_default();
        let (Some(host), Some(colon)) = (authority.rfind('@'), authority.find(':')) else {
            continue;
        };
        if colon + 1 < host
            && !authority
                .get(colon + 1..host)
                .is_some_and(|it| it.starts_with("[redacted"))
        {
            spans.push(Span {
                at: start + colon + 1..start + host,
                kind: "password",
            });
        }
    }
    spans
}

/// Where user, password and host of a URL end, which stands without its scheme. A password may hold a slash, though it should be written
/// otherwise; a port is digits, and no password.
fn end_of_authority(url: &str) -> usize {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let authority = url.get(..end).unwrap_or_default();
    let port = authority.split_once(':').map(|(_, port)| port);
    let is_password = port.is_some_and(|port| port.chars().any(|c| !c.is_ascii_digit()));
    match is_password && !authority.contains('@') {
        true => url.find(['?', '#']).unwrap_or(url.len()),
        false => end,
    }
}
