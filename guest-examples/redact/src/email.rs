//! E-mail addresses.

use crate::span::Span;

/// The e-mail addresses of a text but for those of the domains that are kept.
pub fn find(text: &str, kept: &[String]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (text.get(..at), text.get(at + 1..));
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        let is_local = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
        let local = before.rfind(|c| !is_local(c));
        let start = local.map_or(0, |end| {
            end + before
                .get(end..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
        let is_domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
        let domain = after.get(..after.find(|c| !is_domain(c)).unwrap_or(after.len()));
        let domain = domain.unwrap_or_default().trim_end_matches(['.', '-']);
        if start < at && domain.contains('.') && !is_kept(domain, kept) {
            spans.push(Span {
                at: start..at + 1 + domain.len(),
                kind: "e-mail address",
            });
        }
    }
    spans
}

/// Whether a domain is one of these, or below one.
fn is_kept(domain: &str, kept: &[String]) -> bool {
    let domain = domain.to_ascii_lowercase();
    kept.iter().any(|kept| {
        let kept = kept.to_ascii_lowercase();
        domain
            .strip_suffix(&kept)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::hide;

    fn hidden(text: &str) -> String {
        hide(text, &find(text, &["Example.org".to_owned()]))
    }

    #[test]
    fn addresses_are_hidden_but_for_those_that_are_kept() {
        let mark = "[redacted: e-mail address]";
        assert_eq!(hidden("<eve@mail.example.com>."), format!("<{mark}>."));
        assert_eq!(hidden("Zoë: zoë.b+x@exämple.com."), format!("Zoë: {mark}."));
        for kept in [
            "ada@example.org",
            "ada@lab.EXAMPLE.org",
            "@handle",
            "a@b",
            "user @ example.com",
            "größe@",
        ] {
            assert_eq!(hidden(kept), kept);
        }
        assert_eq!(hidden("eve@notexample.org"), mark);
    }
}
