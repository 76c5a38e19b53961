//! Does nothing: it is there so that cargo looks at the build dependencies, see `Cargo.toml`.

fn main() {}
