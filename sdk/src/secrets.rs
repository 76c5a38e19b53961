//! Read the secrets that the operator set for this plugin. Permission: `secret:read`, with a scope that names them.
//!
//! The host replaces a secret by `[secret]` in log records and errors, but only as it is or in common encodings. Do not rely on it: expose a
//! secret where it is used, and nowhere else.

use std::fmt;

use crate::Error;

crate::bindings::import!("uses-secrets");

use bindings::portcullis::plugin::secrets as host;

/// A secret. Its own forms for display and debugging hide it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([secret])")
    }
}

/// A secret, `None` where it is not set. `denied` outside the scope `keys`.
pub fn get(key: &str) -> Result<Option<Secret>, Error> {
    match host::get(key) {
        Ok(secret) => Ok(Some(Secret(secret))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves C10: a secret shows itself only where it is asked to.
    #[test]
    fn a_secret_hides_itself() {
        let secret = Secret("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "[secret] Secret([secret])");
        assert_eq!(secret.expose(), "hunter2");
    }
}
