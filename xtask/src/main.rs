//! portcullis-cli
fn main() {}
