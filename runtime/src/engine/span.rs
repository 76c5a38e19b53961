//! The span of a call: what is told of while it runs, by the host, its ports and its rooms, is told of this plugin and this call.

use std::sync::Arc;

use tracing::{Level, Span};

use crate::identity::{CallId, Identity};
use crate::log_record::escape;

/// A longer name of an operation is cut here.
const MAX_OPERATION: usize = 256;

/// Filters name the spans of calls by this, for example to switch them off: `portcullis::call=off`.
const TARGET: &str = "portcullis::call";

/// The span of a call; `None`, at the price of a comparison, where no subscriber wants it.
pub(super) fn of(
    id: CallId,
    plugin: &Identity,
    extension: &'static str,
    operation: &str,
) -> Option<Arc<Span>> {
    tracing::span_enabled!(target: TARGET, Level::INFO)
        .then(|| Arc::new(open(id, plugin, extension, operation)))
}

#[cold]
fn open(id: CallId, plugin: &Identity, extension: &'static str, operation: &str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "call",
        plugin = %plugin.plugin,
        version = %plugin.version,
        call = %id,
        extension,
        operation = escape(operation, MAX_OPERATION),
    )
}
