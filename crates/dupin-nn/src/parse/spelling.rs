//! Suggestions for names that are nearly right.

/// Activations by the name that their token starts with.
const ACTIVATIONS: [&str; 12] = [
    "identity",
    "relu",
    "leaky_relu",
    "gelu",
    "gelu_tanh",
    "beta_gelu",
    "silu",
    "softplus",
    "tanh",
    "sigmoid",
    "elu",
    "squared_relu",
];
/// Layers with sizes or parts.
const SIZED: [&str; 10] = ["conv", "fc", "avgpool", "maxpool", "gn", "ln", "embed", "attn", "res", "seq"];
/// Layers that are a name alone.
const ALONE: [&str; 11] = ["act", "gap", "flatten", "bn", "unembed", "tokens", "cls", "pos", "wpe", "swap", "first"];
/// What others call them.
const ALIASES: [(&str, &str); 22] = [
    ("convolution", "conv"),
    ("linear", "fc"),
    ("dense", "fc"),
    ("lin", "fc"),
    ("pool", "maxpool"),
    ("meanpool", "avgpool"),
    ("globalavgpool", "gap"),
    ("batchnorm", "bn"),
    ("layernorm", "ln"),
    ("residual", "res"),
    ("skip", "res"),
    ("swish", "silu"),
    ("logistic", "sigmoid"),
    ("quick_gelu", "beta_gelu"),
    ("activation", "act"),
    ("groupnorm", "gn"),
    ("embedding", "embed"),
    ("attention", "attn"),
    ("mha", "attn"),
    ("transpose", "swap"),
    ("sequential", "seq"),
    ("position", "pos"),
];

pub(super) fn is_activation(name: &str) -> bool {
    ACTIVATIONS.contains(&name)
}

/// Whether it is a layer or an activation.
pub(super) fn is_known(name: &str) -> bool {
    SIZED.contains(&name) || ALONE.contains(&name) || is_activation(name)
}

pub(super) fn stands_alone(name: &str) -> bool {
    ALONE.contains(&name)
}

/// The layer or activation that `name` may stand for.
pub(super) fn closest_layer(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    alias.or_else(|| closest(&name, SIZED.into_iter().chain(ALONE).chain(ACTIVATIONS)))
}

/// The first of the candidates with the fewest edits, if those are few for a word of its length.
pub(crate) fn closest(word: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let most = match word.chars().count() {
        2..=4 => 1,
        5..=20 => 2,
        _ => return None, // one letter is near to everything, and no name is longer
    };
    candidates.map(|c| (edits(word, c), c)).filter(|(n, _)| *n <= most).min_by_key(|(n, _)| *n).map(|(_, c)| c)
}

/// Edits between two words: a letter added, left out or replaced, or two neighbours exchanged (Damerau's distance in its form that
/// edits no place twice).
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            let exchanged = if exchanged { rows[i - 2][j - 2] + 1 } else { usize::MAX };
            row.push(replaced.min(exchanged).min(rows[i - 1][j] + 1).min(row[j - 1] + 1));
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_activation_is_one() {
        for name in ACTIVATIONS {
            let text = if name == "beta_gelu" { "beta_gelu:4" } else { name };
            assert!(text.parse::<crate::Activation>().is_ok(), "{name}");
        }
    }

    #[test]
    fn distances_count_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "fc"), 2);
        assert_eq!(edits("gelu", "gelu"), 0);
        assert_eq!(edits("mpl", "mlp"), 1);
    }
}
