//! What to do about an error, where it can be said.

/// A hint for the chain of messages, if one is known.
pub(crate) fn hint(messages: &[String]) -> Option<&'static str> {
    const HINTS: [(&str, &str); 9] = [
        ("is not an activation", "`dupin train --help` lists the activations"),
        ("there is no objective", "`dupin train --help` explains the objectives"),
        ("diverged", "a run with `--out DIR` keeps its last two states; `--save-every N` saves more often"),
        ("No space left", "nothing is left half-written; free some space and run the command again"),
        ("Permission denied", "choose a folder that you can write to with `--out DIR`"),
        ("Read-only file system", "choose a folder that you can write to with `--out DIR`"),
        ("PJRT plugin", "`dupin devices` lists the plugins that are there and what to install for those that are not"),
        ("over the limit of", "a smaller `--batch` needs less memory"),
        ("File too large", "nothing is left half-written; the state before is kept and `--resume DIR` goes on from it"),
    ];
    HINTS.iter().find(|(part, _)| messages.iter().any(|m| m.contains(part))).map(|h| h.1)
}
