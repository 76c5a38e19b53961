//! The bot: what becomes of a message.

use std::convert::Infallible;
use std::sync::Arc;

use portcullis::bus::EventSubject;
use portcullis::extension::Skip;
use portcullis::extension::commands::{CommandEntry, Invocation, Invoked, Reply};
use portcullis::host::PluginState;
use portcullis::{EnabledPlugins, Host, Scene, Subject};
use portcullis_state::{Store, World, WorldDocument};
use serde_json::json;

use crate::conversation::{self, Conversation, NotKept};
use crate::flood::{Flood, Verdict};
use crate::message::{Incoming, Outgoing};
use crate::open::OpenError;
use crate::options::Options;
use crate::text::clean;
use crate::threads::Threads;
use crate::{arguments, help, ids, render};

/// What who floods is told, once.
const TOO_FAST: &str = "slow down, please: you write faster than I can listen";

/// A chat bot. Cheap to clone; all clones are one bot.
#[derive(Clone)]
pub struct Bot(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) host: Host,
    pub(crate) store: Store,
    pub(crate) options: Options,
    flood: Flood,
    pub(crate) threads: Threads,
}

/// Where something was said, as plugins see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) channel: Option<String>,
    pub(crate) thread: Option<String>,
    pub(crate) user: Option<String>,
}

impl Bot {
    /// A bot on a host and the store that is the host's state. Its world is made if it is not there.
    ///
    /// # Errors
    /// The world has no id, or cannot be stored.
    pub async fn open(host: Host, store: Store, options: Options) -> Result<Self, OpenError> {
        if options.world.is_empty() {
            return Err(OpenError::NoWorld);
        }
        let world = options.world.clone();
        let made = store.transact("bot", move |changes| {
            if changes.world_document(&world).is_none() {
                changes.put_world(World::new(world, WorldDocument::default()));
            }
            Ok::<_, Infallible>(())
        });
        made.await?;
        let refill_ms = u64::try_from(options.refill.as_millis()).unwrap_or(u64::MAX);
        Ok(Self(Arc::new(Inner {
            flood: Flood::new(options.burst, refill_ms),
            threads: Threads::default(),
            host,
            store,
            options,
        })))
    }

    /// How the bot behaves.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// The plugins that the bot's world uses.
    pub(crate) fn enabled(&self) -> Arc<EnabledPlugins> {
        let Inner { store, options, .. } = &*self.0;
        let enabled = store.look(&options.world, |world| Arc::clone(&world.enabled));
        // A world that was removed uses nothing.
        enabled.unwrap_or_else(|| Arc::new(EnabledPlugins::Only(Default::default())))
    }

    /// What becomes of one message: the messages that the bot writes, in order. Messages of one thread are worked on one at a time; those of bots are ignored.
    pub async fn hear(&self, message: Incoming) -> Vec<Outgoing> {
        match self.admit(&message) {
            Ok(()) => self.answer_to(&message).await,
            Err(told) => told.into_iter().collect(),
        }
    }

    /// Whether a message is looked at; if not, what its user is told, if anything.
    pub(crate) fn admit(&self, message: &Incoming) -> Result<(), Option<Outgoing>> {
        if message.is_bot {
            return Err(None);
        }
        let Inner { options, flood, .. } = &*self.0;
        match flood.verdict(&ids::name(&message.user), options.clock.now_ms()) {
            Verdict::Heard => Ok(()),
            Verdict::Told => Err(Some(message.reply(TOO_FAST.to_owned()))),
            Verdict::Dropped => Err(None),
        }
    }

    /// The answer to a message that was admitted.
    pub(crate) async fn answer_to(&self, message: &Incoming) -> Vec<Outgoing> {
        let texts = self.texts(message).await;
        let texts = render::messages(texts, &self.0.options);
        texts.into_iter().map(|text| message.reply(text)).collect()
    }

    async fn texts(&self, message: &Incoming) -> Vec<String> {
        let Inner {
            options, threads, ..
        } = &*self.0;
        let place = Place::of(message);
        if message.text.len() > options.text_bytes {
            let most = options.text_bytes;
            return vec![format!(
                "that is too long for me: {most} bytes are the most"
            )];
        }
        let text = clean(&message.text);
        if text.is_empty() {
            return Vec::new();
        }
        let _alone = threads
            .alone(place.thread.as_deref().unwrap_or_default())
            .await;
        match command(&text, options.prefix) {
            Some(("help", line)) => vec![self.help(line)],
            Some(("stop", _)) => vec![self.stop(&place).await],
            Some((name, line)) => self.command(name, line, &place).await,
            None => self.said(text, &place).await,
        }
    }

