//! The sketch in which every probe takes a turn at being the sample: what XTrace and XDiag share.

use nalgebra::DMatrix;

use crate::basis::Basis;
use crate::error::Error;
use crate::vector::norm;
use crate::{Distribution, Products, Rng};

/// What correlation of the samples can make of the variance of their mean, beyond that of independent ones.
///
/// A sample has the right mean whatever the other probes are, so its Hoeffding decomposition holds only terms with its own probe. Where
/// those with one or two probes carry its variance `σ²`, Cauchy and Schwarz bound the variance of the mean of `k` by `2σ²/k`.
pub(crate) const CORRELATION: f64 = 2.0;

/// Probes `Ω`, and a growing `A Ω = Q R` with `H = QᵀAQ`. `Q` has as many columns as there are probes, `k`.
pub(crate) struct Sketch {
    /// `Q`: `[n, k]`.
    pub(crate) basis: Basis,
    /// `Ω`: `[n, k]`.
    pub(crate) probes: Basis,
    /// Columns of the upper triangle of `R`.
    pub(crate) r: Vec<Vec<f64>>,
    /// Columns of the upper triangle of `H`.
    pub(crate) h: Vec<Vec<f64>>,
    /// Dimension of the operator.
    pub(crate) n: usize,
    /// Largest length of a product so far.
    magnitude: f64,
    distribution: Distribution,
}

/// What one more probe brought.
#[derive(PartialEq)]
pub(crate) enum Grown {
    /// A direction of the range that was not seen yet.
    Wider,
    /// Nothing, or the last direction of the space: `Q` spans the range of `A`, with probability one.
    Complete,
}

impl Sketch {
    pub(crate) fn new(n: usize, distribution: Distribution) -> Self {
        let (r, h) = (Vec::new(), Vec::new());
        Self { basis: Basis::new(n), probes: Basis::new(n), r, h, magnitude: 0.0, n, distribution }
    }

    /// One more probe, by two products; `image` is given the product with the new vector of `Q`.
    pub(crate) fn grow(&mut self, products: &mut Products, rng: &mut Rng, image: impl FnOnce(&[f64])) -> Result<Grown, Error> {
        let (mut probe, mut y) = (vec![0.0; self.n], vec![0.0; self.n]);
        self.distribution.fill(rng, &mut probe);
        products.apply(&probe, &mut y)?;
        self.magnitude = self.magnitude.max(norm(&y));
        let rank = self.basis.len();
        let column = self.basis.extend(&mut y, self.magnitude);
        if self.basis.len() == rank {
            return Ok(Grown::Complete);
        }
        let mut aq = vec![0.0; self.n];
        products.apply(&y, &mut aq)?; // `y` is now the new column of Q
        self.r.push(column);
        self.probes.push(&probe);
        self.h.push(self.basis.coefficients(&aq));
        image(&aq);
        Ok(if rank + 1 == self.n { Grown::Complete } else { Grown::Wider })
    }

    /// `R`: `[k, k]`.
    pub(crate) fn upper(&self) -> DMatrix<f64> {
        let k = self.r.len();
        DMatrix::from_fn(k, k, |i, j| if i <= j { self.r[j][i] } else { 0.0 })
    }

    /// Unit columns `sᵢ`, where `Q sᵢ` is the direction of the range that only probe `i` brought in: the columns of `R⁻ᵀ`.
    pub(crate) fn directions_of_one_probe(&self) -> DMatrix<f64> {
        let k = self.r.len();
        let mut s = self
            .upper()
            .transpose()
            .solve_lower_triangular(&DMatrix::identity(k, k))
            .expect("a column enters R only with a diagonal entry above 0");
        for mut column in s.column_iter_mut() {
            column.normalize_mut();
        }
        s
    }
}
