//! Adds what one attempt of a call did to what those before it did.

use crate::capability::MAX_DENIALS;
use crate::receipt::{Denial, Record, RoomCalls};

/// Host calls, by capability.
pub(super) fn add_room_calls(
    room_calls: &mut Vec<RoomCalls>,
    capability: &'static str,
    calls: u64,
) {
    match room_calls
        .iter_mut()
        .find(|before| before.capability == capability)
    {
        Some(before) => before.calls += calls,
        None => room_calls.push(RoomCalls {
            capability: capability.into(),
            calls,
        }),
    }
}

/// The first ones are kept, and the others counted.
pub(super) fn add_denials(record: &mut Record, mut denials: Vec<Denial>) {
    if record.denials.is_empty() {
        record.denials = denials;
        return;
    }
    let room = MAX_DENIALS.saturating_sub(record.denials.len());
    record.more_denials += denials.len().saturating_sub(room) as u64;
    denials.truncate(room);
    record.denials.append(&mut denials);
}
