use std::vec;

use super::{Page, page};
use crate::Error;

/// Asked for at once: enough that a call of the host is worth it, and little memory.
const PAGE: u32 = 256;

/// The keys that begin with `prefix`, in the order of their bytes; all of them for an empty one. Keys that others add meanwhile may be
/// missed. `denied` unless the scope `keys` covers the whole prefix. After an error there are no more.
pub fn keys(prefix: &str) -> Keys {
    Keys {
        prefix: prefix.to_owned(),
        page: Vec::new().into_iter(),
        next: Next::First,
    }
}

/// Keys of the plugin's own store, page by page; see [`keys`].
#[derive(Debug)]
pub struct Keys {
    prefix: String,
    page: vec::IntoIter<String>,
    next: Next,
}

#[derive(Debug)]
enum Next {
    First,
    After(String),
    None,
}

impl Iterator for Keys {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.page.next() {
                return Some(Ok(key));
            }
            let cursor = match std::mem::replace(&mut self.next, Next::None) {
                Next::First => None,
                Next::After(cursor) => Some(cursor),
                Next::None => return None,
            };
            match page(&self.prefix, cursor.as_deref(), PAGE) {
                Ok(Page { keys, next }) => {
                    self.page = keys.into_iter();
                    self.next = next.map_or(Next::None, Next::After);
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
