//! Commands that come over the bus.

use std::sync::Arc;

use portcullis::bus::{BusError, EventSubject, Message, Source, SubjectPattern, Subscription};
use portcullis::extension::commands::{Invocation, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::bot::{Bot, Inner};
use crate::{arguments, conversation, ids};

/// How many commands of the bus may wait; more are dropped, and the bus counts them.
const WAITING: usize = 256;

/// The subjects that the bot hears.
const SUBJECT: &str = "bot.command.";

/// A command as it comes over the bus, to `bot.command.<name>`, in JSON. All fields may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusCommand {
    /// The arguments by name.
    pub arguments: Map<String, Value>,
    /// Instead of them: the rest of a command line, as a user writes it.
    pub line: Option<String>,
    /// What is said in a conversation, instead of arguments. Refused unless the command has the conversation of the thread open.
    pub said: Option<String>,
    /// What the replies carry: 1 to 128 bytes.
    pub correlation: Option<String>,
    /// Where all replies go besides, events included. Not one of the bus's own subjects.
    pub response: Option<EventSubject>,
    /// The channel's id, as in a chat. What is said next there, in the chat or over the bus, goes on with a conversation.
    pub channel: Option<String>,
    /// The thread's id within the channel.
    pub thread: Option<String>,
    /// Who gives it.
    pub user: Option<String>,
}

/// Hears the bus until it is dropped.
pub struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Bot {
    /// Hears commands on `bot.command.<name>`, each a [`BusCommand`]. A request gets the last reply, the same that goes to a response channel:
    /// `{correlation, kind: "result" | "error", command, result | error, more}`. Plugins give no commands this way: those of a plugin are refused, whatever it may emit.
    ///
    /// # Errors
    /// The bus takes no subscription.
    pub async fn listen(&self) -> Result<Listener, BusError> {
        let pattern = SubjectPattern::new(&format!("{SUBJECT}*"));
        let pattern = pattern.map_err(|error| BusError::Unavailable(error.to_string()))?;
        let commands = self.0.host.bus().subscribe(pattern, WAITING).await?;
        Ok(Listener(tokio::spawn(self.clone().hear_bus(commands))))
    }

    async fn hear_bus(self, mut commands: Box<dyn Subscription>) {
        // How many wait for their thread, and how many are worked on: who waits keeps nobody of another thread from work.
        let places = Arc::new(Semaphore::new(WAITING));
        let slots = Arc::new(Semaphore::new(self.0.options.at_once.max(1)));
        // Those under way end with the listener.
        let mut under_way = JoinSet::new();
        while let Some(message) = commands.next().await {
            while under_way.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let (bot, slots) = (self.clone(), Arc::clone(&slots));
            under_way.spawn(async move {
                bot.answer(message, &slots).await;
                drop(place);
            });
        }
    }

    async fn answer(&self, message: Message, slots: &Semaphore) {
        let reply = match self.carry_out(&message, slots).await {
            Ok(reply) => reply,
            Err(why) => json!({ "kind": "error", "error": why, "more": false }),
        };
        let Some(subject) = message.reply_to else {
            return;
        };
        let reply = Message {
            subject,
            payload: reply.to_string().into(),
            source: Source::Host("bot".into()),
            about: message.about,
            hops: message.hops.saturating_add(1),
            reply_to: None,
        };
        if let Err(error) = self.0.host.bus().publish(reply).await {
            tracing::warn!(%error, "the bus did not take a reply");
        }
    }

    /// The last reply; or why there was no invocation.
    async fn carry_out(&self, message: &Message, slots: &Semaphore) -> Result<Value, String> {
        if let Source::Plugin { .. } = message.source {
            return Err("plugins give no commands".to_owned());
        }
        let object: Result<Map<String, Value>, _> = serde_json::from_str(&message.payload);
        let command: BusCommand = object
            .and_then(|object| serde_json::from_value(object.into()))
            .map_err(|error| format!("the payload is no command: {error}"))?;
        if command
            .response
            .as_ref()
            .is_some_and(EventSubject::is_reserved)
        {
            return Err("response: this subject is the bus's own".to_owned());
        }
        let name = message
            .subject
            .as_str()
            .strip_prefix(SUBJECT)
            .unwrap_or_default();
        let enabled = self.enabled();
        let commands = self.0.host.commands(&enabled);
        let found = self.find(name, &commands, &enabled);
        let found = found.ok_or("there is no such command")?;
        let invocation = invocation(command, found)?;
        let thread = invocation.thread.clone();
        let Inner {
            threads, options, ..
        } = &*self.0;
        let _alone = match &thread {
            Some(thread) => {
                let alone = threads.alone_among(thread, options.waiting.max(1)).await;
                Some(alone.ok_or("too many commands wait in this thread")?)
            }
            None => None,
        };
        let _slot = slots.acquire().await;
        if invocation.said.is_some() && !self.is_open(thread.as_deref(), &found.qualified) {
            return Err("this command has no conversation open there".to_owned());
        }
        let invoked = self.invoke(&found.qualified, invocation).await?;
        let mut reply = json!({
            "correlation": invoked.correlation, "command": found.qualified, "more": false,
        });
        let (kind, text) = match &invoked.answer {
            Some(answer) => {
                set(&mut reply, "more", answer.more.into());
                match &answer.reply {
                    Reply::Result(result) => ("result", result.clone()),
                    Reply::Error(error) => ("error", error.as_str().into()),
                }
            }
            None if invoked.dispatched.is_ok() => ("error", "the command failed".into()),
            None => ("error", "the command is not available".into()),
        };
        set(&mut reply, "kind", kind.into());
        set(&mut reply, kind, text);
        Ok(reply)
    }
}

impl Bot {
    /// Whether a command has the conversation of a thread open.
    fn is_open(&self, thread: Option<&str>, command: &str) -> bool {
        let Inner { store, options, .. } = &*self.0;
        let open = thread.and_then(|thread| conversation::open(store, options, thread));
        open.is_some_and(|open| open.command == command)
    }
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn invocation(
    command: BusCommand,
    found: &portcullis::extension::commands::CommandEntry,
) -> Result<Invocation, String> {
    let arguments = match &command.line {
        Some(_) if !command.arguments.is_empty() => {
            return Err("give either `arguments` or `line`".to_owned());
        }
        Some(line) => arguments::arguments(line, found)?,
        None => command.arguments,
    };
    let channel = command.channel.as_deref().unwrap_or_default();
    let thread = command.thread.as_deref();
    // As in a chat: a channel without threads is one.
    let thread = thread.or_else(|| command.channel.as_ref().map(|_| ""));
    Ok(Invocation {
        correlation: command.correlation,
        arguments,
        response: command.response,
        thread: thread.map(|thread| ids::thread(channel, thread)),
        channel: command.channel.as_deref().map(ids::name),
        user: command.user.as_deref().map(ids::name),
        said: command.said,
    })
}
