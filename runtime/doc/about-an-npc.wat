;; The smallest plugin that does something: one condition, which holds if the call is about an NPC. A plugin is
;; written with the SDK; this text stands for what a compiler makes of it.
(component
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))))
  (alias export $types "subject" (type $subject))

  (core module $code
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 64))
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $free))
      (global.set $free (i32.add (local.get $start) (local.get $size)))
      (local.get $start))
    ;; At 16 lies the answer: `ok`, and at 20 whether the option `npc`, the eighth value, is there.
    (func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (i32.store8 (i32.const 20) (local.get 7))
      (i32.const 16)))
  (core instance $guest (instantiate $code))

  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $guest "memory")) (realloc (core func $guest "realloc"))))
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions)))
