//! What an operator is, and the plainest ones.

use crate::error::{Error, check_len};
use crate::vector::dot;

/// A symmetric linear map `Rⁿ → Rⁿ` known only by its products.
///
/// Implementors promise symmetry, `uᵀAv = vᵀAu` to rounding, and that equal `x` gives equal bits.
pub trait SymmetricOperator {
    /// `n`.
    fn dim(&self) -> usize;

    /// `y ← A x`; both have length `dim`. `y` holds anything on entry. Vectors are `f64` even when `A` works in `f32`.
    ///
    /// # Errors
    /// Whatever stops the operator, as [`Error::Apply`]. A NaN need not be reported: the caller looks.
    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error>;

    /// `Y ← A X` for vectors laid end to end; override where products share work (batched tangents).
    ///
    /// # Errors
    /// As for [`apply`](Self::apply).
    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        let n = self.dim().max(1);
        x.chunks(n).zip(y.chunks_mut(n)).try_for_each(|(x, y)| self.apply(x, y))
    }

    /// How many vectors an estimator should hand to one [`apply_many`](Self::apply_many). It holds that many vectors at once.
    fn block(&self) -> usize {
        1
    }

    /// Whether `xᵀ A x ≥ 0` is known for every `x`. Never guess `true`.
    fn is_psd(&self) -> bool {
        false
    }
}

/// A diagonal matrix, held as its diagonal.
#[derive(Clone, Debug)]
pub struct Diagonal {
    entries: Vec<f64>,
}

impl Diagonal {
    /// The matrix with these entries on its diagonal.
    pub fn new(entries: impl Into<Vec<f64>>) -> Self {
        Self { entries: entries.into() }
    }
}

impl SymmetricOperator for Diagonal {
    fn dim(&self) -> usize {
        self.entries.len()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        for ((y, x), d) in y.iter_mut().zip(x).zip(&self.entries) {
            *y = d * x;
        }
        Ok(())
    }

    fn is_psd(&self) -> bool {
        self.entries.iter().all(|&d| d >= 0.0)
    }
}

/// A symmetric matrix held entry by entry.
#[derive(Clone, Debug)]
pub struct Dense {
    dim: usize,
    entries: Vec<f64>,
}

impl Dense {
    /// The matrix with these entries, row after row: `[dim, dim]`.
    ///
    /// Mirrored entries may differ by rounding: by `8·dim·ε` times the largest entry, what two orders of summing `dim`
    /// terms can make of one number. The matrix is used as given.
    ///
    /// # Errors
    /// [`Error::Dimension`] if there are not `dim²` entries,
    /// [`Error::Parameter`] for a NaN or an infinity, [`Error::NotSymmetric`].
    pub fn new(dim: usize, entries: Vec<f64>) -> Result<Self, Error> {
        let a = Self::checked(dim, entries)?;
        let largest = a.entries.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let tolerance = 8.0 * dim as f64 * f64::EPSILON * largest;
        for row in 0..dim {
            for column in row + 1..dim {
                let (upper, lower) = (a.entry(row, column), a.entry(column, row));
                if (upper - lower).abs() > tolerance {
                    return Err(Error::NotSymmetric { row, column, upper, lower });
                }
            }
        }
        Ok(a)
    }

    /// `(M + Mᵀ)/2` for the matrix `M` with these entries, row after row: for matrices computed in `f32`.
    ///
    /// # Errors
    /// As for [`Dense::new`], but for symmetry.
    pub fn symmetrized(dim: usize, entries: Vec<f64>) -> Result<Self, Error> {
        let mut a = Self::checked(dim, entries)?;
        for row in 0..dim {
            for column in row + 1..dim {
                let mean = f64::midpoint(a.entry(row, column), a.entry(column, row));
                a.entries[row * dim + column] = mean;
                a.entries[column * dim + row] = mean;
            }
        }
        Ok(a)
    }

