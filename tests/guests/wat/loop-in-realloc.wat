;; Never returns the memory for its arguments: the host waits in `realloc`, before the call proper begins.
(component
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))))
  (alias export $types "subject" (type $subject))

  (core module $code
    (memory (export "memory") 1)
    ;; At 16 lies the answer of `evaluate`: ok(true).
    (data (i32.const 16) "\00\00\00\00\01\00\00\00")
    (global $free (mut i32) (i32.const 64))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (loop $again (br $again))
      unreachable)
    (func (export "evaluate")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      i32.const 16))
  (core instance $guest (instantiate $code))

  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $guest "memory")) (realloc (core func $guest "realloc"))))
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions)))
