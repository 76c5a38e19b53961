//! portcullis-world
