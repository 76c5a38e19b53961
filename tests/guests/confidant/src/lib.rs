//! Reads its configuration and its secrets, and hands the secrets out in every way it can think of.

mod leaks;

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct Confidant;

impl Conditions for Confidant {
    fn evaluate(&self, name: &str, _subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "read-config" => {
                let key: String = params.get("key")?;
                as_expected(config::get(&key)?, params)
            }
            "read-all" => as_expected(Some(config::all()?), params),
            "read-secret" => {
                let key: String = params.get("key")?;
                let secret = secrets::get(&key)?;
                as_expected(secret.map(|secret| json!(secret.expose())), params)
            }
            "leak" => leaks::leak(&params.get::<String>("how")?),
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Lifecycle for Confidant {
    fn load(&self) -> Result<(), Failure> {
        behavior::register_condition("read-config")?;
        behavior::register_condition("read-all")?;
        behavior::register_condition("read-secret")?;
        behavior::register_condition("leak")?;
        // Under some manifests of tests it may not read anything.
        match config::get::<String>("break").ok().flatten().as_deref() {
            Some("error") => Err(Failure::new(format!(
                "cannot log in with {}",
                leaks::token()
            ))),
            Some(_) => panic!("cannot log in with {}", leaks::token()),
            None => Ok(()),
        }
    }
}

fn as_expected(found: Option<Value>, params: &Params) -> Result<bool, Failure> {
    match params.as_value().get("expect") {
        Some(expected) => Ok(found.as_ref() == Some(expected)),
        None => Ok(found.is_some()),
    }
}

portcullis_sdk::plugin!(Confidant: conditions, lifecycle);
