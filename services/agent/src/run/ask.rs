//! Asking the model.

use std::time::Duration;

use portcullis::extension::hooks::{Message, ModelPostCall, ModelPreCall};

use super::{Run, Step, message};
use crate::caught::caught;
use crate::model::{Answer, Ask, ProviderError, bytes_of, estimate};
use crate::transcript::{Bound, Entry, Outcome};

/// The longest wait before the model is asked again, whatever its server asks for: somebody waits for the run.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Run<'_> {
    /// What the model says in this turn.
    pub(super) async fn ask(&mut self, turn: u32) -> Step<Message> {
        self.check_conversation()?;
        let ask = self.request(turn).await?;
        let answer = self.complete(&ask).await?;
        let text_bytes = self.bounds().text_bytes;
        if let Some(content) = answer.content.as_ref().filter(|it| it.len() > text_bytes) {
            let bytes = content.len();
            return Err(Outcome::Failed {
                why: format!(
                    "the model's answer has {bytes} bytes, and at most {text_bytes} are taken"
                ),
            });
        }
        Ok(self.read(turn, &ask, answer).await)
    }

    fn check_conversation(&self) -> Step<()> {
        let (bytes, most) = (self.conversation_bytes(), self.bounds().conversation_bytes);
        if bytes <= most {
            return Ok(());
        }
        Err(Outcome::Stopped {
            bound: Bound::Conversation,
            why: format!("the conversation has {bytes} bytes, and at most {most} are sent"),
        })
    }

    /// The request, as plugins leave it. What they change goes for this request alone: the conversation stays what was said.
    async fn request(&mut self, turn: u32) -> Step<Ask> {
        let options = &self.agent.options;
        let tools = self.tools.offers();
        let offered = tools.iter().map(|tool| {
            tool.name.len() + tool.description.len() + tool.parameters.to_string().len()
        });
        let bytes = self.conversation_bytes() + offered.sum::<usize>();
        let point = ModelPreCall {
            run: self.transcript.run.clone(),
            turn,
            model: options.model.clone(),
            max_tokens: options.max_tokens,
            temperature: options.temperature,
            messages: self.messages.clone(),
            prompt_tokens: estimate(bytes),
        };
        let point = self.hook_or_end(point).await?;
        let is_changed = point.messages != self.messages;
        self.note(Entry::Asked {
            turn,
            model: point.model.clone(),
            max_tokens: point.max_tokens,
            temperature: point.temperature,
            sent: is_changed.then(|| point.messages.clone()),
        });
        Ok(Ask {
            model: point.model,
            max_tokens: point.max_tokens,
            temperature: point.temperature,
            messages: point.messages,
            tools,
        })
    }

    /// The model's answer, asked for again while its server is busy.
    async fn complete(&self, ask: &Ask) -> Step<Answer> {
        let bounds = self.bounds();
        let (mut attempt, mut wait) = (1, bounds.backoff);
        loop {
            let why = match caught(self.agent.model.complete(ask)).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(ProviderError::Later { after, why })) if attempt < bounds.attempts => {
                    tracing::debug!(why, attempt, "the model is asked again");
                    tokio::time::sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                    wait = wait.saturating_mul(2);
                    attempt += 1;
                    continue;
                }
                Some(Err(error)) => error.to_string(),
                None => "its client panicked".to_owned(),
            };
            let times = match attempt {
                1 => String::new(),
                attempts => format!(" (asked {attempts} times)"),
            };
            return Err(Outcome::Failed {
                why: format!("the model did not answer: {why}{times}"),
            });
        }
    }

    /// The answer, as plugins leave it.
    async fn read(&mut self, turn: u32, ask: &Ask, answer: Answer) -> Message {
        let sent: usize = ask.messages.iter().map(bytes_of).sum();
        let said = answer.content.as_ref().map_or(0, String::len);
        let prompt_tokens = answer.prompt_tokens.unwrap_or_else(|| estimate(sent));
        let completion_tokens = answer.completion_tokens.unwrap_or_else(|| estimate(said));
        let usage = &mut self.transcript.usage;
        usage.answers += 1;
        usage.prompt_tokens = usage.prompt_tokens.saturating_add(prompt_tokens);
        usage.completion_tokens = usage.completion_tokens.saturating_add(completion_tokens);
        self.note(Entry::Answered {
            turn,
            finish: answer.finish,
            prompt_tokens,
            completion_tokens,
        });
        let point = ModelPostCall {
            run: self.transcript.run.clone(),
            turn,
            model: ask.model.clone(),
            content: answer.content,
            tool_calls: answer.tool_calls,
            prompt_tokens,
            completion_tokens,
        };
        // Nothing can be blocked here: the answer has been paid for.
        let (point, _) = self.hook(point).await;
        let mut said = message("assistant", point.content.unwrap_or_default());
        said.tool_calls = point.tool_calls;
        said
    }
}
