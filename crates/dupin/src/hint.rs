//! What to do about an error, where it can be said.

/// A hint for the chain of messages, if one is known.
pub(crate) fn hint(messages: &[String]) -> Option<&'static str> {
    const HINTS: [(&str, &str); 7] = [
        ("is not an activation", "`dupin train --help` lists the activations"),
        ("there is no objective", "`dupin train --help` explains the objectives"),
        ("diverged", "the run's folder keeps the state before the epoch; `--resume DIR` goes on from there"),
        ("No space left", "nothing is left half-written; free some space and run the command again"),
        ("Permission denied", "choose a folder that you can write to with `--out DIR`"),
        ("Read-only file system", "choose a folder that you can write to with `--out DIR`"),
        ("over the limit of", "a smaller `--batch` needs less memory"),
    ];
    HINTS.iter().find(|(part, _)| messages.iter().any(|m| m.contains(part))).map(|h| h.1)
}
