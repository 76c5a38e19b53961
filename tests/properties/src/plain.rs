//! What every text keeps to that people read.

use portcullis::log_record::is_hidden;
use portcullis::problem::Problem;

/// Says that nothing in the text breaks out of its line.
pub(crate) fn one_line(text: &str) {
    let bad = text.chars().find(|c| c.is_control() || is_hidden(*c));
    assert_eq!(bad, None, "{text:?}");
}

/// Says that the problem can be shown, and that it is short.
pub(crate) fn shown(problem: &Problem) {
    let text = problem.to_string();
    one_line(&text);
    // A problem quotes at most 60 characters of a text at a time; nothing that it says is long.
    assert!(text.len() < 4_096, "{} bytes: {text:?}", text.len());
    let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(problem.code.bytes().all(is_code), "{}", problem.code);
}
