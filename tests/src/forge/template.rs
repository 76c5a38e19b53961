//! The text of a forged component.

use super::Parts;

/// Answers and room: see [`Parts`]. `realloc` only gives memory out, and begins again where it is full.
const STORE: &str = r#"
  (core module $store
    (memory (export "memory") 1)
    (data (i32.const 16) "\00\00\00\00\01\00\00\00")
    (global $free (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (i32.add (global.get $free) (local.get 3)) (i32.const 61440))
        (then (global.set $free (i32.const 4096))))
      global.get $free
      (global.set $free
        (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $memory (instantiate $store))
"#;

const TYPES: &str = r#"
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $why (variant (case "denied" string) (case "not-found") (case "invalid" string)
      (case "unavailable") (case "over-budget")))
    (export "error" (type (eq $why)))
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))))
  (alias export $types "subject" (type $subject))
  (alias export $types "error" (type $denied))
"#;

const EXPORT: &str = r#"
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions))
"#;

pub(super) fn text(parts: &Parts<'_>) -> String {
    let part = |take: fn(&super::Import) -> &'static str| -> String {
        parts.host.iter().map(take).collect()
    };
    let (imports, lowered) = (part(|one| one.component), part(|one| one.lowered));
    let (with, core) = (part(|one| one.with), part(|one| one.core));
    let (realloc, owner) = match parts.realloc {
        Some(body) => (
            format!("(func (export \"realloc\") (param i32 i32 i32 i32) (result i32) {body})"),
            "$guest",
        ),
        None => (String::new(), "$memory"),
    };
    let Parts {
        before,
        fields,
        evaluate,
        lift,
        after,
        ..
    } = parts;
    format!(
        r#"(component
{TYPES}
{imports}
{STORE}
{lowered}
{before}
  (core module $code
    (import "store" "memory" (memory 1))
    {core}
    {fields}
    {realloc}
    (func (export "evaluate")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      {evaluate}))
  (core instance $guest (instantiate $code (with "store" (instance $memory)) {with} {}))
{after}
  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $memory "memory"))
      (realloc (core func {owner} "realloc")) {lift}))
{EXPORT})"#,
        parts.with
    )
}
