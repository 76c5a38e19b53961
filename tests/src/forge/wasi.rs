//! What a forged component may import, ready to be put into its parts.

/// An interface of the host, or a few of its functions.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// The import of the component, and aliases of its types.
    pub component: &'static str,
    /// Its functions, lowered.
    pub lowered: &'static str,
    /// The argument of the code's instantiation.
    pub with: &'static str,
    /// The imports of the code, as functions that it may call.
    pub core: &'static str,
    /// The permission that it takes.
    pub permission: Option<&'static str>,
}

/// Waiting. `$block (pollable)`, `$poll (list, count, answer)`, `$drop-pollable (pollable)`.
pub const POLL: Import = Import {
    component: r#"
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
"#,
    lowered: r#"
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $poll-all (canon lower (func $poll "poll")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $drop-pollable (canon resource.drop $pollable))
"#,
    with: r#"(with "poll" (instance
    (export "block" (func $block)) (export "poll" (func $poll-all)) (export "drop" (func $drop-pollable))))"#,
    core: r#"
    (import "poll" "block" (func $block (param i32)))
    (import "poll" "poll" (func $poll (param i32 i32 i32)))
    (import "poll" "drop" (func $drop-pollable (param i32)))
"#,
    permission: None,
};

/// The monotonic clock, after [`POLL`]. `$now -> i64`, `$resolution -> i64`, `$after (ns) -> pollable`, `$at (instant) -> pollable`.
pub const CLOCK: Import = Import {
    component: r#"
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "pollable" (type $own-pollable (eq $pollable)))
    (export "now" (func (result u64)))
    (export "resolution" (func (result u64)))
    (export "subscribe-instant" (func (param "when" u64) (result (own $own-pollable))))
    (export "subscribe-duration" (func (param "when" u64) (result (own $own-pollable))))))
"#,
    lowered: r#"
  (core func $now (canon lower (func $clock "now")))
  (core func $resolution (canon lower (func $clock "resolution")))
  (core func $at (canon lower (func $clock "subscribe-instant")))
  (core func $after (canon lower (func $clock "subscribe-duration")))
"#,
    with: r#"(with "clock" (instance
    (export "now" (func $now)) (export "resolution" (func $resolution))
    (export "at" (func $at)) (export "after" (func $after))))"#,
    core: r#"
    (import "clock" "now" (func $now (result i64)))
    (import "clock" "resolution" (func $resolution (result i64)))
    (import "clock" "at" (func $at (param i64) (result i32)))
    (import "clock" "after" (func $after (param i64) (result i32)))
"#,
    permission: None,
};

/// Streams, after [`POLL`]. `$write (stream, bytes, count, answer)`, `$zeroes (stream, count, answer)`, `$watch (stream) -> pollable`, `$read (stream, most, answer)`.
pub const STREAMS: Import = Import {
    component: r#"
  (import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $io-failure))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "pollable" (type $own-pollable (eq $pollable)))
    (export "error" (type $own-failure (eq $io-failure)))
    (export "output-stream" (type $output (sub resource)))
    (export "input-stream" (type $input (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $own-failure)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.write-zeroes" (func
      (param "self" (borrow $output)) (param "len" u64) (result (result (error $stream-error)))))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $output)) (result (own $own-pollable))))
    (export "[method]input-stream.blocking-read" (func
      (param "self" (borrow $input)) (param "len" u64) (result (result (list u8) (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (alias export $streams "input-stream" (type $input-stream))
"#,
    lowered: r#"
  (core func $write (canon lower (func $streams "[method]output-stream.write")
    (memory (core memory $memory "memory"))))
  (core func $zeroes (canon lower (func $streams "[method]output-stream.write-zeroes")
    (memory (core memory $memory "memory"))))
  (core func $watch (canon lower (func $streams "[method]output-stream.subscribe")))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
"#,
    with: r#"(with "streams" (instance
    (export "write" (func $write)) (export "zeroes" (func $zeroes)) (export "watch" (func $watch)) (export "read" (func $read))))"#,
    core: r#"
    (import "streams" "write" (func $write (param i32 i32 i32 i32)))
    (import "streams" "zeroes" (func $zeroes (param i32 i64 i32)))
    (import "streams" "watch" (func $watch (param i32) (result i32)))
    (import "streams" "read" (func $read (param i32 i64 i32)))
"#,
    permission: None,
};

/// Standard output, after [`STREAMS`]. `$stdout -> stream`.
pub const STDOUT: Import = Import {
    component: r#"
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (export "output-stream" (type $own-output (eq $output-stream)))
    (export "get-stdout" (func (result (own $own-output))))))
"#,
    lowered: r#"
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
"#,
    with: r#"(with "stdout" (instance (export "get" (func $get-stdout))))"#,
    core: r#"
    (import "stdout" "get" (func $stdout (result i32)))
"#,
    permission: None,
};

