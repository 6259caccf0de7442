//! What can go wrong while estimating.

use std::fmt;

/// A reason for which an operator could not be built or an estimate could not be made.
///
/// Too few products to converge is not among them: an estimate that missed its tolerance says so itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A product holds a NaN or an infinity, or its squared length overflows.
    #[error(
        "product number {product} of `{estimator}` is {value} at entry {entry}: not finite, or too large to be squared. \
         Check the parameters and the loss for overflow (a diverged run has no curvature)."
    )]
    NotFinite {
        /// The computation that asked for the product.
        estimator: &'static str,
        /// Number of the product within that computation, counted from 1.
        product: usize,
        /// First entry that is not finite, or else the largest, counted from 0.
        entry: usize,
        /// That entry.
        value: f64,
    },

    /// The operator could not compute a product; the source says why.
    #[error("the operator could not compute a product: {0}")]
    Apply(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// Two things that must have the same length do not.
    #[error("{what} must have length {expected}, but has length {got}.")]
    Dimension {
        /// What has the wrong length.
        what: &'static str,
        /// The length that it must have.
        expected: usize,
        /// The length that came.
        got: usize,
    },

    /// An argument lies outside its range.
    #[error("`{name}` must be {expected}, but is {got}.")]
    Parameter {
        /// Name of the argument.
        name: &'static str,
        /// Its range, in words.
        expected: &'static str,
        /// The value that came.
        got: String,
    },

    /// A matrix that should be symmetric is not.
    #[error(
        "the matrix is not symmetric: entry ({row}, {column}) is {upper} but entry ({column}, {row}) is {lower}. \
         Use `Dense::symmetrized` if the difference is only rounding."
    )]
    NotSymmetric {
        /// Row of the entry above the diagonal, counted from 0.
        row: usize,
        /// Its column.
        column: usize,
        /// Its value.
        upper: f64,
        /// The value at the mirrored place.
        lower: f64,
    },

    /// Vectors that should be orthonormal are not.
    #[error(
        "the vectors to project off must be orthonormal, but the inner product of vectors {first} and {second} is {product}."
    )]
    NotOrthonormal {
        /// Number of one vector, counted from 0.
        first: usize,
        /// Number of the other; the same for a vector that is not of length one.
        second: usize,
        /// Their inner product.
        product: f64,
    },

    /// The operator is too large to be formed as a matrix.
    #[error(
        "an operator of dimension {dim} would need a matrix of {dim} by {dim} entries, but at most {limit} by {limit} is allowed here. \
         Use `lanczos` for the ends of the spectrum or `lanczos_quadrature` for its density."
    )]
    TooLarge {
        /// Dimension of the operator.
        dim: usize,
        /// Largest dimension allowed.
        limit: usize,
    },
}

impl Error {
    /// Wraps what an operator's own machinery reported.
    pub fn apply(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Apply(source.into())
    }

    pub(crate) fn parameter(name: &'static str, expected: &'static str, got: impl fmt::Display) -> Self {
        Self::Parameter { name, expected, got: got.to_string() }
    }
}

/// `Err(Error::Dimension)` unless `got` is `expected`.
pub(crate) fn check_len(what: &'static str, expected: usize, got: usize) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::Dimension { what, expected, got }) }
}

/// `Err(Error::Parameter)` if a count that must be positive is 0.
pub(crate) fn check_positive(name: &'static str, value: usize) -> Result<(), Error> {
    if value > 0 { Ok(()) } else { Err(Error::parameter(name, "at least 1", value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_a_sentence_with_its_values() {
        let golden = [
            (
                Error::NotFinite { estimator: "xtrace", product: 3, entry: 7, value: f64::NAN },
                "product number 3 of `xtrace` is NaN at entry 7: not finite, or too large to be squared. \
                 Check the parameters and the loss for overflow (a diverged run has no curvature).",
            ),
            (Error::apply("device lost"), "the operator could not compute a product: device lost"),
            (
                Error::Dimension { what: "the start vector", expected: 3, got: 2 },
                "the start vector must have length 3, but has length 2.",
            ),
            (Error::parameter("probes", "at least 1", 0), "`probes` must be at least 1, but is 0."),
            (
                Error::NotSymmetric { row: 0, column: 2, upper: 1.5, lower: -1.5 },
                "the matrix is not symmetric: entry (0, 2) is 1.5 but entry (2, 0) is -1.5. \
                 Use `Dense::symmetrized` if the difference is only rounding.",
            ),
            (
                Error::NotOrthonormal { first: 1, second: 1, product: 4.0 },
                "the vectors to project off must be orthonormal, but the inner product of vectors 1 and 1 is 4.",
            ),
            (
                Error::TooLarge { dim: 10_000, limit: 4096 },
                "an operator of dimension 10000 would need a matrix of 10000 by 10000 entries, but at most 4096 by 4096 is allowed here. \
                 Use `lanczos` for the ends of the spectrum or `lanczos_quadrature` for its density.",
            ),
        ];
        for (error, text) in golden {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn what_an_operator_reports_stays_the_source() {
        let source = std::error::Error::source(&Error::apply("device lost")).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("device lost"));
    }
}