    fn help(&self, line: &str) -> String {
        let prefix = self.0.options.prefix;
        let enabled = self.enabled();
        let commands = self.0.host.commands(&enabled);
        let name = line.trim().trim_start_matches(prefix);
        if name.is_empty() {
            return help::all(&commands, prefix);
        }
        match self.find(name, &commands, &enabled) {
            Some(command) => help::one(command, prefix),
            None => help::unknown(name, &commands, prefix),
        }
    }

    /// The command that a name means, in a list of them.
    pub(crate) fn find<'c>(
        &self,
        name: &str,
        commands: &'c [CommandEntry],
        enabled: &EnabledPlugins,
    ) -> Option<&'c CommandEntry> {
        let qualified = self.0.host.command(name, enabled)?;
        commands.iter().find(|one| one.qualified == qualified)
    }

    async fn stop(&self, place: &Place) -> String {
        let Inner { store, options, .. } = &*self.0;
        let thread = place.thread.as_deref().unwrap_or_default();
        if conversation::open(store, options, thread).is_none() {
            return "there is no conversation to stop".to_owned();
        }
        match conversation::end(store, options, thread, None).await {
            Ok(()) => "the conversation is over".to_owned(),
            Err(_) => "that did not work; try again later".to_owned(),
        }
    }

    async fn command(&self, name: &str, line: &str, place: &Place) -> Vec<String> {
        let prefix = self.0.options.prefix;
        let enabled = self.enabled();
        let commands = self.0.host.commands(&enabled);
        let Some(command) = self.find(name, &commands, &enabled) else {
            return vec![help::unknown(name, &commands, prefix)];
        };
        let usage = || format!("usage: {prefix}{name}{}", help::usage(command));
        let arguments = match arguments::arguments(line, command) {
            Ok(arguments) => arguments,
            Err(why) => return vec![why, usage()],
        };
        let invocation = place.invocation(Invocation::with(arguments));
        let invoked = match self.invoke(&command.qualified, invocation).await {
            Ok(invoked) => invoked,
            Err(why) => return vec![why],
        };
        let mut texts = self.shown(&invoked, &command.name);
        if matches!(invoked.dispatched, Err(Skip::BadArguments)) {
            texts.push(usage());
        }
        texts
    }

    async fn said(&self, text: String, place: &Place) -> Vec<String> {
        let Inner { store, options, .. } = &*self.0;
        let prefix = options.prefix;
        let thread = place.thread.as_deref().unwrap_or_default();
        let Some(open) = conversation::open(store, options, thread) else {
            self.tell(&text, place).await;
            return Vec::new();
        };
        let invocation = place.invocation(Invocation {
            said: Some(text),
            ..Invocation::default()
        });
        let name = open
            .command
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        match self.invoke(&open.command, invocation).await {
            Ok(invoked) if self.comes_back(&open.command, &invoked) => vec![format!(
                "sorry, {prefix}{name} is not available now; try again later, or {prefix}stop"
            )],
            Ok(invoked) => self.shown(&invoked, &name),
            Err(why) => vec![why],
        }
    }

    /// Lets plugins hear what was said to nobody in particular.
    async fn tell(&self, text: &str, place: &Place) {
        let channel = place.channel.as_deref().unwrap_or_default();
        let subject = EventSubject::new(&format!("chat.message.{}", ids::token(channel)));
        // A token of an id is always one of a subject; a test says so.
        let Ok(subject) = subject else {
            return;
        };
        let payload = json!({
            "channel": channel, "thread": place.thread, "user": place.user, "text": text,
        });
        let about = self.about(place.thread.as_deref(), place.user.as_deref());
        if let Err(error) = self.0.host.emit(subject, &payload, &about, "bot").await {
            tracing::warn!(%error, "the bus did not take a message of the chat");
        }
    }

    /// Whom a call is about.
    fn about(&self, thread: Option<&str>, user: Option<&str>) -> Subject {
        let subject = Subject::world(&*self.0.options.world);
        let subject = match thread {
            Some(thread) => subject.session(thread),
            None => subject,
        };
        match user {
            Some(user) => subject.caller(user),
            None => subject,
        }
    }

    /// Carries out a command, and keeps its conversation. Whoever calls this has the thread for itself.
    ///
    /// # Errors
    /// Why it was not carried out, in words for its user.
    pub(crate) async fn invoke(
        &self,
        command: &str,
        invocation: Invocation,
    ) -> Result<Invoked, String> {
        let Inner {
            host,
            store,
            options,
            ..
        } = &*self.0;
        let thread = invocation.thread.clone();
        if let Some(thread) = &thread {
            let channel = invocation.channel.as_deref().unwrap_or_default();
            let begun = conversation::begin(store, options, thread, channel).await;
            begun.map_err(|why| match why {
                NotKept::Full => {
                    "I am in too many conversations already; try again later".to_owned()
                }
                NotKept::Failed => "I cannot answer now; try again later".to_owned(),
            })?;
        }
        let about = self.about(thread.as_deref(), invocation.user.as_deref());
        let enabled = self.enabled();
        let scene = Scene {
            subject: &about,
            enabled: &enabled,
        };
        let in_conversation = invocation.said.is_some();
        let mut invoked = host.invoke(command, scene, invocation).await;
        if let Some(thread) = &thread {
            self.follow(thread, command, in_conversation, &mut invoked)
                .await;
        }
        Ok(invoked)
    }

    /// Whether a command was not carried out by a plugin that may come back: one that is stopped, or disabled for a while.
    fn comes_back(&self, command: &str, invoked: &Invoked) -> bool {
        match invoked.dispatched {
            Err(Skip::Disabled | Skip::Stopped) => true,
            // Nothing of a disabled plugin is registered.
            Err(Skip::Unknown) => {
                let plugins = self.0.host.plugins();
                plugins.iter().any(|status| {
                    let commands = format!("command:plugin:{}:", status.identity.plugin);
                    status.state == PluginState::Disabled && command.starts_with(&commands)
                })
            }
            _ => false,
        }
    }

    /// Opens, keeps or ends the conversation of a thread, as an answer wants it. A plugin that fails has changed nothing, so its conversation goes on, and so it
    /// does with one that may come back; one that is unloaded, or that the world does not use any more, has none.
    async fn follow(
        &self,
        thread: &str,
        command: &str,
        in_conversation: bool,
        invoked: &mut Invoked,
    ) {
        let Inner { store, options, .. } = &*self.0;
        let is_gone = matches!(invoked.dispatched, Err(Skip::Unknown | Skip::NotEnabled))
            && !self.comes_back(command, invoked);
        let idle_ms = u64::try_from(options.conversation.as_millis()).unwrap_or(u64::MAX);
        let keep = match &invoked.answer {
            Some(answer) if answer.more => Some(Conversation {
                command: command.to_owned(),
                until_ms: options.clock.now_ms().saturating_add(idle_ms),
            }),
            // A command in the middle of another one's conversation leaves that open.
            Some(_) if in_conversation && invoked.dispatched.is_ok() => None,
            None if in_conversation && is_gone => None,
            _ => return,
        };
        let kept = match keep {
            Some(keep) => conversation::keep(store, options, thread, keep).await,
            None => conversation::end(store, options, thread, Some(command)).await,
        };
        if kept.is_err()
            && let Some(answer) = &mut invoked.answer
        {
            let error = "I cannot go on with this now; try again later".to_owned();
            (answer.more, answer.reply) = (false, Reply::Error(error));
        }
    }

    /// What users see of an invocation. Of a failure they see no details.
    fn shown(&self, invoked: &Invoked, name: &str) -> Vec<String> {
        let prefix = self.0.options.prefix;
        match (&invoked.answer, &invoked.dispatched) {
            (Some(answer), _) => render::answer(answer, &self.0.options),
            (None, Ok(_)) => vec![format!(
                "sorry, {prefix}{name} failed, and nothing has changed; try again, or {prefix}stop"
            )],
            (None, Err(_)) => vec![format!("sorry, {prefix}{name} is not available any more")],
        }
    }
}

impl Place {
    pub(crate) fn of(message: &Incoming) -> Self {
        Self {
            channel: Some(ids::name(&message.channel)),
            thread: Some(ids::thread(&message.channel, &message.thread)),
            user: Some(ids::name(&message.user)),
        }
    }

    fn invocation(&self, invocation: Invocation) -> Invocation {
        let Self {
            channel,
            thread,
            user,
        } = self.clone();
        Invocation {
            channel,
            thread,
            user,
            ..invocation
        }
    }
}

/// The name of a command and the rest of its line; `None` for what is none, such as `!`, `!!` or `! no`.
fn command(text: &str, prefix: char) -> Option<(&str, &str)> {
    let line = text.strip_prefix(prefix)?;
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    name.starts_with(char::is_alphanumeric)
        .then_some((name, rest))
}
