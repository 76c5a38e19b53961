//! The server that this crate is tested against; see `portcullis_scripted`.

fn main() {
    std::process::exit(portcullis_scripted::main());
}
