//! The words of a command line, and which of them are named.

/// A word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// The name before it, in `key=word`.
    pub(crate) key: Option<String>,
    /// The word, or a text in quotes.
    pub(crate) text: String,
}

/// The first word of a line that begins with one, and what follows it. Text in `"` or `'` is one word; in it, and outside, `\` takes the next character
/// as it is. A word is named if a name of letters, digits, `-` and `_` and a `=` stand before it, outside of quotes.
///
/// # Errors
/// A quotation does not end.
pub(crate) fn first_word(line: &str) -> Result<(Word, &str), &'static str> {
    let (mut text, mut quote, mut key) = (String::new(), None, None);
    // An apostrophe within a word, as in `don't`, begins no quotation.
    let mut begins = true;
    let mut chars = line.char_indices();
    let mut end = line.len();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            ('\\', _) => text.extend(chars.next().map(|(_, c)| c)),
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => text.push(c),
            ('"', None) => quote = Some('"'),
            ('\'', None) if begins => quote = Some('\''),
            (c, None) if c.is_whitespace() => {
                end = at;
                break;
            }
            ('=', None) if key.is_none() && is_key(line.get(..at).unwrap_or_default()) => {
                key = Some(std::mem::take(&mut text));
                begins = true;
                continue;
            }
            (c, None) => text.push(c),
        }
        begins = false;
    }
    if quote.is_some() {
        return Err("a quotation does not end");
    }
    Ok((Word { key, text }, line.get(end..).unwrap_or_default()))
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(line: &str) -> Vec<String> {
        let (mut found, mut rest) = (Vec::new(), line.trim_start());
        while !rest.is_empty() {
            let (word, after) = first_word(rest).unwrap();
            found.push(match word.key {
                Some(key) => format!("{key}:{}", word.text),
                None => word.text,
            });
            rest = after.trim_start();
        }
        found
    }

    /// Proves E10: words, quotations and names.
    #[test]
    fn a_line_in_words() {
        for (line, expected) in [
            ("", &[][..]),
            ("one  two\tthree\nfour ", &["one", "two", "three", "four"]),
            ("\"two words\" 'it \"is\"'", &["two words", "it \"is\""]),
            ("don't", &["don't"]),
            ("a\"b c\"d", &["ab cd"]),
            (r#"a\ b \"c "d\"e""#, &["a b", "\"c", "d\"e"]),
            ("sides=6 name=\"two words\"", &["sides:6", "name:two words"]),
            ("x='a b' y=", &["x:a b", "y:"]),
            (
                "\"a=b\" =c 1+1=2 http://x?y=z",
                &["a=b", "=c", "1+1=2", "http://x?y=z"],
            ),
            ("a=b=c", &["a:b=c"]),
            ("\"\"", &[""]),
            ("end\\", &["end"]),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        assert!(first_word("\"hello").is_err() && first_word("'").is_err());
    }
}
