//! Parts that several misdeeds have in common.

/// A resource of the guest's own with a destructor that does this: fields of the component, before the code.
macro_rules! thing {
    ($destructor:literal) => {
        concat!(
            r#"
  (core module $end (func (export "drop") (param i32) "#,
            $destructor,
            r#"))
  (core instance $end-of (instantiate $end))
  (type $thing (resource (rep i32) (dtor (core func $end-of "drop"))))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (core func $rep (canon resource.rep $thing))"#
        )
    };
}

/// The same ten times.
macro_rules! ten {
    ($what:expr) => {
        concat!(
            $what, $what, $what, $what, $what, $what, $what, $what, $what, $what
        )
    };
}

/// Hands the resource of `thing!` to the code.
pub(super) const THING_WITH: &str = r#"(with "thing" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))"#;

/// What the code may do with it: `$new (rep) -> handle`, `$drop (handle)`, `$rep (handle) -> rep`.
pub(super) const THING_FIELDS: &str = r#"
    (import "thing" "new" (func $new (param i32) (result i32)))
    (import "thing" "drop" (func $drop (param i32)))
    (import "thing" "rep" (func $rep (param i32) (result i32)))"#;
