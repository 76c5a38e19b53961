//! What `Grant::decide` makes a grant of is out of reach.
// fails with E0624
use portcullis::Grant;

fn main() {
    let _grant = Grant::of(todo!());
}
