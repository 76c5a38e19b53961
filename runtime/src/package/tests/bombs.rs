//! Small files that ask for much. Each is answered at once, on a stack of 2 MiB.

use std::fmt::Write;
use std::thread;
use std::time::{Duration, Instant};

use super::super::*;
use super::{leb, section, wasm};

/// Scans on a thread with a stack of 2 MiB, within the time that `validate` has.
pub(super) fn scan(bytes: Vec<u8>) -> Result<Scan, PackageError> {
    let start = Instant::now();
    let thread = thread::Builder::new().stack_size(2 << 20);
    let result = thread
        .spawn(move || Scan::of(&bytes))
        .unwrap()
        .join()
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    result
}

pub(super) fn too_many(bytes: Vec<u8>) -> &'static str {
    match scan(bytes) {
        Err(PackageError::TooMany { what, count, limit }) => {
            assert!(count > limit);
            what
        }
        other => panic!("{other:?}"),
    }
}

fn too_deep(bytes: Vec<u8>) {
    let result = scan(bytes);
    assert!(
        matches!(result, Err(PackageError::TooDeep { .. })),
        "{result:?}"
    );
}

pub(super) fn component(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0".to_vec(), sections.concat()].concat()
}

pub(super) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    component(&[section(
        1,
        &[b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat(),
    )])
}

/// Component (0x41) or instance (0x42) types within types.
fn nested_types(kind: u8, levels: usize) -> Vec<u8> {
    let mut types = vec![1];
    types.extend([kind, 1, 1].repeat(levels));
    types.extend([kind, 0]);
    component(&[section(7, &types)])
}

#[test]
fn types_nested_deep() {
    for levels in [32, 99, 100, 1_200, 20_000] {
        too_deep(nested_types(0x41, levels));
        too_deep(nested_types(0x42, levels));
    }
    assert!(scan(nested_types(0x42, 20)).is_ok());
}

#[test]
fn components_nested_deep() {
    let nested = |levels: usize| {
        (0..levels).fold(component(&[]), |inner, _| component(&[section(4, &inner)]))
    };
    too_deep(nested(33));
    too_deep(nested(1_200));
    assert_eq!(scan(nested(32)).unwrap().counts.components, 33);
}

#[test]
fn value_types_nested_deep() {
    for levels in [65_usize, 1_200, 40_000] {
        let mut types = leb(levels);
        types.extend([0x70, 0x7d]);
        for index in 0..levels - 1 {
            types.push(0x70);
            // A signed number: a seventh bit would make it negative.
            let padded = [index & 0x7f, index >> 7 & 0x7f, index >> 14];
            types.extend([
                padded[0] as u8 | 0x80,
                padded[1] as u8 | 0x80,
                padded[2] as u8,
            ]);
        }
        too_deep(component(&[section(7, &types)]));
    }
}

/// 1.4 KB whose instantiation would make 2^26 instances.
#[test]
fn exponential_instantiation() {
    let bomb = |core: &str, levels: usize| {
        let mut text = format!("(component (component {core})");
        for level in 0..levels {
            let twice = "(instance (instantiate 0))".repeat(2);
            write!(
                text,
                "(component (alias outer 1 {level} (component)) {twice})"
            )
            .unwrap();
        }
        write!(text, "(instance (instantiate {levels})))").unwrap();
        wasm(&text)
    };
    let bytes = bomb("", 26);
    assert!(bytes.len() < 1_400);
    assert_eq!(too_many(bytes), "component instances");
    // Within the limits, but its modules are not.
    let two = "(core module $m (memory 1) (table 3 funcref)) (core instance (instantiate $m)) (core instance (instantiate $m))";
    assert_eq!(too_many(bomb(two, 6)), "memories");
    assert_eq!(
        scan(bomb(two, 4)).unwrap().counts.table_elements_minimum,
        96
    );
    let many = format!(
        "(core module $m) {}",
        "(core instance (instantiate $m))".repeat(30)
    );
    assert_eq!(too_many(bomb(&many, 6)), "core instances");
    let tables = format!(
        "(core module $m {}) (core instance (instantiate $m))",
        "(table 1 funcref)".repeat(50)
    );
    assert_eq!(too_many(bomb(&tables, 6)), "tables");
    assert_eq!(scan(bomb("", 8)).unwrap().counts.component_instances, 512);
    // Sums saturate.
    assert_eq!(too_many(bomb("", 300)), "component instances");
}

#[test]
fn many_functions() {
    let functions = |count: usize| {
        module(&[
            section(1, &[1, 0x60, 0, 0]),
            section(3, &[leb(count), vec![0; count]].concat()),
            section(10, &[leb(count), [2, 0, 0x0b].repeat(count)].concat()),
        ])
    };
    assert_eq!(too_many(functions(200_000)), "functions");
    assert_eq!(scan(functions(100_000)).unwrap().counts.functions, 100_000);
}

#[test]
fn huge_counts() {
    let most = leb(u32::MAX as usize);
    for id in [2, 3, 5, 6, 7, 8, 10, 11] {
        assert!(
            scan(component(&[section(id, &most)])).is_err(),
            "component section {id}"
        );
    }
    for id in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12] {
        assert!(
            scan(module(&[section(id, &most)])).is_err(),
            "core section {id}"
        );
    }
}

