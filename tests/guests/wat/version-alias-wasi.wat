;; Imports the environment of WASI under a version that no host has and that a linker takes for its own.
(component
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))))
  (alias export $types "subject" (type $subject))
  (import "wasi:cli/environment@0.2.99" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))))

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
      global.set $free))
  (core instance $memory (instantiate $store))
  (core func $get_environment
    (canon lower (func $environment "get-environment") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $get_arguments
    (canon lower (func $environment "get-arguments") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $code
    (import "memory" "memory" (memory 1))
    (import "environment" "variables" (func $variables (param i32)))
    (import "environment" "arguments" (func $arguments (param i32)))
    (func (export "evaluate")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      ;; Each answers a list, its address and its length, at 64 and 72.
      (call $variables (i32.const 64))
      (call $arguments (i32.const 72))
      ;; At 16: ok(whether there is anything to be seen).
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store8 (i32.const 20) (i32.ne (i32.const 0) (i32.or (i32.load (i32.const 68)) (i32.load (i32.const 76)))))
      i32.const 16))
  (core instance $guest (instantiate $code
    (with "memory" (instance $memory))
    (with "environment" (instance
      (export "variables" (func $get_environment))
      (export "arguments" (func $get_arguments))))))

  (func $evaluate
    (param "name" string) (param "subject" $subject) (param "params" string) (result (result bool (error string)))
    (canon lift (core func $guest "evaluate") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (instance $conditions (export "subject" (type $subject)) (export "evaluate" (func $evaluate)))
  (export "portcullis:plugin/conditions@0.1.0" (instance $conditions)))
