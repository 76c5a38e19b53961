//! Read this plugin's own configuration: what the operator set, over the defaults of the manifest's `[config]`. Permission: `config:read`.
//!
//! It stays as it is until the plugin is loaded again, so that it can be kept.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, json};

crate::bindings::import!("uses-config");

use bindings::portcullis::plugin::config as host;

/// One value, `None` where it is neither set nor has a default. `denied` outside the scope `keys`, `invalid` for a value of another type.
/// A secret is not found here: see [`secrets`](crate::secrets).
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    json::found(key, host::get(key))
}

/// The names of the values that are set or have a default and that the scope `keys` covers, in order.
pub fn keys() -> Result<Vec<String>, Error> {
    host::list_keys()
}

/// All values that the scope `keys` covers, as one type of the plugin's own. `invalid` if they are not such a one.
pub fn all<T: DeserializeOwned>() -> Result<T, Error> {
    let mut values = Map::new();
    for key in keys()? {
        if let Some(value) = get::<Value>(&key)? {
            values.insert(key, value);
        }
    }
    T::deserialize(Value::Object(values))
        .map_err(|error| Error::Invalid(format!("the configuration is not as expected: {error}")))
}
