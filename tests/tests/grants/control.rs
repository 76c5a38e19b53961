//! The code that does compile: it shows that the others fail for their own reasons.
use portcullis::{Consent, Grant, GrantError, Package, Policy};

fn decide(package: &Package) -> Result<Grant, GrantError> {
    Grant::decide(package, &portcullis::catalogue(), &Policy::new(), &Consent::nothing())
}

fn main() {
    let _decide = decide;
}
