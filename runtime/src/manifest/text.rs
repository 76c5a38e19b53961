//! Rules for text that people read on a consent screen or a terminal, and for paths inside a package.

pub(super) use crate::log_record::is_hidden;

/// The text in one line, at most 60 characters, with everything escaped that could disturb a terminal.
pub(super) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(60).flat_map(escape).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

fn escape(character: char) -> Vec<char> {
    if is_hidden(character) {
        character.escape_unicode().collect()
    } else {
        vec![character]
    }
}

/// The first hidden character of a one-line text.
pub(super) fn hidden_in_line(text: &str) -> Option<char> {
    text.chars().find(|character| is_hidden(*character))
}

/// The first hidden character of a text that may have lines and tabs.
pub(super) fn hidden_in_lines(text: &str) -> Option<char> {
    text.chars()
        .find(|character| is_hidden(*character) && !matches!(character, '\n' | '\r' | '\t'))
}

/// Why a path cannot be inside the package, or `None` if it is.
pub(super) fn path_fault(path: &str) -> Option<&'static str> {
    let mut bytes = path.bytes();
    let drive = bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.next() == Some(b':');
    if path.is_empty() {
        Some("it is empty")
    } else if path.contains('\0') {
        Some("it has a zero character")
    } else if path.starts_with('/') {
        Some("it is absolute")
    } else if path.contains('\\') {
        Some("it has a backslash")
    } else if drive {
        Some("it names a drive")
    } else if path.split('/').any(|part| part == "..") {
        Some("it has `..`")
    } else {
        None
    }
}

/// The grammar of the names of contributions and extensions: `[a-z0-9][a-z0-9-]{0,62}`.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The grammar of a permission: two or more parts of `[a-z][a-z0-9_-]*` with colons between, at most 64 characters.
pub(super) fn is_permission(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
            })
    };
    text.len() <= 64 && text.contains(':') && text.split(':').all(is_part)
}

/// Whether a text is an `http` or `https` address with a host and without a user name.
pub(super) fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let plain =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`');
    text.len() <= 2_000 && !host.is_empty() && !authority.contains('@') && text.bytes().all(plain)
}
