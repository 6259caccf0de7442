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
const LAYERS: [&str; 10] = ["conv", "fc", "act", "avgpool", "maxpool", "gap", "flatten", "bn", "ln", "res"];
/// What others call them.
const ALIASES: [(&str, &str); 14] = [
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
];

pub(super) fn is_activation(name: &str) -> bool {
    ACTIVATIONS.contains(&name)
}

/// The layer or activation that `name` may stand for.
pub(super) fn closest_layer(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    alias.or_else(|| closest(&name, LAYERS.into_iter().chain(ACTIVATIONS)))
}

/// The first of the candidates with the fewest edits, if those are few for a word of its length.
pub(super) fn closest(word: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let most = match word.chars().count() {
        0 | 1 => return None,
        2..=4 => 1,
        _ => 2,
    };
    candidates.map(|c| (edits(word, c), c)).filter(|(n, _)| *n <= most).min_by_key(|(n, _)| *n).map(|(_, c)| c)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
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
    }
}
