//! How lines of commands are read. What is forbidden is looked for generously: in each way that a command might be meant. What is
//! allowed is only what a pattern says, as it is written.

use crate::glob::fits;

/// Programs that run another one, and words of the shell before a command.
const BEFORE: [&str; 25] = [
    "sudo", "doas", "env", "exec", "eval", "command", "builtin", "nohup", "nice", "time",
    "timeout", "setsid", "xargs", "sh", "bash", "dash", "zsh", "if", "then", "else", "elif",
    "while", "until", "do", "!",
];

/// The commands of a line, each as it is written, with one space between its words.
fn written(line: &str) -> impl Iterator<Item = String> {
    let separates = |c: char| {
        matches!(
            c,
            ';' | '&' | '|' | '\n' | '(' | ')' | '`' | '{' | '}' | '$'
        )
    };
    let commands = line
        .split(separates)
        .map(|command| words(command).join(" "));
    commands.filter(|command| !command.is_empty())
}

fn words(command: &str) -> Vec<&str> {
    command.split_whitespace().collect()
}

/// Whether each command of a line fits one of the patterns; there has to be one.
pub fn is_allowed(line: &str, patterns: &[String]) -> bool {
    let mut commands = written(line).peekable();
    let is_any = commands.peek().is_some();
    is_any
        && commands.all(|command| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| allows(pattern, &command))
        })
}

/// Whether a command fits a pattern that names what a `*` does not stand for: redirections, and before the program another one, settings,
/// directories and quotes.
fn allows(pattern: &str, command: &str) -> bool {
    let is_same = |sign: char, pattern: &str, text: &str| {
        pattern.matches(sign).count() == text.matches(sign).count()
    };
    let names = |(place, word): (usize, &&str)| {
        let named = pattern.split_whitespace().nth(place).unwrap_or_default();
        let is_named = !BEFORE.contains(word) || named == *word;
        is_named
            && fits(named, word)
            && ['/', '=', '\'', '"', '\\']
                .into_iter()
                .all(|sign| is_same(sign, named, word))
    };
    let words = words(command);
    let begin = words.iter().take_while(|word| is_before(word)).count();
    fits(pattern, command)
        && ['<', '>']
            .into_iter()
            .all(|sign| is_same(sign, pattern, command))
        && words.iter().take(begin + 1).enumerate().all(names)
}

/// The commands of a line, each in every way that it might be meant: without quotes, with lines joined where they end in a backslash and
/// without, without the program's directories, and from each word on that may be the program that another one runs.
pub fn meant(line: &str) -> Vec<String> {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '\\');
    let lines = [line.replace("\\\n", ""), line.to_owned()];
    let commands = lines.iter().flat_map(|line| written(line));
    let mut meant: Vec<_> = commands
        .flat_map(|command| from_each_program(&command.replace(is_quote, "")))
        .collect();
    meant.dedup();
    meant
}

fn from_each_program(command: &str) -> Vec<String> {
    let words = words(command);
    let mut programs = 0;
    let mut is_value = false;
    for word in &words {
        programs += 1;
        if !is_before(word) && !is_value {
            break;
        }
        // Which options have a value is not known.
        is_value = word.starts_with('-') || word.contains(['<', '>']);
    }
    let from = |at: usize| {
        let (program, rest) = words.get(at..)?.split_first()?;
        let program = program.rsplit('/').next().unwrap_or_default();
        Some([&[program], rest].concat().join(" "))
    };
    (0..programs).filter_map(from).collect()
}

/// Whether a word may stand before the program that is run at last: a program that runs it, its options and numbers, settings and redirections.
fn is_before(word: &str) -> bool {
    let program = word.rsplit('/').next().unwrap_or_default();
    BEFORE.contains(&program)
        || word.contains(['=', '<', '>'])
        || word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_looked_for_one_by_one() {
        let line = "cd /tmp && /bin/rm   -rf \"/\"; echo $(r'm' x) | tee y";
        let expected = ["cd /tmp", "rm -rf /", "echo", "rm x", "tee y"];
        let meant = meant(line);
        assert!(expected.iter().all(|it| meant.contains(&(*it).to_owned())));
        assert!(super::meant(" ;; ").is_empty());
    }

    #[test]
    fn a_command_is_found_behind_what_runs_it() {
        for line in [
            "sudo rm -rf /",
            "A=1 sudo -u root rm -rf /",
            "sudo -u root -n -- /bin/rm -rf /",
            "/usr/bin/env -i PATH=/bin rm -rf /",
            "timeout 5 nice -n 10 rm -rf /",
            "rm -rf \\\n/",
            "rm \\\n  -rf /",
            "echo \\\\\nrm -rf /",
            "bash -c 'rm -rf /'",
            "> log rm -rf /",
            "if ! rm -rf /; then echo; fi",
        ] {
            let meant = meant(line);
            assert!(meant.contains(&"rm -rf /".to_owned()), "{line}: {meant:?}");
        }
        assert!(meant("sudo -i").contains(&"sudo -i".to_owned()));
        assert!(!meant("echo rm -rf /").contains(&"rm -rf /".to_owned()));
    }

    #[test]
    fn what_is_allowed_is_what_is_written() {
        let allowed = |line: &str| is_allowed(line, &["cargo *".to_owned(), "ls".to_owned()]);
        for line in ["cargo t", " cargo  t --all ; ls", "cargo run -- a=b src/x"] {
            assert!(allowed(line), "{line}");
        }
        for line in [
            "",
            ";",
            "./cargo x",
            "/tmp/cargo x",
            "sudo cargo x",
            "env cargo x",
            "LD_PRELOAD=./x.so cargo t",
            "cargo t > ~/.bashrc",
            "cargo t >> x",
            "cargo t < x",
            "cargo t && rm x",
            "cargo t \\\\\nrm x",
            "cargo t $(rm x)",
            "c'arg'o t",
        ] {
            assert!(!allowed(line), "{line}");
        }
    }

    #[test]
    fn a_pattern_may_name_what_a_star_does_not_stand_for() {
        for (pattern, line, is_right) in [
            ("*", "make all", true),
            ("*", "./make all", false),
            ("*", "sudo make all", false),
            ("*", "'sudo' make all", false),
            ("*", "\\sudo make all", false),
            ("*make*", "A=1 make all", false),
            ("*", "make > x", false),
            ("./scripts/* *", "./scripts/a.sh x", true),
            ("./scripts/* *", "./scripts/../../bin/rm x", false),
            ("sudo systemctl *", "sudo systemctl status", true),
            ("A=* make", "A=1 make", true),
            ("A=* make", "A=1 B=2 make", false),
            ("A=* make", "A=1 evil make", false),
            ("make * > log", "make a > log", true),
            ("make * > log", "make a > x > log", false),
        ] {
            let is_allowed = is_allowed(line, &[pattern.to_owned()]);
            assert_eq!(is_allowed, is_right, "{pattern} {line}");
        }
    }
}
