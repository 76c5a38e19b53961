//! Subjects of events, against a matcher that tries everything.

use portcullis::bus::{EventSubject, MAX_SUBJECT, MAX_TOKENS, SubjectPattern};
use portcullis::log_record::is_hidden;

use crate::plain::one_line;

/// A subject and two patterns, one a line.
///
/// - What is a subject and what a pattern is as the rules say, read anew.
/// - A pattern matches what a recursive matcher matches.
/// - What the narrower of two patterns matches, the wider one matches too; and where a pattern is not wider, there is a subject that shows it.
/// - A pattern is over others' subjects if it matches one of theirs.
pub fn subjects(bytes: &[u8]) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(2_048)]);
    let mut lines = text.split('\n');
    let [subject, wide, narrow, id] = [(); 4].map(|()| lines.next().unwrap_or("a"));
    for (text, is_pattern) in [
        (subject, false),
        (wide, true),
        (narrow, true),
        (subject, true),
    ] {
        rules(text, is_pattern);
    }
    let (Ok(subject), Ok(wide)) = (EventSubject::new(subject), SubjectPattern::new(wide)) else {
        return;
    };
    let matched = matches(&tokens(wide.as_str()), &tokens(subject.as_str()));
    assert_eq!(wide.matches(&subject), matched, "{wide} {subject}");
    assert_eq!(subject.owner(), owner(subject.as_str()), "{subject}");
    // Texts stay what they are on their way through JSON.
    let json = serde_json::to_string(&(&subject, &wide)).unwrap();
    let read: (EventSubject, SubjectPattern) = serde_json::from_str(&json).unwrap();
    assert_eq!(read, (subject.clone(), wide.clone()));
    over_others(&wide, id);
    if let Ok(narrow) = SubjectPattern::new(narrow) {
        covers(&wide, &narrow, &subject);
    }
}

fn tokens(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

fn rules(text: &str, is_pattern: bool) {
    let tokens = tokens(text);
    let last = tokens.len() - 1;
    let plain = |token: &str| {
        let bad = |c: char| c.is_control() || c.is_whitespace() || is_hidden(c);
        !token.is_empty() && !token.chars().any(bad)
    };
    let fits = text.len() <= MAX_SUBJECT
        && tokens.len() <= MAX_TOKENS
        && tokens
            .iter()
            .enumerate()
            .all(|(place, token)| match *token {
                "*" => is_pattern,
                ">" => is_pattern && place == last,
                token => plain(token) && !token.contains(['*', '>']),
            });
    let error = match is_pattern {
        true => SubjectPattern::new(text).err(),
        false => EventSubject::new(text).err(),
    };
    assert_eq!(error.is_none(), fits, "{text:?} {error:?}");
    if let Some(error) = error {
        one_line(&error.to_string());
    }
}

/// The definition, word by word.
fn matches(pattern: &[&str], subject: &[&str]) -> bool {
    match (pattern, subject) {
        ([], []) => true,
        ([">"], [_, ..]) => true,
        (["*", pattern @ ..], [_, subject @ ..]) => matches(pattern, subject),
        ([own, pattern @ ..], [token, subject @ ..]) => own == token && matches(pattern, subject),
        _ => false,
    }
}

fn owner(subject: &str) -> Option<&str> {
    match tokens(subject)[..] {
        ["plugin", id, ..] => Some(id),
        _ => None,
    }
}

fn covers(wide: &SubjectPattern, narrow: &SubjectPattern, subject: &EventSubject) {
    let covers = wide.covers(narrow);
    if covers && narrow.matches(subject) {
        assert!(wide.matches(subject), "{wide} {narrow} {subject}");
    }
    // Tokens that stand in neither pattern: what matches these matches all.
    for rest in ["zzz", "zzz.zzz"] {
        let witness: Vec<_> = tokens(narrow.as_str())
            .into_iter()
            .map(|token| match token {
                "*" => "zzz",
                ">" => rest,
                token => token,
            })
            .collect();
        let Ok(witness) = EventSubject::new(&witness.join(".")) else {
            // Too long to be a subject: `>` is over nothing there, and a pattern may be said to be no wider.
            return;
        };
        assert!(narrow.matches(&witness), "{narrow} {witness}");
        if covers {
            assert!(wide.matches(&witness), "{wide} {narrow} {witness}");
        }
    }
    let own = wide.as_str().split('.').any(|token| token == "zzz");
    let all = ["zzz", "zzz.zzz"].iter().all(|rest| {
        let text = narrow.as_str().replace('*', "zzz").replace('>', rest);
        EventSubject::new(&text).is_ok_and(|witness| wide.matches(&witness))
    });
    assert!(covers || own || !all, "{wide} is over all of {narrow}");
}

/// Tries all that stars and rests may stand for where owners stand.
fn over_others(pattern: &SubjectPattern, id: &str) {
    if !EventSubject::new(id).is_ok_and(|id| !id.as_str().contains('.')) {
        return;
    }
    let other = format!("{id}x");
    let choices = ["plugin", id, other.as_str()];
    let tokens = tokens(pattern.as_str());
    let mut is_over = false;
    for first in choices {
        for second in choices {
            let mut subject = Vec::new();
            for (place, token) in tokens.iter().enumerate() {
                let stand_in = if place == 0 { first } else { second };
                match *token {
                    "*" => subject.push(stand_in),
                    ">" if place == 0 => subject.extend([first, second]),
                    ">" => subject.push(stand_in),
                    token => subject.push(token),
                }
            }
            let subject = subject.join(".");
            is_over |= owner(&subject).is_some_and(|owner| owner != id);
        }
    }
    assert_eq!(pattern.is_over_others(id), is_over, "{pattern} {id}");
}
