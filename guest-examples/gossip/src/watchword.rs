//! The watchword, which the operator sets and nobody is told.

use portcullis_sdk::prelude::*;
use portcullis_sdk::secrets;

/// Whether the player has said it. Without a watchword nobody has.
pub fn is_known() -> Result<bool, Failure> {
    let Some(said) = session::foreign_flag::<String>("host", "said")? else {
        return Ok(false);
    };
    let watchword = secrets::get("watchword")?;
    Ok(watchword.is_some_and(|watchword| watchword.expose() == said.trim()))
}
