//! Plugins that take memory, handles and the room of what crosses: conditions of `hostile`, and files of `tests/guests/wat`.

use portcullis::Outcome::{GuestError, OutOfMemory, OverBudget, TimedOut};
use serde_json::json;

use super::{Class, House, Made, Misdeed};

const fn hostile(name: &'static str, does: &'static str) -> Misdeed {
    Misdeed::hostile(name, Class::Space, does)
}

/// A condition of `hostile` that stands in the list twice, with other parameters.
const fn again(name: &'static str, condition: &'static str, does: &'static str) -> Misdeed {
    Misdeed::new(name, Class::Space, does, Made::Hostile(condition))
}

/// As few host calls as a flood needs to show that it is one.
const FEW_CALLS: &str = "wall_ms = 5000\nhost_calls = 500";

pub(super) const ROWS: &[Misdeed] = &[
    hostile("memory-flood", "`memory.grow` without end, touches nothing").ends(&[OutOfMemory]),
    hostile(
        "memory-touch",
        "takes 1 MiB at a time and writes to each page",
    )
    .ends(&[OutOfMemory]),
    Misdeed::wat(
        "memory-at-start",
        Class::Space,
        "a memory of 2 GiB at the start",
    )
    .refused("prepare"),
    Misdeed::wat("table-flood", Class::Space, "`table.grow` without end").ends(&[OutOfMemory]),
    hostile("handle-flood", "makes pollables and keeps them").ends(&[OverBudget]),
    hostile("result-flood", "fails with a text of 64 MiB").ends(&[OutOfMemory]),
    again(
        "result-too-large",
        "result-flood",
        "fails with a text of 2 MB",
    )
    .asking(|| json!({ "bytes": 2_000_000 }))
    .ends(&[OverBudget]),
    again(
        "result-long",
        "result-flood",
        "fails with a text of 900,000 bytes, of which a receipt keeps 1,024",
    )
    .asking(|| json!({ "bytes": 900_000 }))
    .ends(&[GuestError]),
    again(
        "warm-handles",
        "handle-flood",
        "makes pollables in an instance that would be used again",
    )
    .house(House::Warm)
    .ends(&[OverBudget]),
    hostile("host-call-flood", "calls `permissions.has` without end")
        .limits(FEW_CALLS)
        .ends(&[OverBudget]),
    hostile(
        "log-flood",
        "logs 4 KiB records without end, ignores refusals",
    )
    .limits(FEW_CALLS)
    .ends(&[OverBudget]),
    hostile(
        "stdout-flood",
        "writes 4 KiB lines without end, ignores errors",
    )
    .limits(super::HURRIED)
    .ends(&[TimedOut]),
    hostile("stderr-flood", "the same to stderr")
        .limits(super::HURRIED)
        .ends(&[TimedOut]),
    hostile(
        "many-writes",
        "sets 100,000 flags of 5,000 bytes each, stops at a refusal",
    )
    .asking(|| json!({ "bytes": 5_000 }))
    .ends(&[GuestError]),
    hostile("huge-flag", "sets a flag of 1 MiB").ends(&[OverBudget]),
    again("large-flag", "huge-flag", "sets a flag of 100,000 bytes")
        .asking(|| json!({ "bytes": 100_000 }))
        .replies(false),
];
