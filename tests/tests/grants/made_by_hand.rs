//! A grant has no constructor but `Grant::decide`.
// fails with E0423
use portcullis::Grant;

fn main() {
    let _grant = Grant(todo!());
}
