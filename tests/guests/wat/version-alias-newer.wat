;; Imports `log` under a version that no host has and that a linker takes for ours. Asks for no permission.
(component
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))
    (type $reasons (variant
      (case "denied" string) (case "not-found") (case "invalid" string) (case "unavailable") (case "over-budget")))
    (export "error" (type (eq $reasons)))))
  (alias export $types "subject" (type $subject))
  (alias export $types "error" (type $error))
  (import "portcullis:plugin/log@0.1.99" (instance $log
    (alias outer 1 $error (type $outer))
    (export "error" (type $failure (eq $outer)))
    (type $levels (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (type $pair (record (field "key" string) (field "value" string)))
    (export "field" (type $field (eq $pair)))
    (type $fields (list $field))
    (type $answer (result (error $failure)))
    (export "emit" (func (param "level" $level) (param "message" string) (param "fields" $fields) (result $answer)))))

  ;; The memory stands in a module of its own: lowering an import needs it before the code exists.
  (core module $store
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      global.get $free
      global.get $free
      local.get 3
      i32.add
      i32.const 7
      i32.add
      i32.const -8
      i32.and
      global.set $free)
    (data (i32.const 32) "through the alias"))
  (core instance $memory (instantiate $store))
  (core func $emit (canon lower (func $log "emit") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $code
    (import "memory" "memory" (memory 1))
    (import "log" "emit" (func $emit (param i32 i32 i32 i32 i32 i32)))
    (func (export "evaluate")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      ;; A warning of 17 bytes without fields; its answer goes to 64.
      (call $emit (i32.const 2) (i32.const 32) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 64))
      ;; At 16: ok(whether the record was taken).
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store8 (i32.const 20) (i32.eqz (i32.load8_u (i32.const 64))))
      i32.const 16))
  (core instance $guest (instantiate $code
    (with "memory" (instance $memory))
    (with "log" (instance (export "emit" (func $emit))))))

  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions)))
