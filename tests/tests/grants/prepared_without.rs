//! A plugin is prepared by a host, which decides the grant for the very bytes.
// fails with E0624
use portcullis::{Grant, Package, Plugin};

fn prepare(package: &Package, grant: Grant) {
    let _plugin = Plugin::prepare(todo!(), package, grant, todo!(), todo!());
}

fn main() {
    let _prepare = prepare;
}
