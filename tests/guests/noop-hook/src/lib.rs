//! The least that a handler of a hook point can be: what a measured chain costs is then the host's share. It imports nothing.

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package portcullis:noop-hook;
        world noop-hook {
            include portcullis:plugin/provides-hooks@0.1.0;
        }
    ",
    generate_all,
});

use exports::portcullis::plugin::hooks::{Decision, Guest, Subject};

struct NoopHook;

impl Guest for NoopHook {
    fn handle(name: String, _: Subject, _: String, _: String) -> Result<Decision, String> {
        match name.as_str() {
            "noop" => Ok(Decision::Proceed),
            _ => Err(name),
        }
    }
}

export!(NoopHook);
