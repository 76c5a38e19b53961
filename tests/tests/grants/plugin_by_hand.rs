//! A plugin has no constructor.
// fails with E0423
use portcullis::Plugin;

fn main() {
    let _plugin = Plugin(todo!());
}
