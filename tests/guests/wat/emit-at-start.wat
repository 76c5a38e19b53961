;; Emits `plugin.emit-at-start.again` while it is instantiated, which has it instantiated again.
(component
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $why (variant (case "denied" string) (case "not-found") (case "invalid" string) (case "unavailable") (case "over-budget")))
    (export "error" (type (eq $why)))
    (type $shape (record (field "world" string) (field "session" (option string)) (field "npc" (option string))))
    (export "subject" (type (eq $shape)))))
  (alias export $types "error" (type $error))
  (alias export $types "subject" (type $subject))
  (import "portcullis:plugin/event-emit@0.1.0" (instance $bus
    (alias outer 1 $error (type $why))
    (export "error" (type $error (eq $why)))
    (export "emit" (func (param "subject" string) (param "payload" string) (result (result (error $error)))))))

  ;; Stands before the code, whose start needs it.
  (core module $store
    (memory (export "memory") 1)
    (data (i32.const 16) "plugin.emit-at-start.again")
    (data (i32.const 48) "null")
    (global $free (mut i32) (i32.const 128))
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
      global.set $free))
  (core instance $store (instantiate $store))
  (core func $emit (canon lower (func $bus "emit") (memory (core memory $store "memory")) (realloc (core func $store "realloc"))))

  (core module $code
    (import "bus" "emit" (func $emit (param i32 i32 i32 i32 i32)))
    ;; At 64 lies nothing: the answer of `handle` is ok(none).
    (func (export "handle") (param i32) (result i32)
      i32.const 64)
    (func $start (call $emit (i32.const 16) (i32.const 26) (i32.const 48) (i32.const 4) (i32.const 96)))
    (start $start))
  (core instance $guest (instantiate $code
    (with "bus" (instance (export "emit" (func $emit))))))

  (type $event (record (field "subject" string) (field "payload" string) (field "source" string) (field "hops" u32) (field "wants-reply" bool)))
  (func $handle
    (param "name" string) (param "about" $subject) (param "event" $event) (result (result (option string) (error string)))
    (canon lift (core func $guest "handle") (memory (core memory $store "memory")) (realloc (core func $store "realloc"))))
  (instance $events (export "subject" (type $subject)) (export "event" (type $event)) (export "handle" (func $handle)))
  (export "portcullis:plugin/events@0.1.0" (instance $events)))
