//! Where the value that is assigned to a name begins and ends.

use std::ops::Range;

/// Values that say that there is no secret.
const NOTHING: [&str; 8] = [
    "null",
    "none",
    "nil",
    "true",
    "false",
    "undefined",
    "string",
    "str",
];

/// The longest name, before and after what makes it one; and the farthest that is looked to tell where it stands. Longer words are no names.
const NAME_BYTES: usize = 64;

/// The longest reference to a value that stands elsewhere, such as `${PASSWORD}`.
const REFERENCE_BYTES: usize = 100;

/// Words before a name that begins its line.
const BEFORE: [&str; 8] = [
    "export", "set", "setenv", "declare", "local", "env", "arg", "readonly",
];

/// Where a name stands, which says where its value ends if that has no quotes.
enum Place {
    /// At the beginning of its line: the value is the rest of the line.
    Line,
    /// The same in a text that is written with `\\n`, as in JSON.
    EscapedLine,
    /// After a quote that goes around name and value, as in `-H "Cookie: a=b"`.
    Quotes(char),
    /// `--password=`: the value is the rest of the word.
    Option,
    /// Among others, as in `host=db password=x user=ada`.
    Pair,
}

/// The value that is assigned to the name of which a part stands here.
pub fn after(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let mut cursor = Cursor { text, at: end };
    let rest = cursor.skip_at_most(NAME_BYTES, is_name);
    if rest.len() >= NAME_BYTES {
        return None;
    }
    // Quotes, which within a text of JSON have a backslash before them; and the bracket of `config["password"]`.
    let closing = cursor.skip(is_quote);
    cursor.skip(|c| c == ']');
    cursor.skip(is_space);
    let sign = cursor.skip(|c| matches!(c, ':' | '=' | '>'));
    if !matches!(sign, ":" | "=" | ":=" | "=>") {
        return None;
    }
    let space = cursor.skip(is_space);
    if cursor.rest().starts_with("[redacted: ") {
        return None;
    }
    let place = place(text, start, !closing.is_empty());
    let is_spaced = sign == ":" && !space.is_empty();
    cursor.value(&place, is_spaced)
}

/// A place in a text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes over what fits, and says what it was.
    fn skip(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        self.skip_at_most(usize::MAX, fits)
    }

    fn skip_at_most(&mut self, bytes: usize, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = head(self.rest(), bytes);
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// The value that begins here.
    fn value(&mut self, place: &Place, is_spaced: bool) -> Option<Range<usize>> {
        if let Some(block) = self.below(place) {
            return Some(block);
        }
        let quotes = self.skip(is_quote);
        let start = self.at;
        let value = match (quotes.chars().last(), self.rest().chars().next()) {
            (Some(quote), _) => self.quoted(quote),
            (None, Some('[')) => list(self.rest()),
            (None, _) => self.bare(place, is_spaced),
        };
        let value = value.trim_end();
        let word = value.trim_end_matches([',', ';', '}', ')']);
        let is_nothing = NOTHING
            .iter()
            .any(|nothing| word.eq_ignore_ascii_case(nothing));
        let is_value = value.chars().any(char::is_alphanumeric);
        let is_secret = is_value && !is_nothing && !is_reference(value);
        is_secret.then(|| start..start + value.len())
    }

    /// The lines below, where the value stands there: `password: |`, or nothing after the sign. Goes to a quote or a list there.
    fn below(&mut self, place: &Place) -> Option<Range<usize>> {
        let rest = self.rest();
        let (line, below) = rest.split_once('\n')?;
        let line = line.trim();
        let is_block = line.starts_with(['|', '>'])
            && line
                .chars()
                .skip(1)
                .all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'));
        if !line.is_empty() && !is_block {
            return None;
        }
        let start = self.at + rest.len() - below.len();
        let first = below.trim_start();
        if !is_block && first.starts_with(['"', '\'', '`', '[']) {
            self.at = self.text.len() - first.len();
            return None;
        }
        let before = self.text.get(..self.at).unwrap_or_default();
        let depth = depth(before.rsplit('\n').next().unwrap_or_default());
        let is_mapping = first.lines().next().is_some_and(is_mapping);
        if !matches!(place, Place::Line) || (!is_block && is_mapping) {
            return None;
        }
        let mut end = start;
        for line in below.split_inclusive('\n') {
            let is_item =
                !is_block && line.trim_start().starts_with("- ") && self::depth(line) == depth;
            if !line.trim().is_empty() && self::depth(line) <= depth && !is_item {
                break;
            }
            end += line.len();
        }
        let block = self.text.get(start..end).unwrap_or_default();
        let (skipped, block) = (block.len() - block.trim_start().len(), block.trim());
        let start = start + skipped;
        let is_secret = !block.is_empty() && !block.starts_with("[redacted: ");
        is_secret.then(|| start..start + block.len())
    }

    /// Up to the quote that ends it. One that does not end was cut.
    fn quoted(&self, quote: char) -> &'a str {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices() {
            if c == quote && !escaped {
                return rest.get(..at).unwrap_or_default();
            }
            escaped = c == '\\' && !escaped;
            // `\"` ends a text within a text: it began with one.
            let ends = rest
                .get(at + 1..)
                .is_some_and(|next| next.starts_with(quote));
            if escaped && ends && self.began_escaped() {
                return rest.get(..at).unwrap_or_default();
            }
        }
        rest
    }

    /// Whether the quote before this place has a backslash before it.
    fn began_escaped(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.len() >= 2 && before.as_bytes().get(before.len() - 2) == Some(&b'\\')
    }

    /// Without quotes; `is_spaced` as in YAML and headers, where a value has spaces.
    fn bare(&self, place: &Place, is_spaced: bool) -> &'a str {
        let rest = self.rest();
        match place {
            Place::Line => rest.lines().next().unwrap_or_default(),
            Place::EscapedLine => escaped_line(rest),
            Place::Quotes(quote) => self.quoted(*quote),
            Place::Option => until(rest, |c, _| c.is_whitespace() || is_quote(c) && c != '\\'),
            Place::Pair if is_spaced => until(rest, |c, next| match c {
                '\n' | '\r' | '"' => true,
                ',' | '}' | ')' => ends(next.trim_start()),
                _ => false,
            }),
            Place::Pair => until(rest, |c, next| match c {
                '"' | '\'' | '`' => true,
                ',' | ';' | '&' | '}' | ')' => ends(next),
                c => c.is_whitespace(),
            }),
        }
    }
}

