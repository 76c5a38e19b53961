//! The JSON texts that plugins write.
//!
//! A tree takes far more of the host's memory than its text: `{"":` is five bytes, and some 600 once it is read. So values are counted while
//! a text is read, and reading ends where the budget does.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The longest text, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// How deep arrays and objects may nest. Stores keep a value some levels down in a document, and readers of JSON give up at 128 levels.
const MAX_LEVELS: usize = 64;

/// How many values a text may have, those inside of others included; all texts of a reply together. The dearest of them, objects with one field,
/// then take 2.6 MB.
pub(crate) const MAX_VALUES: usize = 4_096;

/// The value of a JSON text that a plugin hands over as `argument`: to be written, or sent to others.
///
/// # Errors
/// It is too long, no JSON, nested too deep, or has too many values: what the plugin is told.
pub(crate) fn parse_value(argument: &str, text: &str) -> Result<Value, String> {
    Texts::new().value(argument, text)
}

/// How many values there are in a value, itself included.
pub(crate) fn count_values(value: &Value) -> usize {
    let inside: usize = match value {
        Value::Array(items) => items.iter().map(count_values).sum(),
        Value::Object(fields) => fields.values().map(count_values).sum(),
        _ => 0,
    };
    inside.saturating_add(1)
}

/// Reads the texts of one reply, or a single one, within one budget of values.
pub(crate) struct Texts {
    values_left: usize,
    /// The bound that a text exceeded, in words.
    exceeded: Option<String>,
}

impl Texts {
    pub(crate) fn new() -> Self {
        Self {
            values_left: MAX_VALUES,
            exceeded: None,
        }
    }

    /// Like [`parse_value`], for one of several texts.
    ///
    /// # Errors
    /// As there; or all texts together have too many values.
    pub(crate) fn value(&mut self, argument: &str, text: &str) -> Result<Value, String> {
        if text.len() > MAX_BYTES {
            return Err(format!(
                "{argument}: at most {MAX_BYTES} bytes, has {}",
                text.len()
            ));
        }
        self.read(text, |seed, json| seed.deserialize(json))
            .map_err(|why| format!("{argument}: {why}"))
    }

    /// The fields of a text that is an object. How long it is bounds what crosses to the host.
    ///
    /// # Errors
    /// It is no object, nested too deep, or has too many values.
    pub(crate) fn object(&mut self, text: &str) -> Result<Map<String, Value>, String> {
        self.read(text, |mut seed, json| {
            seed.take()?;
            serde::Deserializer::deserialize_map(json, Fields(seed))
        })
    }

    fn read<T>(
        &mut self,
        text: &str,
        parse: impl FnOnce(
            Seed<'_>,
            &mut serde_json::Deserializer<serde_json::de::StrRead<'_>>,
        ) -> serde_json::Result<T>,
    ) -> Result<T, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = Seed {
            texts: self,
            levels: 0,
        };
        let parsed = parse(seed, &mut json).and_then(|parsed| json.end().map(|()| parsed));
        parsed.map_err(|error| self.exceeded.take().unwrap_or_else(|| error.to_string()))
    }

    #[cold]
    fn exceed<E: Error>(&mut self, bound: String) -> E {
        let error = E::custom(&bound);
        self.exceeded = Some(bound);
        error
    }
}

/// Makes one value, inside of as many others as there are levels.
struct Seed<'a> {
    texts: &'a mut Texts,
    levels: usize,
}

impl Seed<'_> {
    /// Takes a value off the budget.
    fn take<E: Error>(&mut self) -> Result<(), E> {
        let left = self.texts.values_left.checked_sub(1);
        self.texts.values_left = left.ok_or_else(|| {
            let bound = format!("at most {MAX_VALUES} values, those inside of others included");
            self.texts.exceed(bound)
        })?;
        Ok(())
    }

    /// Goes into an array or an object.
    fn enter<E: Error>(&mut self) -> Result<(), E> {
        if self.levels == MAX_LEVELS {
            let bound = format!("nested at most {MAX_LEVELS} levels deep");
            return Err(self.texts.exceed(bound));
        }
        self.levels += 1;
        Ok(())
    }

    /// For a value inside of this one.
    fn inside(&mut self) -> Seed<'_> {
        Seed {
            texts: self.texts,
            levels: self.levels,
        }
    }

    fn fields<'de, A: MapAccess<'de>>(
        mut self,
        mut map: A,
    ) -> Result<Map<String, Value>, A::Error> {
        self.enter()?;
        let mut fields = Map::new();
        while let Some(field) = map.next_key()? {
            fields.insert(field, map.next_value_seed(self.inside())?);
        }
        Ok(fields)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(mut self, json: D) -> Result<Value, D::Error> {
        self.take()?;
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inside())? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        self.fields(map).map(Value::Object)
    }
}

