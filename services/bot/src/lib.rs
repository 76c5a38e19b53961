//! A chat bot whose commands are plugins.
//!
//! A [`Bot`] hears messages of a chat. What begins with `!` is a command, which a plugin of its [`Host`](portcullis::Host) answers; what is said in a
//! thread where a command has more to say goes to that command, also after a restart; everything else becomes an event, which plugins may
//! hear. A [`Channel`] is the seam between a bot and a chat network: [`MemoryChannel`] is for programs and tests, [`LineChannel`] for a
//! terminal. Over a bus alone a bot is used by [`Bot::listen`].
//!
//! | a message | becomes |
//! |---|---|
//! | `!help`, `!help echo` | a list of the commands and whose they are; how one is used |
//! | `!echo two words`, `!roll sides=6`, `!plugin:echo hi` | an invocation of a command ([`Host::invoke`](portcullis::Host::invoke)) |
//! | anything, in a thread where a command keeps the conversation open | the next message of the conversation |
//! | `!stop` | the end of that conversation |
//! | anything else | an event `chat.message.<channel>` with `{channel, thread, user, text}` |
//!
//! The bot is one world of a [`Store`](portcullis_state::Store), with a session for each thread in which a command was given; the world's list says which plugins
//! the bot uses. Plugins see the ids of channels, threads and users as [`ids`] makes them.

mod arguments;
mod bot;
mod bus;
mod channel;
mod conversation;
mod flood;
mod help;
pub mod ids;
mod lines;
mod memory;
mod message;
mod open;
mod options;
mod render;
mod serve;
mod text;
mod threads;
mod words;

pub use bot::Bot;
pub use bus::{BusCommand, Listener};
pub use channel::{Channel, SendError};
pub use lines::LineChannel;
pub use memory::{MemoryChannel, MemoryClient};
pub use message::{Incoming, Outgoing};
pub use open::OpenError;
pub use options::Options;
