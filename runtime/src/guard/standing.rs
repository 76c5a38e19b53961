//! How a plugin stands, in one word: calls read it where they begin and where they end, and wait for nobody.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::identity::CallId;

/// So many calls that asked a handler of their own plugin are known: more than run at once of one plugin, and wait.
const MOST_SELF_ASKED: usize = 256;

/// How a plugin stands with the guard of its host. All versions of a plugin share it. Only the guard writes the word, under its lock.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    word: AtomicU64,
    /// The last calls of the plugin whose questions came to a handler of the plugin.
    self_asked: Mutex<VecDeque<CallId>>,
}

/// A plugin's standing at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand(u64);

const SUSPENDED: u64 = 1;
const WATCHED: u64 = 2;
const SWITCHED_OFF: u64 = 4;
/// The bits above count the terms of the plugin.
const TERM: u64 = 8;

impl Standing {
    /// The standing now.
    pub(crate) fn now(&self) -> Stand {
        Stand(self.word.load(Ordering::Acquire))
    }

    /// Sets whether the guard lets calls through, and whether it wants to hear of those that go well.
    pub(crate) fn set(&self, suspended: bool, watched: bool) {
        let rest = self.now().0 & !(SUSPENDED | WATCHED);
        let suspended = if suspended { SUSPENDED } else { 0 };
        let watched = if watched { WATCHED } else { 0 };
        self.word
            .store(rest | suspended | watched, Ordering::Release);
    }

    /// Sets whether the host has disabled the plugin, for whatever reason.
    pub(crate) fn switch(&self, on: bool) {
        let rest = self.now().0 & !SWITCHED_OFF;
        let switched_off = if on { 0 } else { SWITCHED_OFF };
        self.word.store(rest | switched_off, Ordering::Release);
    }

    /// Begins another term: calls that began before it no longer count.
    pub(crate) fn begin_term(&self) {
        self.word.fetch_add(TERM, Ordering::AcqRel);
    }

    /// A question of this call of the plugin has come to a handler of the plugin.
    pub(crate) fn asks_itself(&self, call: CallId) {
        let mut calls = self.self_asked();
        if calls.contains(&call) {
            return;
        }
        if calls.len() == MOST_SELF_ASKED {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Whether a question of this call of the plugin came to a handler of the plugin.
    pub(crate) fn has_asked_itself(&self, call: CallId) -> bool {
        self.self_asked().contains(&call)
    }

    fn self_asked(&self) -> MutexGuard<'_, VecDeque<CallId>> {
        let calls = self.self_asked.lock();
        calls.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stand {
    /// Whether the plugin's calls do not run.
    pub(crate) fn is_disabled(self) -> bool {
        self.0 & (SUSPENDED | SWITCHED_OFF) != 0
    }

    /// Whether its calls do not run because it failed too often.
    pub(crate) fn is_suspended(self) -> bool {
        self.0 & SUSPENDED != 0
    }

    /// Whether calls that go well matter, too.
    pub(crate) fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// Whether nothing has happened since that makes a call of then say nothing about now.
    pub(crate) fn is_of_the_term_of(self, other: Self) -> bool {
        self.term() == other.term()
    }

    fn term(self) -> u64 {
        self.0 / TERM
    }
}