/// Makes an object, of nothing else.
struct Fields<'a>(Seed<'a>);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Map<String, Value>, A::Error> {
        self.0.fields(map)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn nested(open: &str, close: &str, levels: usize) -> String {
        format!("{}1{}", open.repeat(levels), close.repeat(levels))
    }

    /// Proves C3, C4, C9: a value nests 64 levels and no more, so that a store can keep it wherever it keeps values.
    #[test]
    fn values_nest_to_a_bound() {
        let around = [
            ("[", "]", 64),
            ("{\"a\":", "}", 64),
            ("[0,{\"b\":", "}]", 32),
        ];
        for (open, close, levels) in around {
            assert!(
                parse_value("value", &nested(open, close, levels)).is_ok(),
                "{open}"
            );
            let refused = parse_value("value", &nested(open, close, levels + 1)).unwrap_err();
            assert_eq!(refused, "value: nested at most 64 levels deep", "{open}");
        }
        assert!(parse_value("value", &nested("[", "]", 200)).is_err());
        assert!(parse_value("value", "1").is_ok() && parse_value("value", "").is_err());
        let object = |levels| Texts::new().object(&nested("{\"a\":", "}", levels));
        assert!(object(64).is_ok() && object(65).is_err());
    }

    #[test]
    fn values_are_short() {
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(parse_value("value", &text(65_536)).is_ok());
        assert!(
            parse_value("value", &text(65_537))
                .unwrap_err()
                .contains("65536")
        );
    }

    /// Proves X2: values are counted, of whatever kind and however deep, in all texts of a reply together.
    #[test]
    fn values_are_few() {
        const TOO_MANY: &str = "value: at most 4096 values, those inside of others included";
        for item in ["0", "[]", "{}", "null", "\"\"", "[0,{\"a\":[1]}]"] {
            let each = count_values(&serde_json::from_str(item).unwrap());
            let list = |items: usize| format!("[{}]", vec![item; items].join(","));
            let most = (MAX_VALUES - 1) / each;
            let value = parse_value("value", &list(most)).unwrap();
            assert_eq!(count_values(&value), most * each + 1, "{item}");
            let refused = parse_value("value", &list(most + 1)).unwrap_err();
            assert_eq!(refused, TOO_MANY, "{item}");
        }
        let mut texts = Texts::new();
        let half = format!("[{}0]", "0,".repeat(MAX_VALUES / 2 - 2));
        assert!(texts.value("value", &half).is_ok() && texts.object("{}").is_ok());
        assert_eq!(texts.value("value", &half).unwrap_err(), TOO_MANY);
    }

    /// What is read within the budget is what serde_json reads.
    #[test]
    fn texts_are_read_as_json() {
        for text in [
            r#"{"a":[1,-1,1.5,1e3,18446744073709551615,1e400],"b":null,"b":true,"\u0041":"\n\ud83d\ude00"}"#,
            r#"{"a":[1,-1,1.5,1e3,18446744073709551615,-0,-0.0],"b":null,"b":true,"\u0041":"\n\ud83d\ude00"}"#,
            " [ ] ",
            "[1] 2",
            "[1,]",
            "{\"a\"}",
            "",
            "nul",
        ] {
            let expected = serde_json::from_str::<Value>(text);
            let expected = expected.map_err(|error| format!("value: {error}"));
            assert_eq!(parse_value("value", text), expected, "{text}");
            let expected = serde_json::from_str::<Map<String, Value>>(text);
            let expected = expected.map_err(|error| error.to_string());
            assert_eq!(Texts::new().object(text), expected, "{text}");
        }
    }
}
