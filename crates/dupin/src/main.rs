//! The `dupin` command.
fn main() {}
