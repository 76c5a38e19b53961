//! Guests that take memory, or touch what is not theirs.

use std::hint::black_box;

use portcullis_sdk::Failure;

const PAGE: usize = 64 * 1024;

/// Grows without end and touches nothing: asks for much first, then for less, until not one page is left. Then it goes on asking.
pub fn flood() -> Result<bool, Failure> {
    let mut pages = 16_384;
    loop {
        if core::arch::wasm32::memory_grow::<0>(pages) == usize::MAX {
            pages = (pages / 2).max(1);
        }
    }
}

/// Takes memory in steps of 1 MiB and writes to every page, so that it is resident. Std aborts when there is none left.
pub fn touch() -> Result<bool, Failure> {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut step = vec![0u8; 1024 * 1024];
        for page in step.chunks_mut(PAGE) {
            page.fill(0xa5);
        }
        taken.push(black_box(step));
    }
}

/// Reads just below 4 GiB, far outside any memory that a plugin gets.
pub fn out_of_bounds() -> Result<bool, Failure> {
    let pointer = black_box(0xffff_0000_usize) as *const u8;
    // SAFETY: none; the point is that the sandbox does not need it.
    Ok(unsafe { pointer.read_volatile() } == 0)
}

pub fn stack_overflow() -> Result<bool, Failure> {
    Ok(deeper(black_box(1)) == 0)
}

#[inline(never)]
#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 8]);
    deeper(black_box(depth + 1)).wrapping_add(frame[(depth % 8) as usize])
}
