//! Guests that do what they say. The readers answer whether there is something; with the parameter `expect`, whether it is that.

use portcullis_sdk::prelude::*;

pub fn read_flag(params: &Params) -> Result<bool, Failure> {
    as_expected(session::flag(&params.get::<String>("key")?)?, params)
}

/// Writes and reads back what it wrote; leaves the flag `kept` and one more trust.
pub fn read_own_writes(subject: &Subject) -> Result<bool, Failure> {
    let npc = subject.npc()?;
    let trust = session::relationship(npc)?.trust;
    session::set_flag("kept", &1)?;
    session::set_flag("kept", &2)?;
    session::set_flag("dropped", &1)?;
    session::clear_flag("dropped")?;
    let change = session::RelationshipChange {
        trust: 1,
        ..Default::default()
    };
    session::update_relationship(npc, change)?;
    Ok(session::flag("kept")? == Some(2)
        && session::flag::<i32>("dropped")?.is_none()
        && session::relationship(npc)?.trust == trust + 1)
}

/// Takes `namespace` and `key`.
pub fn read_foreign(params: &Params) -> Result<bool, Failure> {
    as_expected(
        session::foreign_flag(
            &params.get::<String>("namespace")?,
            &params.get::<String>("key")?,
        )?,
        params,
    )
}

/// Takes `id`. Expects the NPC's name or, with `attribute`, that attribute.
pub fn read_npc(params: &Params) -> Result<bool, Failure> {
    let id: String = params.get("id")?;
    if let Some(key) = params.find::<String>("attribute")? {
        return as_expected(npc::attribute(&id, &key)?, params);
    }
    match npc::get(&id) {
        Ok(npc) => as_expected(Some(json!(npc.name)), params),
        Err(Error::NotFound) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// Expects the world's id or, with `config`, that value; walks the world's places and NPCs besides.
pub fn read_world(params: &Params) -> Result<bool, Failure> {
    if let Some(key) = params.find::<String>("config")? {
        return as_expected(world::config(&key)?, params);
    }
    let world = world::get()?;
    world::locations()?;
    world::npcs()?;
    as_expected(Some(json!(world.id)), params)
}

/// Expects the subject as an object with `world`, `session` and `npc`.
pub fn read_subject(subject: &Subject, params: &Params) -> Result<bool, Failure> {
    as_expected(
        Some(json!({ "world": subject.world, "session": subject.session, "npc": subject.npc })),
        params,
    )
}

/// Takes `npc`, or the subject's. Expects `[affinity, trust, intimacy]`.
pub fn read_relationship(subject: &Subject, params: &Params) -> Result<bool, Failure> {
    let npc = match params.find::<String>("npc")? {
        Some(npc) => npc,
        None => subject.npc()?.to_owned(),
    };
    let now = session::relationship(&npc)?;
    as_expected(Some(json!([now.affinity, now.trust, now.intimacy])), params)
}

/// Answers `value` (true where nothing is said), or fails with `error`.
pub fn echo(params: &Params) -> Result<bool, Failure> {
    match params.find::<String>("error")? {
        Some(error) => Err(error.into()),
        None => Ok(params.find("value")?.unwrap_or(true)),
    }
}

/// Logs `message` at `level` (info where nothing is said), `times` times (1), and passes on what the host answers.
pub fn say(params: &Params) -> Result<bool, Failure> {
    let level = match params.find::<String>("level")?.as_deref() {
        None | Some("info") => log::Level::Info,
        Some("debug") => log::Level::Debug,
        Some("warn") => log::Level::Warn,
        Some("error") => log::Level::Error,
        Some(_) => return Err("`level` is debug, info, warn or error".into()),
    };
    let message: String = params.get("message")?;
    for time in 0..params.find("times")?.unwrap_or(1u32) {
        log::emit(level, &message, &[("time", &time)])?;
    }
    Ok(true)
}

fn as_expected(found: Option<Value>, params: &Params) -> Result<bool, Failure> {
    match params.as_value().get("expect") {
        Some(expected) => Ok(found.as_ref() == Some(expected)),
        None => Ok(found.is_some()),
    }
}
