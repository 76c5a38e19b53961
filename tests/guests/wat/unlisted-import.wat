;; Imports an interface that no host knows.
(component
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))))
  (alias export $types "subject" (type $subject))
  (import "evil:corp/backdoor@1.0.0" (instance $backdoor
    (export "open" (func (result bool)))))
  (core func $open (canon lower (func $backdoor "open")))

  (core module $code
    (import "backdoor" "open" (func $open (result i32)))
    (memory (export "memory") 1)
    ;; At 16 lies the answer of `evaluate`: ok(true).
    (data (i32.const 16) "\00\00\00\00\01\00\00\00")
    (global $free (mut i32) (i32.const 64))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      local.get 2
      i32.const 8
      i32.gt_u
      if
        unreachable
      end
      global.get $free
      global.get $free
      local.get 3
      i32.add
      i32.const 7
      i32.add
      i32.const -8
      i32.and
      global.set $free)
    (func (export "evaluate")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      call $open
      drop
      i32.const 16))
  (core instance $guest (instantiate $code
    (with "backdoor" (instance (export "open" (func $open))))))

  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $guest "memory")) (realloc (core func $guest "realloc"))))
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions)))
