//! State that lasts.
