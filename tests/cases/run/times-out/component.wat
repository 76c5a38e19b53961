;; Never ends.
(component
  (core module $code
    (func (export "run") (result i32)
      (loop $again (br $again))
      unreachable))
  (core instance $program (instantiate $code))
  (func $run (result (result)) (canon lift (core func $program "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $entry)))
