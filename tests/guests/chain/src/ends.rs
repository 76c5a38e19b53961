//! What keeps a handler from deciding, and what a receipt must not show.

use portcullis_sdk::prelude::*;

pub fn fail() -> Result<Decision, Failure> {
    Err("the handler fails on purpose".into())
}

pub fn trap() -> ! {
    std::process::abort()
}

pub fn never_return() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Sets a flag, for which it needs a permission that it asks for as optional. A refusal that does not end the call is ignored.
pub fn write() -> Result<Decision, Failure> {
    let _refused = session::set_flag("mark", &true);
    Ok(Decision::block("a refusal was ignored"))
}

/// Reads a flag: tests hold it there.
pub fn read() -> Result<Decision, Failure> {
    session::flag::<bool>("any")?;
    Ok(Decision::proceed())
}

/// Blocks with a secret, after it has named a field after it.
pub fn tell_a_secret() -> Result<Decision, Failure> {
    let token = secrets::get("token")?.ok_or_else(|| Failure::new("no token is set"))?;
    let token = token.expose();
    if session::flag::<bool>("told")?.unwrap_or(false) {
        return Ok(Decision::block(format!("because of {token}")));
    }
    session::set_flag("told", &true)?;
    Decision::change(&json!({ (token): 1 }))
}
