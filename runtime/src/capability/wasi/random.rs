//! Random numbers, of which a call gets as many as its budget has. WASI's three interfaces share it.

use wasmtime::component::HasData;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::random::WasiRandomCtx;

use crate::capability::call::Call;

/// How many bytes a number has.
const NUMBER_BYTES: u64 = 8;

/// How many bytes the two numbers of a seed have.
const SEED_BYTES: u64 = 16;

/// The sources of random numbers of an instance, and the call that pays for what it takes.
pub(in crate::capability) struct Dice<'a> {
    pub(in crate::capability) sources: &'a mut WasiRandomCtx,
    pub(in crate::capability) call: &'a mut Call,
}

/// Names [`Dice`] to `add_to_linker`.
pub(super) struct HasDice;

impl HasData for HasDice {
    type Data<'a> = Dice<'a>;
}

impl random::Host for Dice<'_> {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.call.draw(len)?;
        random::Host::get_random_bytes(self.sources, len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.call.draw(NUMBER_BYTES)?;
        random::Host::get_random_u64(self.sources)
    }
}

impl insecure::Host for Dice<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.call.draw(len)?;
        insecure::Host::get_insecure_random_bytes(self.sources, len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.call.draw(NUMBER_BYTES)?;
        insecure::Host::get_insecure_random_u64(self.sources)
    }
}

impl insecure_seed::Host for Dice<'_> {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        self.call.draw(SEED_BYTES)?;
        insecure_seed::Host::insecure_seed(self.sources)
    }
}
