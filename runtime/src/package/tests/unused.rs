//! What nobody instantiates is compiled all the same: images of memories and tables, and local variables.

use super::bombs::{component, module, scan, too_many};
use super::{leb, section};

/// A core module as a section of a component.
fn core(sections: &[Vec<u8>]) -> Vec<u8> {
    section(
        1,
        &[b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat(),
    )
}

/// 17 KB that made a compiler take 700 MB: modules of which each has a memory of 16 MiB with a byte of data at both ends.
#[test]
fn memories_that_nobody_makes() {
    let memory = section(5, &[vec![1, 0], leb(256)].concat());
    let last = leb((256 << 16) - 1);
    let data = |offset: Vec<u8>| [vec![0, 0x41], offset, vec![0x0b, 1, 0x2a]].concat();
    let data = section(11, &[vec![2], data(vec![0]), data(last)].concat());
    let modules = |count: usize| component(&vec![core(&[memory.clone(), data.clone()]); count]);
    assert_eq!(scan(modules(100)).unwrap().counts.memories, 0);
    assert_eq!(too_many(modules(101)), "memories of core modules");
}

/// 18 KB that made a compiler take 1.5 GB.
#[test]
fn tables_that_nobody_makes() {
    let tables = |count: usize, elements: usize| {
        let table = [vec![0x70, 0], leb(elements)].concat();
        core(&[section(4, &[leb(count), table.repeat(count)].concat())])
    };
    let what = "elements of core modules' tables";
    assert_eq!(too_many(component(&[tables(2, 1 << 20)])), what);
    assert_eq!(too_many(component(&vec![tables(1, 500_000); 3])), what);
    assert!(scan(component(&vec![tables(1, 500_000); 2])).is_ok());
    assert_eq!(
        too_many(component(&vec![tables(100, 1); 11])),
        "tables of core modules"
    );
}

/// 25 KB that took four seconds to compile: functions of nine bytes, each with 50,000 local variables.
#[test]
fn many_local_variables() {
    let functions = |count: usize| {
        let body = [vec![1], leb(50_000), vec![0x7f, 0x0b]].concat();
        let body = [leb(body.len()), body].concat();
        module(&[
            section(1, &[1, 0x60, 0, 0]),
            section(3, &[leb(count), vec![0; count]].concat()),
            section(10, &[leb(count), body.repeat(count)].concat()),
        ])
    };
    assert_eq!(scan(functions(100)).unwrap().counts.functions, 100);
    assert_eq!(too_many(functions(101)), "local variables");
}
