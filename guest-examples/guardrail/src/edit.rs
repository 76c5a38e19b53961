//! Editing what an agent says.

/// What stands in the place of a forbidden phrase.
const GONE: &str = "[...]";

/// The text without the phrases, whatever their letters' case.
pub fn without(text: &str, phrases: &[String]) -> String {
    phrases
        .iter()
        .filter(|phrase| !phrase.trim().is_empty())
        .fold(text.to_owned(), |text, phrase| replace(&text, phrase))
}

/// Compares character by character, so that places in the text stay what they are: a letter may be longer in the other case.
fn replace(text: &str, phrase: &str) -> String {
    let phrase: Vec<char> = phrase.chars().map(small).collect();
    let text: Vec<char> = text.chars().collect();
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text.get(at) {
        let here = text.get(at..at + phrase.len());
        let is_here =
            here.is_some_and(|here| here.iter().zip(&phrase).all(|(c, p)| small(*c) == *p));
        if is_here {
            left.push_str(GONE);
            at += phrase.len();
        } else {
            left.push(*c);
            at += 1;
        }
    }
    left
}

/// A character in small; the first of its small ones, should there be several.
fn small(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The text with the disclaimer at its end, once.
pub fn with_disclaimer(text: String, disclaimer: &str) -> String {
    let disclaimer = disclaimer.trim();
    if disclaimer.is_empty() || text.trim_end().ends_with(disclaimer) {
        return text;
    }
    format!("{}\n\n{disclaimer}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_go_and_the_rest_stays() {
        let phrases = [
            "project Größe".to_owned(),
            "guaranteed".to_owned(),
            " ".to_owned(),
        ];
        let text = "PROJECT GRÖßE is Guaranteed, guaranteed; İt is.";
        assert_eq!(without(text, &phrases), "[...] is [...], [...]; İt is.");
        assert_eq!(without("plain", &phrases), "plain");
    }

    #[test]
    fn a_disclaimer_stands_once() {
        let with = with_disclaimer("Done.\n".to_owned(), "Check it.");
        assert_eq!(with, "Done.\n\nCheck it.");
        assert_eq!(with_disclaimer(with.clone(), "Check it."), with);
        assert_eq!(with_disclaimer("Done.".to_owned(), ""), "Done.");
    }
}
