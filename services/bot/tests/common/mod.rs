//! A bot with real plugins, whose clock a test turns.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use portcullis::host::LocalBus;
use portcullis::{Consent, Host, Package, Policy};
use portcullis_bot::{Bot, Incoming, Options};
use portcullis_state::Store;
use portcullis_tests::record::Receipts;
use portcullis_tests::rig::{limits, shared_cache};
use portcullis_tests::state::HandClock;
use portcullis_tests::{component, embed, plugin};

/// A bot and what stands around it.
pub struct Stage {
    pub bot: Bot,
    pub host: Host,
    pub store: Store,
    pub clock: HandClock,
    pub receipts: Arc<Receipts>,
}

impl Stage {
    /// A bot with these plugins, on a store in memory.
    pub async fn with(plugins: &[&str]) -> Self {
        let packages = plugins.iter().map(|name| plugin(name));
        Self::of(packages, limits(|_| {}), |_| {}).await
    }

    /// A bot with these packages, under this policy, with the last word about its options.
    pub async fn of(
        packages: impl IntoIterator<Item = Package>,
        policy: Policy,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let clock = HandClock::default();
        let store = portcullis_state::Options {
            clock: clock.shared(),
            ..Default::default()
        };
        let store = Store::in_memory(store).unwrap();
        Self::on(store, clock, packages, policy, change).await
    }

    /// A bot on a store in a file, as it is after a restart too.
    pub async fn in_file(file: &Path, clock: &HandClock, plugins: &[&str]) -> Self {
        let options = portcullis_state::Options {
            clock: clock.shared(),
            ..Default::default()
        };
        let store = Store::open(file, options).unwrap();
        let packages = plugins.iter().map(|name| plugin(name));
        Self::on(store, clock.clone(), packages, limits(|_| {}), |_| {}).await
    }

    async fn on(
        store: Store,
        clock: HandClock,
        packages: impl IntoIterator<Item = Package>,
        policy: Policy,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let receipts = Arc::<Receipts>::default();
        let host = Host::builder()
            .compile_in_process()
            .policy(policy)
            .state(Arc::new(store.clone()))
            .enabled(Arc::new(store.clone()))
            .clock(clock.shared())
            .compile_cache(shared_cache())
            .observer(Arc::clone(&receipts) as _)
            .bus(Arc::new(LocalBus::new()))
            .build()
            .unwrap();
        for package in packages {
            host.load(package, &Consent::Everything).await.unwrap();
        }
        let mut options = Options {
            clock: clock.shared(),
            burst: 1_000,
            ..Options::default()
        };
        change(&mut options);
        let bot = Bot::open(host.clone(), store.clone(), options)
            .await
            .unwrap();
        Self {
            bot,
            host,
            store,
            clock,
            receipts,
        }
    }

    /// What the bot says to a message of `ada` in the thread `t1` of the channel `lobby`.
    pub async fn say(&self, text: &str) -> Vec<String> {
        self.say_in("t1", "ada", text).await
    }

    /// What it says to a message in a thread of the channel `lobby`.
    pub async fn say_in(&self, thread: &str, user: &str, text: &str) -> Vec<String> {
        let message = Incoming::new("lobby", thread, user, text);
        let replies = self.bot.hear(message).await;
        for reply in &replies {
            assert_eq!((&*reply.channel, &*reply.thread), ("lobby", thread));
        }
        replies.into_iter().map(|reply| reply.text).collect()
    }

    /// Says which plugins the bot's world uses.
    pub async fn enable(&self, plugins: &[&str]) {
        let ids: BTreeSet<String> = plugins.iter().map(ToString::to_string).collect();
        let edit = self.store.transact("test", move |changes| {
            changes.edit_world("chat", |world| {
                let list = serde_json::to_value(ids).unwrap();
                world.behavior.insert("enabledPlugins".to_owned(), list);
            });
            Ok::<_, std::convert::Infallible>(())
        });
        edit.await.unwrap();
    }
}

/// The guest `clerk` as the plugin `id`, with these commands.
pub fn clerk(id: &str, commands: &[&str]) -> Package {
    let commands = commands
        .iter()
        .map(|name| format!("[[contributes.commands]]\nname = \"{name}\"\n"));
    let manifest = format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"0.1.0\"\n\
         [permissions.\"command:handle\"]\nreason = \"A test asks for it.\"\n{}",
        commands.collect::<String>()
    );
    embed(&component("clerk"), &manifest)
}
