;; Takes table elements without end: asks for many first, then for fewer, and goes on asking when not one is left.
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
    (table $elements 0 funcref)
    (global $step (mut i32) (i32.const 1048576))
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
      (loop $again
        ref.null func
        global.get $step
        table.grow $elements
        i32.const -1
        i32.eq
        if
          ;; Refused: half as many, but at least one.
          (global.set $step (select
            (i32.shr_u (global.get $step) (i32.const 1))
            (i32.const 1)
            (i32.gt_u (global.get $step) (i32.const 1))))
        end
        br $again)
      unreachable))
  (core instance $guest (instantiate $code))

  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $guest "memory")) (realloc (core func $guest "realloc"))))
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions)))
