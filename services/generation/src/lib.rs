//! Text generation.