    fn checked(dim: usize, entries: Vec<f64>) -> Result<Self, Error> {
        check_len("the list of the entries of a square matrix", dim * dim, entries.len())?;
        match entries.iter().position(|x| !x.is_finite()) {
            Some(at) => Err(Error::parameter("entries", "finite", format!("{} at place {at}", entries[at]))),
            None => Ok(Self { dim, entries }),
        }
    }

    /// Entry at a row and a column, counted from 0.
    ///
    /// # Panics
    /// If either is not below the dimension.
    pub fn entry(&self, row: usize, column: usize) -> f64 {
        assert!(row < self.dim && column < self.dim, "entry ({row}, {column}) of a matrix of dimension {}", self.dim);
        self.entries[row * self.dim + column]
    }

    /// All entries, row after row: `[dim, dim]`.
    pub fn entries(&self) -> &[f64] {
        &self.entries
    }
}

impl SymmetricOperator for Dense {
    fn dim(&self) -> usize {
        self.dim
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        for (y, row) in y.iter_mut().zip(self.entries.chunks(self.dim.max(1))) {
            *y = dot(row, x);
        }
        Ok(())
    }
}

/// An operator given by a function that computes its products.
///
/// # Examples
/// ```
/// use dupin_linop::{FnOperator, SymmetricOperator};
/// let reverse = FnOperator::new(3, |x, y| {
///     y.copy_from_slice(x);
///     y.reverse();
///     Ok(())
/// });
/// let mut y = [0.0; 3];
/// reverse.apply(&[1.0, 2.0, 3.0], &mut y)?;
/// assert_eq!(y, [3.0, 2.0, 1.0]);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FnOperator<F> {
    dim: usize,
    product: F,
}

impl<F: Fn(&[f64], &mut [f64]) -> Result<(), Error>> FnOperator<F> {
    /// The operator on `Rᵈⁱᵐ` whose product `y ← A x` is `product(x, y)`. It must be symmetric.
    pub fn new(dim: usize, product: F) -> Self {
        Self { dim, product }
    }
}

impl<F: Fn(&[f64], &mut [f64]) -> Result<(), Error>> SymmetricOperator for FnOperator<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        (self.product)(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_multiplies_row_by_row() {
        let a = Dense::new(2, vec![1.0, 2.0, 2.0, -3.0]).unwrap();
        let mut y = [0.0; 4];
        a.apply_many(&[1.0, 0.0, 1.0, 1.0], &mut y).unwrap();
        assert_eq!(y, [1.0, 2.0, 3.0, -1.0]);
    }

    #[test]
    fn dense_refuses_what_is_not_a_symmetric_matrix() {
        assert!(matches!(
            Dense::new(2, vec![1.0, 2.0, 2.1, 1.0]),
            Err(Error::NotSymmetric { row: 0, column: 1, upper: 2.0, lower: 2.1 })
        ));
        assert_eq!(
            Dense::new(2, vec![0.0; 3]).unwrap_err().to_string(),
            "the list of the entries of a square matrix must have length 4, but has length 3."
        );
        assert_eq!(Dense::new(1, vec![f64::NAN]).unwrap_err().to_string(), "`entries` must be finite, but is NaN at place 0.");
        assert_eq!(Dense::symmetrized(2, vec![1.0, 2.0, 4.0, 1.0]).unwrap().entries(), [1.0, 3.0, 3.0, 1.0]);
    }

    #[test]
    fn dense_allows_rounding() {
        assert!(Dense::new(2, vec![1.0, 2.0, 2.0 + 2.0 * f64::EPSILON, 1.0]).is_ok());
    }

    #[test]
    fn a_diagonal_knows_when_it_is_positive() {
        assert!(Diagonal::new([0.0, 1.0]).is_psd());
        assert!(!Diagonal::new([-1e-300, 1.0]).is_psd());
        assert!(!Diagonal::new([f64::NAN]).is_psd());
    }
}
