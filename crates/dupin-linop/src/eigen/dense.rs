//! All eigenvalues of an operator small enough to be formed.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::{Dense, Error, SymmetricOperator};

/// All eigenvalues of `A` in ascending order, exact to rounding: `[n]`.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. It is formed by products with unit vectors and averaged with its transpose.
///
/// # Cost
/// `n` products, `3·n²` floats, about `4/3·n³` operations; `max_dim` is the caller's limit to that.
///
/// # Errors
/// [`Error::TooLarge`] if `n > max_dim`, before any product; [`Error::NotFinite`], and what the operator reports.
///
/// # Examples
/// ```
/// use dupin_linop::{Dense, eigenvalues};
/// let values = eigenvalues(&Dense::new(2, vec![2.0, 1.0, 1.0, 2.0])?, 100)?;
/// assert!((values[0] - 1.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn eigenvalues(a: &dyn SymmetricOperator, max_dim: usize) -> Result<Vec<f64>, Error> {
    let formed = Dense::of(a, max_dim)?;
    let matrix = DMatrix::from_row_slice(a.dim(), a.dim(), formed.entries());
    let mut values = SymmetricEigen::new(matrix).eigenvalues.as_slice().to_vec();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagonal, Scaled};

    #[test]
    fn ascending_and_all_there() {
        let a = Diagonal::new([3.0, -1.0, 2.0, -1.0]);
        assert_eq!(eigenvalues(&Scaled::new(2.0, &a), 4).unwrap(), [-2.0, -2.0, 4.0, 6.0]);
        assert!(matches!(eigenvalues(&a, 3), Err(Error::TooLarge { dim: 4, limit: 3 })));
        assert!(matches!(eigenvalues(&Diagonal::new([f64::NAN]), 3), Err(Error::NotFinite { .. })));
    }
}
