//! How arguments are read before patterns are held against them.

/// A path without what leads nowhere: `.`, doubled slashes, and `..` with what stands before it. Backslashes are slashes.
pub fn path(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// The commands of a line, each as its words with one space between them: without quotes, `sudo` and the path of the program.
pub fn commands(line: &str) -> Vec<String> {
    let separates = |c: char| {
        matches!(
            c,
            ';' | '&' | '|' | '\n' | '(' | ')' | '`' | '{' | '}' | '$'
        )
    };
    let commands = line.split(separates).map(command);
    commands.filter(|command| !command.is_empty()).collect()
}

fn command(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '"' | '\'' | '\\'))
        .collect();
    let is_before = |word: &&str| {
        let is_setting = word.contains('=') && !word.starts_with('-');
        matches!(
            *word,
            "sudo" | "env" | "exec" | "nohup" | "time" | "command"
        ) || is_setting
    };
    let mut words = plain.split_whitespace().skip_while(is_before);
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    let words: Vec<_> = std::iter::once(program).chain(words).collect();
    words.join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_where_they_lead() {
        for (text, expected) in [
            ("./a//b/../c", "a/c"),
            ("/etc/./passwd", "/etc/passwd"),
            ("../../x", "../../x"),
            ("a\\b", "a/b"),
            (".", ""),
            ("src/../.git/config", ".git/config"),
        ] {
            assert_eq!(path(text), expected, "{text}");
        }
    }

    #[test]
    fn commands_are_read_one_by_one() {
        let line = "cd /tmp && sudo  /bin/rm   -rf \"/\"; A=1 echo $(r'm' x) | tee y";
        let expected = ["cd /tmp", "rm -rf /", "echo", "rm x", "tee y"];
        assert_eq!(commands(line), expected);
        assert!(commands(" ;; ").is_empty());
    }
}
