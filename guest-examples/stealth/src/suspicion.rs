//! How much the player has been noticed, from 0 to 100.

use portcullis_sdk::prelude::*;
use session::RelationshipChange;

use crate::disguise;

/// From here on a guard sees through a disguise.
const GUARDS_NOTICE: i32 = 30;
/// Above this nobody is fooled: the disguise is lost.
const DISGUISE_FAILS: i32 = 60;
/// What an NPC's trust loses when it catches the player.
const TRUST_LOST: i32 = -5;

/// Whether the NPC knows the player in spite of a disguise.
pub fn sees_through(npc: &str) -> Result<bool, Failure> {
    Ok(now()? >= GUARDS_NOTICE && npc::get(npc)?.has_tag("guard"))
}

/// Raises suspicion by `amount`; the NPC that was there holds it against the player once the disguise fails.
pub fn raise(amount: i32, npc: Option<&str>) -> Result<(), Failure> {
    let before = now()?;
    let after = before.saturating_add(amount).clamp(0, 100);
    session::set_flag("suspicion", &after)?;
    let worn = disguise::worn(None)?;
    if after <= DISGUISE_FAILS {
        return worn.map_or(Ok(()), |item| disguise::put_on(&item));
    }
    if let Some(item) = worn {
        log::info(
            "the disguise is lost",
            &[
                ("item", &item),
                ("suspicion", &after),
                ("npc", &npc.unwrap_or("nobody")),
            ],
        );
        disguise::lose(item)?;
    }
    match npc {
        Some(npc) => Ok(session::update_relationship(
            npc,
            RelationshipChange {
                trust: TRUST_LOST,
                ..Default::default()
            },
        )?),
        None => Ok(()),
    }
}

fn now() -> Result<i32, Failure> {
    Ok(session::flag("suspicion")?.unwrap_or(0))
}
