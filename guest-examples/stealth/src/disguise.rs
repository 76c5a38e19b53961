//! What the player wears. The host keeps the inventory; which disguises were seen through is this plugin's own to remember.

use portcullis_sdk::prelude::*;

/// Things of an inventory that hide who wears them.
const DISGUISES: [&str; 4] = ["cloak", "mask", "servant-livery", "guard-uniform"];

/// The disguise that the player wears: the one put on earlier, or the first in the inventory that was not lost. With `item`, that one or none.
pub fn worn(item: Option<String>) -> Result<Option<String>, Failure> {
    let lost = lost()?;
    let on = session::flag::<String>("disguise")?;
    let inventory = session::foreign_flag::<Vec<String>>("host", "inventory")?.unwrap_or_default();
    let mut candidates = on.into_iter().chain(
        inventory
            .into_iter()
            .filter(|thing| DISGUISES.contains(&thing.as_str())),
    );
    Ok(candidates
        .find(|thing| !lost.contains(thing) && item.as_ref().is_none_or(|wanted| wanted == thing)))
}

/// Puts a disguise on, so that it stays the one that is worn whatever else the player picks up.
pub fn put_on(item: &str) -> Result<(), Failure> {
    Ok(session::set_flag("disguise", item)?)
}

/// Takes a disguise away for the rest of the session.
pub fn lose(item: String) -> Result<(), Failure> {
    let mut lost = lost()?;
    lost.push(item);
    session::set_flag("lost", &lost)?;
    Ok(session::clear_flag("disguise")?)
}

fn lost() -> Result<Vec<String>, Failure> {
    Ok(session::flag("lost")?.unwrap_or_default())
}
