//! The JSON texts that plugins write.

use serde_json::Value;

/// The longest text, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// How deep arrays and objects may nest. Stores keep a value some levels down in a document, and readers of JSON give up at 128 levels.
const MAX_LEVELS: usize = 64;

/// The value of a JSON text that a plugin hands over as `argument`: to be written, or sent to others.
///
/// # Errors
/// It is too long, no JSON, or nested too deep: what the plugin is told.
pub(crate) fn parse_value(argument: &str, text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!(
            "{argument}: at most {MAX_BYTES} bytes, has {}",
            text.len()
        ));
    }
    let value = serde_json::from_str(text).map_err(|error| format!("{argument}: {error}"))?;
    if nests_deeper(&value, MAX_LEVELS) {
        return Err(format!(
            "{argument}: nested at most {MAX_LEVELS} levels deep"
        ));
    }
    Ok(value)
}

/// Recursive, and no deeper than `levels`.
fn nests_deeper(value: &Value, levels: usize) -> bool {
    let below = |below: &Value| levels == 0 || nests_deeper(below, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(below),
        Value::Object(table) => levels == 0 || table.values().any(below),
        _ => false,
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
}
