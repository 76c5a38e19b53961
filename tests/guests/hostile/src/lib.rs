//! One condition for each way to misbehave, chosen by name, and a few honest ones that tests lean on. What each is expected to end in stands
//! in the README of this workspace.

mod effects;
mod ends;
mod floods;
mod honest;
mod memory;
mod probes;
mod settings;
mod time;
mod writes;

use portcullis_sdk::prelude::*;

#[derive(Default)]
pub struct Hostile;

impl Conditions for Hostile {
    fn evaluate(&self, name: &str, subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "loop-forever" => time::loop_forever(),
            "sleep-hour" => time::sleep_hour(),
            "busy-poll" => time::busy_poll(),

            "memory-flood" => memory::flood(),
            "memory-touch" => memory::touch(),
            "out-of-bounds" => memory::out_of_bounds(),
            "stack-overflow" => memory::stack_overflow(),

            "handle-flood" => floods::handles(),
            "stdout-flood" => floods::output(std::io::stdout()),
            "stderr-flood" => floods::output(std::io::stderr()),
            "log-flood" => floods::log(),
            "host-call-flood" => floods::host_calls(),
            "result-flood" => floods::result(params),

            "panic" => ends::panic(),
            "abort" => ends::abort(),
            "exit" => ends::exit(0),
            "exit-fail" => ends::exit(1),
            "unreachable" => ends::unreachable(),

            "write-then-trap" => writes::then_trap(),
            "write-then-error" => writes::then_error(),
            "write-then-loop" => writes::then_loop(),
            "many-writes" => writes::many(params),
            "huge-flag" => writes::huge_flag(params),

            "namespace-tricks" => probes::namespace_tricks(params),
            "read-environment" => probes::read_environment(),
            "global-counter" => probes::global_counter(),
            "remembered-world" => probes::remembered_world(subject),
            "register-late" => probes::register_late(),
            "forged-log" => probes::forged_log(),

            "read-own-writes" => honest::read_own_writes(subject),
            "read-flag" => honest::read_flag(params),
            "read-foreign" => honest::read_foreign(params),
            "read-npc" => honest::read_npc(params),
            "read-world" => honest::read_world(params),
            "read-subject" => honest::read_subject(subject, params),
            "read-relationship" => honest::read_relationship(subject, params),
            "echo" => honest::echo(params),
            "say" => honest::say(params),

            other => Err(Failure::unknown(other)),
        }
    }
}

portcullis_sdk::plugin!(Hostile: conditions, effects, simulation);
