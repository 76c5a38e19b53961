//! Bounds of events, and what became of them, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SubjectPattern;
use crate::manifest::PluginId;

/// What a host allows of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EventPolicy {
    /// How many events may lead to one another: a call that this many led to can emit no more, so that plugins which answer each other come to
    /// an end. With 0 plugins emit nothing. Default 8: what people build by hand has two or three.
    pub hops: u32,
    /// How many events wait for a handler that does not say how many. At least 1. Default 64: an event has up to 64 KiB, so 4 MiB a handler.
    pub queue: u32,
    /// How many events wait for all handlers of a plugin together, whatever they say: each has its equal part at most, and at least 1. Default
    /// 1,024, or 64 MiB a plugin.
    pub max_queue: u32,
    /// How many handlers of one plugin run at once; the events of the others wait. At least 1. Default 8, of 128 calls that an engine runs at
    /// once: however many handlers a plugin has, others are called as well.
    pub handlers: u32,
}

impl Default for EventPolicy {
    fn default() -> Self {
        Self {
            hops: 8,
            queue: 64,
            max_queue: 1_024,
            handlers: 8,
        }
    }
}

impl EventPolicy {
    /// How many events wait for a handler that wants so many, one of so many of its plugin.
    pub fn capacity(&self, wanted: Option<u32>, handlers: usize) -> usize {
        let wide = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let part = wide(self.max_queue) / handlers.max(1);
        wide(wanted.unwrap_or(self.queue)).min(part).max(1)
    }
}

/// What became of the events that a handler was to hear, since the host loaded or enabled its plugin. All of them are `handled`, `failed`, `skipped`,
/// `dropped`, waiting, or at the handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventStatistic {
    /// The handler's qualified name, `event:plugin:<id>:<name>`.
    pub handler: String,
    /// Its plugin.
    pub plugin: PluginId,
    /// What it hears.
    pub subject: SubjectPattern,
    /// How many events it handled.
    pub handled: u64,
    /// How many it failed at, or could not be called for: the engine had no room in time, or the plugin could not be woken.
    pub failed: u64,
    /// How many it was not called for: the event's world does not use the plugin, or the plugin is disabled.
    pub skipped: u64,
    /// How many were dropped because too many waited, as of the last event that the handler took.
    pub dropped: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E9: a queue has at least one place, and at most as many as the host allows.
    #[test]
    fn queues_have_bounds() {
        let policy = EventPolicy::default();
        assert_eq!(policy.capacity(None, 1), 64);
        assert_eq!(policy.capacity(Some(3), 1), 3);
        assert_eq!(policy.capacity(Some(0), 1), 1);
        assert_eq!(policy.capacity(Some(u32::MAX), 1), 1_024);
        assert_eq!(policy.capacity(Some(u32::MAX), 4), 256);
        assert_eq!(policy.capacity(None, 1_000), 1);
        assert_eq!(policy.capacity(None, 2_000), 1);
    }
}
