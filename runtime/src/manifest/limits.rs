//! The limits that a plugin asks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the plugin asks for. Absent means the host's default; the host's ceilings win over every value. No value is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestedLimits {
    /// Wall-clock time of one call, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub wall_ms: Option<u64>,
    /// Linear memory of one instance, summed over its memories, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory_bytes: Option<u64>,
    /// Table elements of one instance, summed over its tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub table_elements: Option<u32>,
    /// Resource handles that one instance holds at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub handles: Option<u32>,
    /// The size of one call's result, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub result_bytes: Option<u64>,
    /// Log records of one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub log_records: Option<u32>,
    /// Host calls of one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub host_calls: Option<u64>,
    /// Documents that one call reads and then depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub reads: Option<u64>,
    /// Random numbers of one call, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub random_bytes: Option<u64>,
    /// Fuel of one call, where fuel is metered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub fuel: Option<u64>,
}

impl RequestedLimits {
    /// Each limit with its name in the manifest.
    pub(super) fn entries(&self) -> [(&'static str, Option<u64>); 10] {
        [
            ("wall_ms", self.wall_ms),
            ("memory_bytes", self.memory_bytes),
            ("table_elements", self.table_elements.map(u64::from)),
            ("handles", self.handles.map(u64::from)),
            ("result_bytes", self.result_bytes),
            ("log_records", self.log_records.map(u64::from)),
            ("host_calls", self.host_calls),
            ("reads", self.reads),
            ("random_bytes", self.random_bytes),
            ("fuel", self.fuel),
        ]
    }
}
