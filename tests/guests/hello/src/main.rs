//! An ordinary program that knows nothing of Portcullis: greets its arguments, or the world.

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        println!("Hello, world!");
    }
    for name in names {
        println!("Hello, {name}!");
    }
}