/// Standard input, after [`STREAMS`]. `$stdin -> stream`.
pub const STDIN: Import = Import {
    component: r#"
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (export "input-stream" (type $own-input (eq $input-stream)))
    (export "get-stdin" (func (result (own $own-input))))))
"#,
    lowered: r#"
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
"#,
    with: r#"(with "stdin" (instance (export "get" (func $get-stdin))))"#,
    core: r#"
    (import "stdin" "get" (func $stdin (result i32)))
"#,
    permission: None,
};

/// Leaving. `$exit (0 for success, 1 for failure)`.
pub const EXIT: Import = Import {
    component: r#"
  (import "wasi:cli/exit@0.2.0" (instance $leave (export "exit" (func (param "status" (result))))))
"#,
    lowered: r#"
  (core func $exit (canon lower (func $leave "exit")))
"#,
    with: r#"(with "leave" (instance (export "exit" (func $exit))))"#,
    core: r#"
    (import "leave" "exit" (func $exit (param i32)))
"#,
    permission: None,
};

/// Random numbers. `$random (count, answer)`, `$random-u64 -> i64`.
pub const RANDOM: Import = Import {
    component: r#"
  (import "wasi:random/random@0.2.0" (instance $dice
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
"#,
    lowered: r#"
  (core func $random (canon lower (func $dice "get-random-bytes")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $random-u64 (canon lower (func $dice "get-random-u64")))
"#,
    with: r#"(with "dice" (instance (export "bytes" (func $random)) (export "u64" (func $random-u64))))"#,
    core: r#"
    (import "dice" "bytes" (func $random (param i64 i32)))
    (import "dice" "u64" (func $random-u64 (result i64)))
"#,
    permission: None,
};

/// The log. `$log (level, message, bytes, fields, count, answer)`; the answer begins with 1 where the host refuses.
pub const LOG: Import = Import {
    component: r#"
  (import "portcullis:plugin/log@0.1.0" (instance $log
    (export "error" (type $own-error (eq $denied)))
    (type $levels (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (type $pair (record (field "key" string) (field "value" string)))
    (export "field" (type $field (eq $pair)))
    (export "emit" (func (param "level" $level) (param "message" string) (param "fields" (list $field))
      (result (result (error $own-error)))))))
"#,
    lowered: r#"
  (core func $log-emit (canon lower (func $log "emit")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
"#,
    with: r#"(with "log" (instance (export "emit" (func $log-emit))))"#,
    core: r#"
    (import "log" "emit" (func $log (param i32 i32 i32 i32 i32 i32)))
"#,
    permission: Some("log:emit"),
};

/// Random numbers that need not be good ones. `$insecure-u64 -> i64`, `$seed (answer)`.
pub const INSECURE: Import = Import {
    component: r#"
  (import "wasi:random/insecure@0.2.0" (instance $insecure
    (export "get-insecure-random-u64" (func (result u64)))))
  (import "wasi:random/insecure-seed@0.2.0" (instance $seeds
    (export "insecure-seed" (func (result (tuple u64 u64))))))
"#,
    lowered: r#"
  (core func $insecure-u64 (canon lower (func $insecure "get-insecure-random-u64")))
  (core func $seed (canon lower (func $seeds "insecure-seed") (memory (core memory $memory "memory"))))
"#,
    with: r#"(with "insecure" (instance (export "u64" (func $insecure-u64)) (export "seed" (func $seed))))"#,
    core: r#"
    (import "insecure" "u64" (func $insecure-u64 (result i64)))
    (import "insecure" "seed" (func $seed (param i32)))
"#,
    permission: None,
};

/// Standard output as a terminal. `$terminal (answer)`; the answer begins with 1 where there is one.
pub const TERMINAL: Import = Import {
    component: r#"
  (import "wasi:cli/terminal-output@0.2.0" (instance $terminal (export "terminal-output" (type (sub resource)))))
  (alias export $terminal "terminal-output" (type $terminal-output))
  (import "wasi:cli/terminal-stdout@0.2.0" (instance $terminals
    (export "terminal-output" (type $own-terminal (eq $terminal-output)))
    (export "get-terminal-stdout" (func (result (option (own $own-terminal)))))))
"#,
    lowered: r#"
  (core func $get-terminal (canon lower (func $terminals "get-terminal-stdout")
    (memory (core memory $memory "memory"))))
"#,
    with: r#"(with "terminal" (instance (export "get" (func $get-terminal))))"#,
    core: r#"
    (import "terminal" "get" (func $terminal (param i32)))
"#,
    permission: None,
};

/// Reading the key-value store. `$kv-get (key, bytes, answer)`, `$kv-keys (prefix, bytes, has cursor, cursor, bytes, limit, answer)`; answers begin
/// with 1 where the host refuses.
pub const KV_READ: Import = Import {
    component: r#"
  (import "portcullis:plugin/kv-read@0.1.0" (instance $kv-read
    (export "error" (type $own-error (eq $denied)))
    (type $found (record (field "value" string) (field "version" u64) (field "ttl-ms" (option u64))))
    (export "entry" (type $entry (eq $found)))
    (type $listed (record (field "keys" (list string)) (field "next" (option string))))
    (export "page" (type $page (eq $listed)))
    (export "get" (func (param "key" string) (result (result (option $entry) (error $own-error)))))
    (export "list-keys" (func (param "prefix" string) (param "cursor" (option string)) (param "limit" u32)
      (result (result $page (error $own-error)))))))
"#,
    lowered: r#"
  (core func $kv-get (canon lower (func $kv-read "get")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $kv-keys (canon lower (func $kv-read "list-keys")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
"#,
    with: r#"(with "kv-read" (instance (export "get" (func $kv-get)) (export "keys" (func $kv-keys))))"#,
    core: r#"
    (import "kv-read" "get" (func $kv-get (param i32 i32 i32)))
    (import "kv-read" "keys" (func $kv-keys (param i32 i32 i32 i32 i32 i32 i32)))
"#,
    permission: Some("kv:read"),
};

/// Writing the key-value store. `$kv-set (key, bytes, value, bytes, has time, milliseconds, answer)`; the answer begins with 1 where the host refuses.
pub const KV_WRITE: Import = Import {
    component: r#"
  (import "portcullis:plugin/kv-write@0.1.0" (instance $kv-write
    (export "error" (type $own-error (eq $denied)))
    (export "set" (func (param "key" string) (param "value" string) (param "ttl-ms" (option u64))
      (result (result (error $own-error)))))))
"#,
    lowered: r#"
  (core func $kv-set (canon lower (func $kv-write "set")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
"#,
    with: r#"(with "kv-write" (instance (export "set" (func $kv-set))))"#,
    core: r#"
    (import "kv-write" "set" (func $kv-set (param i32 i32 i32 i32 i32 i64 i32)))
"#,
    permission: Some("kv:write"),
};
