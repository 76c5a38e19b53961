//! The demos: each puts a host of its kind together with the example plugins, lets something happen, and tells what.

pub(crate) mod agent;
pub(crate) mod bot;
pub(crate) mod plugins;
pub(crate) mod world;
