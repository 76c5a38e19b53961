//! A host of farms: it offers weather forecasts to its plugins and asks them for advice. Its interfaces stand in `wit/`, in a package of its own;
//! what they need of Portcullis is in the two rooms of this crate, and in the two permissions below.

mod advice;
mod forecast;

pub use advice::{Advice, Advise};
pub use forecast::{Day, Forecast, Tomorrow};
use portcullis::permission::Permission;

/// What an operator can allow a plugin to do, beside what Portcullis knows.
pub const PERMISSIONS: [Permission; 2] = [
    Permission {
        id: "weather:read",
        consent: "read weather forecasts of the places that its scope lists",
        danger: None,
        host_switch: false,
    },
    Permission {
        id: "weather:advise",
        consent: "advise farmers",
        danger: None,
        host_switch: false,
    },
];
