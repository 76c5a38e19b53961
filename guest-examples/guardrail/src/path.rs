//! How paths are read before patterns are held against them.

/// A path without what leads nowhere: `.`, doubled slashes, and `..` with what stands before it. Above the root is the root. Backslashes
/// are slashes.
pub fn read(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let root = if is_absolute { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_where_they_lead() {
        for (text, expected) in [
            ("./a//b/../c", "a/c"),
            ("/etc/./passwd", "/etc/passwd"),
            ("/../etc/passwd", "/etc/passwd"),
            ("/a/../../etc/passwd", "/etc/passwd"),
            ("/..", "/"),
            ("../../x", "../../x"),
            ("a\\b", "a/b"),
            (".", ""),
            ("src/../.git/config", ".git/config"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
