//! The questions. Each has one answer or more; the first is the one that is told.

/// A question and what counts as its answer, in lowercase.
pub struct Question {
    pub asks: &'static str,
    pub answers: &'static [&'static str],
}

/// All questions, in the order in which they are asked.
pub const QUESTIONS: &[Question] = &[
    question("Which planet is nearest to the sun?", &["mercury"]),
    question("How many legs has a spider?", &["eight", "8"]),
    question(
        "Which gate of a castle is a grating that falls?",
        &["portcullis"],
    ),
    question("What is the square root of 144?", &["twelve", "12"]),
    question(
        "Which metal is liquid at room temperature?",
        &["mercury", "quicksilver"],
    ),
    question(
        "In which city does the Little Mermaid sit?",
        &["copenhagen", "kobenhavn"],
    ),
    question("How many strings has a violin?", &["four", "4"]),
    question(
        "Who wrote notes on the Analytical Engine?",
        &["ada lovelace", "lovelace", "ada"],
    ),
    question("What do bees make?", &["honey"]),
    question("Which ocean is the largest?", &["pacific", "pacific ocean"]),
    question("What colour are emeralds?", &["green"]),
    question(
        "Which bird cannot fly and lives at the South Pole?",
        &["penguin"],
    ),
];

const fn question(asks: &'static str, answers: &'static [&'static str]) -> Question {
    Question { asks, answers }
}

/// The question with this number; after the last comes the first.
pub fn nth(number: usize) -> &'static Question {
    const NONE: &Question = &question("", &[]);
    QUESTIONS.get(number % QUESTIONS.len()).unwrap_or(NONE)
}

impl Question {
    /// Whether somebody said the answer: case, articles and punctuation do not matter.
    pub fn is_answered_by(&self, said: &str) -> bool {
        let said = plain(said);
        self.answers.contains(&said.as_str())
    }

    /// The answer that is told.
    pub fn answer(&self) -> &'static str {
        self.answers.first().copied().unwrap_or_default()
    }
}

/// The words of a text in lowercase, without articles and punctuation.
pub fn plain(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !matches!(*word, "" | "a" | "an" | "the"));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_whatever_their_form() {
        let pacific = nth(9);
        for said in ["Pacific", " the pacific ocean! ", "PACIFIC."] {
            assert!(pacific.is_answered_by(said), "{said}");
        }
        assert!(!pacific.is_answered_by("atlantic") && !pacific.is_answered_by(""));
    }

    #[test]
    fn each_question_has_an_answer_that_counts() {
        for question in QUESTIONS {
            let answers = question.answers.iter();
            assert!(
                !question.answers.is_empty()
                    && answers.clone().all(|one| question.is_answered_by(one)),
                "{}",
                question.asks
            );
        }
        assert_eq!(nth(QUESTIONS.len()).asks, nth(0).asks);
    }
}
