//! Why there is no bot.

use std::convert::Infallible;

use portcullis_state::TransactError;

/// Why there is no bot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A bot needs a world with an id.
    #[error("`Options::world` is empty; name the world that the bot is")]
    NoWorld,
    /// Its world cannot be stored.
    #[error("the bot's world cannot be stored: {0}")]
    Store(#[from] TransactError<Infallible>),
}
