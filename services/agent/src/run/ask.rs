//! Asking the model.

use std::time::Duration;

use portcullis::extension::hooks::{Message, ModelPostCall, ModelPreCall, ToolCall};

use super::{Run, Step, message};
use crate::caught::caught;
use crate::model::{
    Answer, Ask, ProviderError, bytes_of, bytes_of_calls, bytes_of_offer, estimate,
};
use crate::text;
use crate::transcript::{Bound, Entry, Outcome};

/// The longest wait before the model is asked again, whatever its server asks for: somebody waits for the run.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The longest id of a use of a tool, in bytes. Servers make them of about 30.
const ID_BYTES: usize = 128;

impl Run<'_> {
    /// What the model says in this turn.
    pub(super) async fn ask(&mut self, turn: u32) -> Step<Message> {
        self.check_conversation()?;
        let ask = self.request(turn).await?;
        let mut answer = self.complete(&ask).await?;
        name_calls(turn, &mut answer.tool_calls);
        let usage = usage(&ask, &answer);
        let excess = self.cut(&mut answer);
        // Told to plugins in any case: it has been paid for.
        let said = self.read(turn, &ask, answer, usage).await;
        match excess {
            None => Ok(said),
            Some(why) => Err(Outcome::Failed { why }),
        }
    }

    /// Cuts an answer that is too long, and says so.
    fn cut(&self, answer: &mut Answer) -> Option<String> {
        let bounds = self.bounds();
        let said = answer.content.as_ref().map_or(0, String::len);
        let called = bytes_of_calls(&answer.tool_calls);
        if said > bounds.text_bytes {
            let content = answer.content.take();
            answer.content = content.map(|content| text::cut(&content, bounds.text_bytes));
        }
        if called > bounds.conversation_bytes {
            answer.tool_calls.clear();
        }
        let excess = |bytes: usize, most: usize| {
            (bytes > most).then(|| {
                format!("the model's answer has {bytes} bytes, and at most {most} are taken")
            })
        };
        excess(said, bounds.text_bytes).or_else(|| excess(called, bounds.conversation_bytes))
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
        let bytes = self.conversation_bytes() + tools.iter().map(bytes_of_offer).sum::<usize>();
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
    async fn read(
        &mut self,
        turn: u32,
        ask: &Ask,
        answer: Answer,
        (prompt_tokens, completion_tokens): (u64, u64),
    ) -> Message {
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

/// The tokens of a conversation and of its answer, as the server counts them; else estimated, with the tools that were offered and asked for.
fn usage(ask: &Ask, answer: &Answer) -> (u64, u64) {
    let messages: usize = ask.messages.iter().map(bytes_of).sum();
    let offers: usize = ask.tools.iter().map(bytes_of_offer).sum();
    let said = answer.content.as_ref().map_or(0, String::len);
    let called = bytes_of_calls(&answer.tool_calls);
    let prompt = answer.prompt_tokens;
    let completion = answer.completion_tokens;
    (
        prompt.unwrap_or_else(|| estimate(messages + offers)),
        completion.unwrap_or_else(|| estimate(said + called)),
    )
}

/// Names the uses of tools that have no name, or one that is longer than any server's: without one, what came of a use could not be told to
/// belong to it, and each is sent again with every turn.
fn name_calls(turn: u32, calls: &mut [ToolCall]) {
    let is_wrong = |call: &ToolCall| call.id.is_empty() || call.id.len() > ID_BYTES;
    for (place, call) in calls.iter_mut().enumerate() {
        if is_wrong(call) {
            call.id = format!("call-{turn}-{place}");
        }
    }
}
