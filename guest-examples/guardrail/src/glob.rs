//! Patterns: `*` for anything, `?` for one character; small and capital letters are the same.

/// Whether a pattern fits a whole text. Takes at most as many steps as the two have characters, multiplied.
pub fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().flat_map(char::to_lowercase).collect();
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let (mut p, mut t) = (0, 0);
    // The last `*`, and how far the text was when it took nothing more.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == c => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a/b"),
            ("*.pem", "KEY.PEM"),
            ("a?c*", "abcdef"),
            ("rm -rf *", "rm -rf /"),
            ("*a*b*", "xxaxxbxx"),
            ("ü*", "Über"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", "ab"),
            ("?", ""),
            ("*.pem", "a.pem.txt"),
            ("*a*b", "xxbxxa"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_of_many_stars_end() {
        assert!(!fits(&"*a".repeat(100), &"a".repeat(99)));
        assert!(!fits(&format!("{}b", "*a".repeat(50)), &"a".repeat(5_000)));
    }
}
