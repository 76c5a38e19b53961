//! The capability `forecast`: what a plugin may import.

use std::sync::Arc;

use portcullis::capability::{
    Answer, Capability, Ctx, Granted, HasRoom, PortError, Request, RoomError, RoomView,
};
use portcullis::permission::{CapabilityDescriptor, Gate, RawParser};
use portcullis::wasmtime::component::Linker;
use portcullis::{Port, pattern};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[allow(missing_docs)]
mod bindings {
    ::portcullis::wasmtime::component::bindgen!({
        wasmtime_crate: ::portcullis::wasmtime,
        path: ["../../runtime/wit", "wit"],
        world: "acme:weather/uses-forecast",
        with: { "portcullis:plugin/types@0.1.0": ::portcullis::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => ::portcullis::capability::RoomError },
    });
}

use bindings::acme::weather::forecast as wit;

const PERMISSION: &str = "weather:read";

/// What the host of farms is asked for: the forecast for tomorrow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tomorrow {
    /// The place.
    pub place: String,
}

/// The weather of a day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Day {
    /// Degrees Celsius.
    pub celsius: i32,
    /// Millimetres.
    pub rain: u32,
}

impl Request for Tomorrow {
    type Reply = Day;
    type Error = PortError;
}

/// Whose weather a plugin may read; nobody's by default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Places {
    places: Vec<pattern::Pattern>,
}

/// The capability, over the port that knows the weather.
pub struct Forecast(pub Arc<dyn Port<Tomorrow>>);

/// What one plugin holds of it.
pub struct Held {
    port: Arc<dyn Port<Tomorrow>>,
    scopes: Vec<Places>,
}

impl Capability for Forecast {
    type Scope = Places;
    type State = Held;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "forecast",
        summary: "Weather forecasts for places.",
        wit: include_str!("../wit/weather.wit"),
        gates: &[Gate {
            interface: "acme:weather/forecast",
            version: "1.0.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<Places>(),
    };

    fn state(&self, granted: Granted<'_, Places>) -> Held {
        Held {
            port: self.0.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> portcullis::wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl wit::Host for RoomView<'_, Forecast> {
    async fn tomorrow(&mut self, place: String) -> Result<wit::Day, RoomError> {
        self.enter(PERMISSION, "forecast.tomorrow")?;
        let allows = |scope: &Places| scope.places.iter().any(|pattern| pattern.matches(&place));
        if !self.state.scopes.iter().all(allows) {
            let asked = format!("forecast.tomorrow {place}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `places`"));
        }
        let answer: Answer<'_, Tomorrow> = self.state.port.call(Tomorrow { place });
        match answer.await {
            Ok(Day { celsius, rain }) => Ok(wit::Day { celsius, rain }),
            Err(error) => Err(self.call.port_failed("forecast", error)),
        }
    }
}
