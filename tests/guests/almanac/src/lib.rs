//! A plugin of a host that has interfaces of its own (`tests/embedder`): it uses `forecast`, provides `advice`, and logs as any plugin does.

use portcullis_sdk::prelude::*;

portcullis_sdk::wit_bindgen::generate!({
    path: ["../../../sdk/wit/types.wit", "../../embedder/wit"],
    inline: "
        package acme:almanac;
        world almanac {
            include acme:weather/uses-forecast@1.0.0;
            include acme:weather/provides-advice@1.0.0;
        }
    ",
    with: { "portcullis:plugin/types@0.1.0": portcullis_sdk::types },
    runtime_path: "portcullis_sdk::wit_bindgen::rt",
    generate_all,
});

use acme::weather::forecast;

struct Almanac;

impl exports::acme::weather::advice::Guest for Almanac {
    fn advise(crop: String, place: String) -> Result<String, String> {
        let day = forecast::tomorrow(&place).map_err(Failure::from)?;
        log::info("advised", &[("crop", &crop), ("rain", &day.rain)]);
        Ok(match day.rain {
            0 => format!("water the {crop}: {} degrees and no rain", day.celsius),
            rain => format!("leave the {crop} alone: {rain} mm of rain"),
        })
    }
}

export!(Almanac);
