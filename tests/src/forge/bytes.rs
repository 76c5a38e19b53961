//! Bytes for a compiler: components of a module that no scan refuses, and that take long to compile. Nothing of them is instantiated.

use portcullis::Package;

use crate::plugins::embed;

const CORE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A plugin with this in it, and nothing that it contributes.
pub fn package(id: &str, component: &[u8]) -> Package {
    let manifest = format!("[plugin]\nid = \"{id}\"\nname = \"Bomb\"\nversion = \"0.1.0\"\n");
    embed(component, &manifest)
}

/// A component of one module: functions without parameters, each of these bodies so many times.
pub fn functions(bodies: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let count = bodies.iter().map(|(times, _)| times).sum::<usize>();
    let types = section(1, &[1, 0x60, 0, 0]);
    let declared = section(3, &[leb(count), vec![0; count]].concat());
    let mut code = leb(count);
    for (times, body) in bodies {
        // No local variables; the body; its end.
        let body = [&[0], body.as_slice(), &[0x0b]].concat();
        code.extend([leb(body.len()), body].concat().repeat(*times));
    }
    let module = [CORE, &types, &declared, &section(10, &code)].concat();
    nested(&[(1, module)])
}

/// 99,000 functions that do nothing, in 400 KB.
pub fn many_functions() -> Vec<u8> {
    functions(&[(99_000, Vec::new())])
}

/// One function of 7 MB, whose values depend on each other.
pub fn long_function() -> Vec<u8> {
    // i32.const 1, then i32.const 3, i32.mul without end, and drop.
    let work = [0x41, 3, 0x6c].repeat(7_000_000 / 3);
    functions(&[(1, [&[0x41, 1], work.as_slice(), &[0x1a]].concat())])
}

/// A hundred tables of 60,000 branches each.
pub fn branches() -> Vec<u8> {
    let table = [&[0x41, 0, 0x0e], leb(60_000).as_slice(), &[0; 60_001]].concat();
    functions(&[(100, table)])
}

/// Blocks in blocks, 500,000 of them, in one function.
pub fn blocks() -> Vec<u8> {
    let levels = 500_000;
    functions(&[(1, [[2, 0x40].repeat(levels), vec![0x0b; levels]].concat())])
}

/// Components in components. A scan refuses more than 32 levels.
pub fn nested_components(levels: usize) -> Vec<u8> {
    (0..levels).fold(nested(&[]), |inner, _| nested(&[(4, inner)]))
}

/// A component of these sections.
fn nested(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let sections = sections.iter().flat_map(|(id, body)| section(*id, body));
    COMPONENT.iter().copied().chain(sections).collect()
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id], leb(body.len()).as_slice(), body].concat()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
