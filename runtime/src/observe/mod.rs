//! What is made of receipts. Observers see receipts only.

mod bulletin;
mod guard;
mod health;
mod metrics;
mod prometheus;
mod timeline;

pub(crate) use bulletin::Bulletin;
pub(crate) use guard::{Guard, Verdict};
pub(crate) use health::judge;
pub use metrics::{Metrics, MetricsRow};
pub use prometheus::PROMETHEUS_CONTENT_TYPE;
pub use timeline::{Moment, Timeline, What};
