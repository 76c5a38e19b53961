//! Values cross the boundary as JSON text; here they become types of the plugin's own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Decodes what the host answered; `None` where it holds nothing. Text that is not a `T` is `invalid` and names `what`.
pub(crate) fn found<T: DeserializeOwned>(
    what: &str,
    answer: Result<String, Error>,
) -> Result<Option<T>, Error> {
    match answer {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| {
            Error::Invalid(format!("`{what}` does not hold the expected type: {error}"))
        }),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Encodes a value for the host.
pub(crate) fn encode<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::Invalid(format!("`{what}` cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_none_and_a_refusal_is_an_error() {
        assert_eq!(found::<i32>("k", Err(Error::NotFound)), Ok(None));
        assert_eq!(
            found::<i32>("k", Err(Error::Unavailable)),
            Err(Error::Unavailable)
        );
    }

    #[test]
    fn a_value_of_another_type_names_its_key() {
        assert_eq!(found::<i32>("k", Ok("7".into())), Ok(Some(7)));
        let wrong = found::<i32>("suspicion", Ok("\"x\"".into()));
        assert!(
            matches!(&wrong, Err(Error::Invalid(why)) if why.contains("`suspicion`")),
            "{wrong:?}"
        );
    }

    #[test]
    fn text_and_unsized_values_encode() {
        assert_eq!(encode("k", "a\"b"), Ok("\"a\\\"b\"".into()));
        assert_eq!(encode("k", &[1, 2][..]), Ok("[1,2]".into()));
    }
}
