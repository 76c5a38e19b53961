//! The words of a text.

/// How many words of a message count.
const MAX_WORDS: usize = 60;

/// How long a word may be, in bytes; longer ones are hardly words of a language, and take room from those that are.
const MAX_BYTES: usize = 32;

/// The words of a text in lowercase, without punctuation around them.
pub fn of(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.to_lowercase()
    });
    let is_word = |word: &String| !word.is_empty() && word.len() <= MAX_BYTES;
    words.filter(is_word).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_text() {
        assert_eq!(
            of("  The gate's (open), isn't it? -- "),
            ["the", "gate's", "open", "isn't", "it"]
        );
        assert_eq!(of(&"x".repeat(32)).len(), 1);
        assert_eq!(of(&"x".repeat(33)), Vec::<String>::new());
        assert_eq!(of(&"\u{e9}".repeat(17)), Vec::<String>::new());
        assert_eq!(of(&"a ".repeat(100)).len(), MAX_WORDS);
    }
}