/// Up to the first character that ends it; what comes after the character is looked at too.
fn until(text: &str, ends: impl Fn(char, &str) -> bool) -> &str {
    let next = |at: usize, c: char| {
        head(
            text.get(at + c.len_utf8()..).unwrap_or_default(),
            NAME_BYTES,
        )
    };
    let end = text.char_indices().find(|(at, c)| ends(*c, next(*at, *c)));
    text.get(..end.map_or(text.len(), |(at, _)| at))
        .unwrap_or_default()
}

/// Whether what comes after a sign shows that the sign has ended a value, and is no part of it: another pair, another end, or nothing.
fn ends(next: &str) -> bool {
    let is_end = next.chars().next().is_none_or(|c| {
        c.is_whitespace() || matches!(c, ',' | ';' | '}' | ')' | ']' | '"' | '\'' | '`')
    });
    let name = next.trim_start_matches(is_name);
    is_end || (name.len() < next.len() && name.starts_with(['=', ':']))
}

/// What stands in the brackets of a list. One that does not end was cut.
fn list(text: &str) -> &str {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('[', None) => depth += 1,
            (']', None) if depth <= 1 => return text.get(..=at).unwrap_or_default(),
            (']', None) => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The rest of a line in a text that is written with escapes. Where there is nothing the value stands below, and is all that is left.
fn escaped_line(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        let line = text.get(..at).unwrap_or_default();
        match c {
            '\n' => return line,
            '"' if !escaped => return line,
            'n' | 'r' if escaped => {
                let line = line.strip_suffix('\\').unwrap_or(line);
                if line.chars().any(char::is_alphanumeric) {
                    return line;
                }
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    text
}

/// Where a name stands of which a part begins here.
fn place(text: &str, part: usize, is_quoted: bool) -> Place {
    let before = tail(text.get(..part).unwrap_or_default());
    let around = before.trim_end_matches(is_name);
    let name = before.get(around.len()..).unwrap_or_default();
    if around.ends_with('\\') && name.starts_with(['n', 'r', 't']) {
        return Place::EscapedLine;
    }
    let line = around.rsplit(['\n', '\r']).next().unwrap_or_default();
    let is_cut = line.len() == around.len() && around.len() + name.len() >= NAME_BYTES;
    if !is_cut && begins_line(line) && !name.starts_with("--") {
        return Place::Line;
    }
    match around.chars().last() {
        Some(quote @ ('"' | '\'' | '`')) if !is_quoted => Place::Quotes(quote),
        _ if name.starts_with('-') => Place::Option,
        _ => Place::Pair,
    }
}

/// Whether nothing but signs, numbers (of lines) and words such as `export` stand before a name in its line.
fn begins_line(before: &str) -> bool {
    let is_sign = |c: char| {
        c.is_whitespace() || c.is_ascii_digit() || is_quote(c) || "><*+-#/|:$;%@".contains(c)
    };
    before.split_whitespace().all(|word| {
        let is_word = BEFORE.iter().any(|it| word.eq_ignore_ascii_case(it));
        is_word || word.chars().all(is_sign)
    })
}

/// Whether a value only says where it stands: `${PASSWORD}`, `{{ password }}`, `<password>`.
fn is_reference(value: &str) -> bool {
    let value = value.trim_end_matches([',', ';']);
    let ends = [("${", "}"), ("{{", "}}"), ("<", ">")];
    value.len() <= REFERENCE_BYTES
        && ends.iter().any(|(begin, end)| {
            value.starts_with(begin) && value.find(end) == value.len().checked_sub(end.len())
        })
}

/// Whether a line of YAML begins a mapping, whose names say what is secret in it.
fn is_mapping(line: &str) -> bool {
    let line = line.trim_start_matches(['-', ' ']);
    let name = line.trim_start_matches(|c: char| is_name(c) || c == '.' || c == '/');
    name.len() < line.len() && (name.starts_with(": ") || name.trim_end() == ":")
}

/// How far a line is indented.
fn depth(line: &str) -> usize {
    line.len() - line.trim_start_matches(is_space).len()
}

fn head(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn tail(text: &str) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(NAME_BYTES));
    text.get(start..).unwrap_or(text)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\\')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}
