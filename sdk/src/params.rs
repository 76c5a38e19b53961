use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Failure;

/// The parameters of a condition or an effect: for an effect, the manifest's defaults with the caller's values laid over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Params(Value);

impl Params {
    /// Parses the text that the host hands over. Empty text counts as no parameters; anything but a JSON object fails.
    pub fn parse(text: &str) -> Result<Params, Failure> {
        if text.is_empty() {
            return Ok(Params(Value::Object(serde_json::Map::new())));
        }
        match serde_json::from_str(text)? {
            value @ Value::Object(_) => Ok(Params(value)),
            _ => Err(Failure::new("the parameters are not a JSON object")),
        }
    }

    /// The parameter `key`. A missing one, or one of another type, fails and names it.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T, Failure> {
        self.find(key)?
            .ok_or_else(|| Failure::new(format!("the parameter `{key}` is missing")))
    }

    /// The parameter `key`, or `None` where it is missing or null. One of another type fails and names it.
    pub fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value)
                .map(Some)
                .map_err(|error| Failure::new(format!("the parameter `{key}`: {error}"))),
        }
    }

    /// All parameters as one type of the plugin's own.
    pub fn all<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.0).map_err(|error| Failure::new(format!("the parameters: {error}")))
    }

    /// The JSON object itself.
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

/// An object's parameters, for tests of a plugin's own; text goes through [`Params::parse`].
impl From<serde_json::Map<String, Value>> for Params {
    fn from(object: serde_json::Map<String, Value>) -> Params {
        Params(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn typed_access() {
        let params = Params::parse(r#"{"amount": 3, "item": null, "name": "cape"}"#).unwrap();
        assert_eq!(params.get::<i32>("amount"), Ok(3));
        assert_eq!(params.get::<String>("name"), Ok("cape".to_owned()));
        assert_eq!(params.find::<String>("item"), Ok(None));
        assert!(
            params
                .get::<i32>("item")
                .unwrap_err()
                .message()
                .contains("`item` is missing")
        );
        assert!(
            params
                .get::<i32>("name")
                .unwrap_err()
                .message()
                .contains("`name`")
        );
    }

    #[test]
    fn a_whole_struct() {
        #[derive(serde::Deserialize)]
        struct Change {
            affinity: i32,
            #[serde(default)]
            trust: i32,
        }
        let change: Change = Params::parse(r#"{"affinity": 4}"#).unwrap().all().unwrap();
        assert_eq!((change.affinity, change.trust), (4, 0));
    }

    #[test]
    fn only_objects_are_parameters() {
        assert_eq!(Params::parse("").unwrap(), Params::parse("{}").unwrap());
        for text in ["[]", "3", "null", "{", "nonsense"] {
            assert!(Params::parse(text).is_err(), "{text}");
        }
    }
}
