//! Places in a text.

use std::collections::BTreeSet;
use std::ops::Range;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where, in bytes.
    pub at: Range<usize>,
    /// What it is, for whoever reads the text without it.
    pub kind: &'static str,
}

/// The spans in order, those that overlap as one.
pub fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.at.is_empty());
    spans.sort_by_key(|span| (span.at.start, usize::MAX - span.at.end));
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.at.start < last.at.end => {
                last.at.end = last.at.end.max(span.at.end);
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// The text with what each span is in its place. The spans are in order and do not overlap.
pub fn hide(text: &str, spans: &[Span]) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut done = 0;
    for span in spans {
        hidden.push_str(text.get(done..span.at.start).unwrap_or_default());
        hidden.push_str("[redacted: ");
        hidden.push_str(span.kind);
        hidden.push(']');
        done = span.at.end;
    }
    hidden.push_str(text.get(done..).unwrap_or_default());
    hidden
}

/// The kinds of the spans, each once.
pub fn kinds(spans: &[Span]) -> String {
    let kinds: BTreeSet<_> = spans.iter().map(|span| span.kind).collect();
    kinds.into_iter().collect::<Vec<_>>().join(", ")
}
