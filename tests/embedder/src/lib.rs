//! portcullis-embedder
