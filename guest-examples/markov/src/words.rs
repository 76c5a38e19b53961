//! The words of a text.

/// How many words of a message count.
const MAX_WORDS: usize = 60;

/// How long a word may be, in characters; a longer one is no word of a language.
const MAX_CHARS: usize = 32;

/// The words of a text in lowercase, without punctuation around them.
pub fn of(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.to_lowercase()
    });
    let is_word = |word: &String| !word.is_empty() && word.chars().count() <= MAX_CHARS;
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
        assert_eq!(of(&"x".repeat(33)), Vec::<String>::new());
        assert_eq!(of(&"a ".repeat(100)).len(), MAX_WORDS);
    }
}
