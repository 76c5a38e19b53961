//! What is made of receipts. Observers see receipts only.

mod metrics;

pub use metrics::{Metrics, MetricsRow};
