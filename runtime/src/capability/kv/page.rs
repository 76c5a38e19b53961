//! A page of the store's keys with the call's own changes laid over it.

use std::collections::BTreeSet;

use super::kv_read::Page;
use crate::capability::port::KvPage;

/// The stored page with the changes laid over it, in their order: keys that the call put or removed, all of them where the page was asked
/// for. At most `limit` keys; a page may be shorter and still not be the last.
pub(super) fn merged<'a>(
    stored: KvPage,
    changes: impl Iterator<Item = (&'a str, bool)>,
    limit: usize,
) -> Page {
    // Beyond its last key a page knows nothing of the store, so what the call put there comes with a later page.
    let end = stored.keys.last().filter(|_| stored.more).cloned();
    let within = |key: &str| end.as_deref().is_none_or(|end| key <= end);
    let mut keys: BTreeSet<String> = stored.keys.into_iter().collect();
    for (key, there) in changes.filter(|(key, _)| within(key)) {
        match there {
            true => {
                keys.insert(key.to_owned());
            }
            false => {
                keys.remove(key);
            }
        }
    }
    let full = keys.len() > limit;
    let keys: Vec<String> = keys.into_iter().take(limit).collect();
    let next = match full {
        true => keys.last().cloned(),
        false => end,
    };
    Page { keys, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(stored: &[&str], more: bool, changes: &[(&str, bool)], limit: usize) -> Page {
        let keys = stored.iter().map(|key| (*key).to_owned()).collect();
        merged(KvPage { keys, more }, changes.iter().copied(), limit)
    }

    fn is(page: &Page, keys: &[&str], next: Option<&str>) -> bool {
        page.keys == keys && page.next.as_deref() == next
    }

    /// Proves C9: a page shows what the call put and hides what it removed; the last change of a key counts.
    #[test]
    fn own_changes_are_laid_over_a_page() {
        let changes = [("b", true), ("a", false), ("c", true), ("c", false)];
        assert!(is(
            &page(&["a", "d"], false, &changes, 10),
            &["b", "d"],
            None
        ));
    }

    /// Proves C9: what the call put beyond the end of a page comes with a later one, so that no stored key is left out between them.
    #[test]
    fn a_page_ends_where_the_stored_one_ends() {
        assert!(is(
            &page(&["a", "b"], true, &[("z", true)], 2),
            &["a", "b"],
            Some("b")
        ));
        // Removed keys make a page shorter, even empty; the next one goes on behind the last stored key.
        let removed = [("a", false), ("b", false)];
        assert!(is(&page(&["a", "b"], true, &removed, 2), &[], Some("b")));
    }

    /// Proves C9: a page that the call's keys fill beyond the limit is cut, and goes on behind its last key.
    #[test]
    fn a_page_keeps_to_its_limit() {
        let put = [("a1", true), ("a2", true)];
        assert!(is(
            &page(&["a", "b"], false, &put, 2),
            &["a", "a1"],
            Some("a1")
        ));
    }
}