#[test]
fn many_of_everything() {
    let custom = section(0, &[0]);
    assert_eq!(too_many(component(&[custom.repeat(100_001)])), "sections");
    let core = section(1, b"\0asm\x01\0\0\0");
    assert_eq!(too_many(component(&[core.repeat(1_001)])), "core modules");
    let inner = section(4, &component(&[]));
    assert_eq!(too_many(component(&[inner.repeat(1_000)])), "components");
    let types = section(7, &[leb(50_001), vec![0x7f; 50_001]].concat());
    assert_eq!(too_many(component(&[types])), "types");
    let functions = section(1, &[leb(50_001), [0x60, 0, 0].repeat(50_001)].concat());
    assert_eq!(too_many(module(&[functions])), "types");

    let listed = |count: usize, item: &dyn Fn(usize) -> String| {
        let items: String = (0..count).map(item).collect();
        wasm(&format!("(component {items})"))
    };
    assert_eq!(
        too_many(listed(1_001, &|i| format!("(import \"i{i}\" (func))"))),
        "imports"
    );
    let exported = listed(1_001, &|i| {
        format!("(type $t{i} (enum \"a\")) (export \"e{i}\" (type $t{i}))")
    });
    assert_eq!(too_many(exported), "exports");
    let names = section(7, &[leb(100_001), vec![0; 100_001]].concat());
    assert_eq!(
        too_many(module(&[names])),
        "imports and exports of core modules"
    );
    let enumeration = |i: usize| format!("(type (enum \"{}{i}\"))", "a".repeat(99_000));
    assert_eq!(
        too_many(listed(12, &enumeration)),
        "bytes of component declarations"
    );
    let globals = section(6, &vec![0; 9 << 20]);
    assert_eq!(too_many(module(&[globals])), "bytes of core declarations");
}

/// 25 KB that make a validator copy a type of 1,000 functions 900 times.
#[test]
fn types_used_often() {
    let functions: String = (0..1_000)
        .map(|i| format!("(export \"f{i}\" (func (param \"x\" $o)))"))
        .collect();
    let ty = format!(
        "(type $t (instance (export \"r\" (type $r (sub resource))) (type $o (own $r)) {functions}))"
    );
    let imports: String = (0..900)
        .map(|i| format!("(import \"i{i}\" (instance (type $t)))"))
        .collect();
    let what = "uses of types, weighed by size,";
    assert_eq!(too_many(wasm(&format!("(component {ty} {imports})"))), what);

    // A tree of 2^30 leaves in 31 types.
    let mut text = "(component (type $t0 (tuple u8 u8))".to_owned();
    for level in 1..30 {
        let below = level - 1;
        write!(text, "(type $t{level} (tuple $t{below} $t{below}))").unwrap();
    }
    text.push_str("(import \"f\" (func (param \"x\" $t29))))");
    assert_eq!(too_many(wasm(&text)), what);

    let core = format!(
        "(core module $m {})",
        "(import \"a\" \"b\" (func))".repeat(5_000)
    );
    let instances = "(core instance (instantiate $m))".repeat(200);
    assert_eq!(
        too_many(wasm(&format!("(component {core} {instances})"))),
        what
    );
}

/// Calls of wide functions are checked operand by operand.
#[test]
fn wide_code() {
    let wide = |calls: usize, bodies: usize| {
        let ty = [vec![1, 0x60, 0], leb(1_000), vec![0x7f; 1_000]].concat();
        let body = [vec![0], [0x10, 0].repeat(calls), vec![0, 0x0b]].concat();
        let body = [leb(body.len()), body].concat();
        module(&[
            section(1, &ty),
            section(3, &[leb(bodies), vec![0; bodies]].concat()),
            section(10, &[leb(bodies), body.repeat(bodies)].concat()),
        ])
    };
    assert_eq!(
        too_many(wide(16_000, 1)),
        "bytes of one function, weighed by the widest function type,"
    );
    assert_eq!(
        too_many(wide(10_000, 51)),
        "bytes of code, weighed by the widest function type,"
    );
    assert!(scan(wide(1_000, 1)).is_ok());
}

/// The limit on nesting must not refuse aliases that point outwards.
#[test]
fn outer_aliases() {
    let text = "(component $a (type $t (list u8)) (core module $m) (component $c
        (alias outer $a $t (type $u)) (alias outer $a $m (core module $n))
        (core instance (instantiate $n)) (type (instance (alias outer $a $t (type $v)) (export \"x\" (func (param \"p\" $v)))))))";
    assert!(scan(wasm(text)).is_ok());
    // Aliases to nowhere: kind, target `outer`, a count and an index out of bounds.
    for kind in [&[0x00, 0x10][..], &[0x00, 0x11], &[0x03], &[0x04]] {
        for count in [0, 1, 200] {
            let alias = [&[1][..], kind, &[2], &leb(count), &leb(9)].concat();
            let result = scan(component(&[section(6, &alias)]));
            assert!(
                matches!(result, Err(PackageError::Malformed { .. })),
                "{result:?}"
            );
        }
    }
}
