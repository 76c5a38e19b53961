//! Text without a model: always the same for the same request.

use async_trait::async_trait;
use portcullis::package::Digest;
use portcullis::write_set::GenerationRequest;

use crate::provider::{Provider, ProviderError};

const WHO: [&str; 8] = [
    "the miller",
    "a pilgrim",
    "the harbour master",
    "an old guard",
    "the abbess",
    "a stranger",
    "the baker's daughter",
    "a ship's cook",
];
const DID: [&str; 8] = [
    "was seen",
    "lost a purse",
    "met someone",
    "sang",
    "buried something",
    "won at dice",
    "wept",
    "told a lie",
];
const WHERE: [&str; 8] = [
    "behind the chapel",
    "by the well",
    "at the quay",
    "in the long field",
    "under the bridge",
    "at the market",
    "on the hill",
    "in the cellar",
];
const WHEN: [&str; 8] = [
    "at dawn",
    "last night",
    "during the feast",
    "before the rain",
    "when the bells rang",
    "three days ago",
    "at noon",
    "while all slept",
];

/// Tells little stories: sentences that follow from the digest of the request. The same request always gets the same text, on every
/// machine, so that a demo or a test of a plugin that generates text runs the same each time. It understands nothing of the prompt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Storyteller;

#[async_trait]
impl Provider for Storyteller {
    async fn generate(&self, request: &GenerationRequest) -> Result<String, ProviderError> {
        Ok(tell(request))
    }
}

/// One to three sentences, of at most as many words as the request allows tokens.
fn tell(request: &GenerationRequest) -> String {
    let text = format!(
        "{}\u{0}{}",
        request.system.as_deref().unwrap_or_default(),
        request.prompt
    );
    let digest = Digest::of(text.as_bytes()).to_string();
    // The hexadecimal digits, after `sha256:`.
    let mut dice = digest
        .bytes()
        .rev()
        .filter_map(|digit| char::from(digit).to_digit(16))
        .map(|digit| usize::try_from(digit).unwrap_or(0));
    let mut roll = || dice.next().unwrap_or(0);
    let sentences = 1 + roll() % 3;
    let mut words = Vec::new();
    for _ in 0..sentences {
        let parts = [
            pick(&WHO, roll()),
            pick(&DID, roll()),
            pick(&WHERE, roll()),
            pick(&WHEN, roll()),
        ];
        let sentence = format!("They say that {}.", parts.join(" "));
        words.extend(sentence.split(' ').map(str::to_owned));
    }
    words.truncate(usize::try_from(request.max_tokens).unwrap_or(usize::MAX));
    words.join(" ")
}

fn pick<'a>(from: &[&'a str; 8], number: usize) -> &'a str {
    from.get(number % 8).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(prompt: &str, max_tokens: u32) -> GenerationRequest {
        GenerationRequest {
            prompt: prompt.to_owned(),
            system: None,
            max_tokens,
        }
    }

    /// Proves C6: the text follows from the request alone.
    #[test]
    fn the_same_request_gets_the_same_text() {
        let text = tell(&request("Tell me about Ada.", 200));
        assert_eq!(text, tell(&request("Tell me about Ada.", 200)));
        assert_ne!(text, tell(&request("Tell me about Bob.", 200)));
        assert!(
            text.starts_with("They say that ") && text.ends_with('.'),
            "{text}"
        );
        assert_eq!(tell(&request("Tell me about Ada.", 2)), "They say");
    }
}
