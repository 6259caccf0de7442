//! Operators made of operators: `A + B`, `cA`, `A + σI`, `PAP`. They borrow and form nothing.

use crate::basis::Basis;
use crate::error::{Error, check_len};
use crate::vector::{axpy, dot, scale};
use crate::{Dense, SymmetricOperator};

/// `A + B`. A product costs one with each.
///
/// # Examples
/// ```
/// use dupin_linop::{Diagonal, Scaled, Sum, SymmetricOperator};
/// // The Nonlinear Modeling Error as what the Gauss-Newton part leaves of the Hessian: N = H − G.
/// let (hessian, gauss_newton) = (Diagonal::new([3.0, -1.0]), Diagonal::new([2.0, 0.0]));
/// let minus_g = Scaled::new(-1.0, &gauss_newton);
/// let nme = Sum::new(&hessian, &minus_g)?;
/// let mut y = [0.0; 2];
/// nme.apply(&[1.0, 1.0], &mut y)?;
/// assert_eq!(y, [1.0, -1.0]);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub struct Sum<'a> {
    a: &'a dyn SymmetricOperator,
    b: &'a dyn SymmetricOperator,
}

impl<'a> Sum<'a> {
    /// `A + B`.
    ///
    /// # Errors
    /// [`Error::Dimension`] if they act on spaces of different dimension.
    pub fn new(a: &'a dyn SymmetricOperator, b: &'a dyn SymmetricOperator) -> Result<Self, Error> {
        check_len("a vector of the second operator of a sum", a.dim(), b.dim())?;
        Ok(Self { a, b })
    }
}

impl SymmetricOperator for Sum<'_> {
    fn dim(&self) -> usize {
        self.a.dim()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        self.apply_many(x, y)
    }

    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        let mut of_b = vec![0.0; y.len()];
        self.a.apply_many(x, y)?;
        self.b.apply_many(x, &mut of_b)?;
        axpy(1.0, &of_b, y);
        Ok(())
    }

    fn block(&self) -> usize {
        self.a.block().max(self.b.block())
    }

    fn is_psd(&self) -> bool {
        self.a.is_psd() && self.b.is_psd()
    }
}

/// `c A`.
pub struct Scaled<'a> {
    factor: f64,
    a: &'a dyn SymmetricOperator,
}

impl<'a> Scaled<'a> {
    /// `factor · A`.
    pub fn new(factor: f64, a: &'a dyn SymmetricOperator) -> Self {
        Self { factor, a }
    }
}

impl SymmetricOperator for Scaled<'_> {
    fn dim(&self) -> usize {
        self.a.dim()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        self.apply_many(x, y)
    }

    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        self.a.apply_many(x, y)?;
        scale(self.factor, y);
        Ok(())
    }

    fn block(&self) -> usize {
        self.a.block()
    }

    fn is_psd(&self) -> bool {
        self.factor >= 0.0 && self.a.is_psd()
    }
}

/// `A + σ I`: damping, or a move of the spectrum.
pub struct Shifted<'a> {
    shift: f64,
    a: &'a dyn SymmetricOperator,
}

impl<'a> Shifted<'a> {
    /// `A + shift · I`.
    pub fn new(a: &'a dyn SymmetricOperator, shift: f64) -> Self {
        Self { shift, a }
    }
}

impl SymmetricOperator for Shifted<'_> {
    fn dim(&self) -> usize {
        self.a.dim()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        self.apply_many(x, y)
    }

    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        self.a.apply_many(x, y)?;
        axpy(self.shift, x, y);
        Ok(())
    }

    fn block(&self) -> usize {
        self.a.block()
    }

    fn is_psd(&self) -> bool {
        self.shift >= 0.0 && self.a.is_psd()
    }
}

/// `P A P`, where `P` projects off given orthonormal vectors: deflation of known eigenvectors, or of a symmetry's directions.
///
/// The vectors become eigenvectors of eigenvalue 0. A product costs one with `A` and `8 n k` additions and multiplications.
pub struct Projected<'a> {
    a: &'a dyn SymmetricOperator,
    off: Basis,
}

impl<'a> Projected<'a> {
    /// Projects `a` off `vectors`, which are copied.
    ///
    /// They must be orthonormal to `√ε ≈ 1.5e-8`: each projection is done twice, and twice `√ε` is `ε`.
    ///
    /// # Errors
    /// [`Error::Dimension`] for a vector of another length, [`Error::NotOrthonormal`].
    pub fn new(a: &'a dyn SymmetricOperator, vectors: &[Vec<f64>]) -> Result<Self, Error> {
        for (second, y) in vectors.iter().enumerate() {
            check_len("a vector to project off", a.dim(), y.len())?;
            for (first, x) in vectors[..=second].iter().enumerate() {
                let product = dot(x, y);
                let deviation = (product - f64::from(u8::from(first == second))).abs();
                if deviation.is_nan() || deviation > f64::EPSILON.sqrt() {
                    return Err(Error::NotOrthonormal { first, second, product });
                }
            }
        }
        Ok(Self { a, off: Basis::from_entries(a.dim(), vectors.concat()) })
    }
}

impl SymmetricOperator for Projected<'_> {
    fn dim(&self) -> usize {
        self.a.dim()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        self.apply_many(x, y)
    }

    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        let n = self.dim().max(1);
        let mut x = x.to_vec();
        x.chunks_mut(n).for_each(|x| drop(self.off.remove_from(x)));
        self.a.apply_many(&x, y)?;
        y.chunks_mut(n).for_each(|y| drop(self.off.remove_from(y)));
        Ok(())
    }

    fn block(&self) -> usize {
        self.a.block()
    }

    fn is_psd(&self) -> bool {
        self.a.is_psd()
    }
}

impl Dense {
    /// Forms the matrix of an operator by `dim` products with unit vectors, and averages it with its transpose.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the dimension is above `max_dim`, before any product. [`Error::NotFinite`], and what the
    /// operator reports.
    pub fn of(a: &dyn SymmetricOperator, max_dim: usize) -> Result<Self, Error> {
        let n = a.dim();
        if n > max_dim {
            return Err(Error::TooLarge { dim: n, limit: max_dim });
        }
        let mut products = crate::Products::new("dense", a)?;
        let (mut columns, block) = (vec![0.0; n * n], products.block());
        for (k, y) in columns.chunks_mut(block * n).enumerate() {
            let mut x = vec![0.0; y.len()];
            for (i, x) in x.chunks_mut(n).enumerate() {
                x[k * block + i] = 1.0;
            }
            products.apply(&x, y)?;
        }
        Self::symmetrized(n, columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Diagonal;

    fn matrix(a: &dyn SymmetricOperator) -> Vec<f64> {
        Dense::of(a, 8).unwrap().entries().to_vec()
    }

    fn swap() -> Dense {
        Dense::new(2, vec![0.0, 1.0, 1.0, 0.0]).unwrap()
    }

    #[test]
    fn each_is_the_matrix_it_says() {
        let (a, b) = (swap(), Diagonal::new([1.0, 2.0]));
        assert_eq!(matrix(&Sum::new(&a, &b).unwrap()), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!(matrix(&Scaled::new(-3.0, &a)), [0.0, -3.0, -3.0, 0.0]);
        assert_eq!(matrix(&Shifted::new(&b, 0.5)), [1.5, 0.0, 0.0, 2.5]);
        assert_eq!(matrix(&Projected::new(&b, &[vec![1.0, 0.0]]).unwrap()), [0.0, 0.0, 0.0, 2.0]);
        assert_eq!(matrix(&Projected::new(&a, &[]).unwrap()), [0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn several_vectors_at_once_are_the_same_products() {
        let (a, b) = (swap(), Diagonal::new([1.0, 2.0]));
        let u = [0.6, 0.8];
        let sum = Sum::new(&a, &b).unwrap();
        let projected = Projected::new(&b, &[u.to_vec()]).unwrap();
        let operators: [&dyn SymmetricOperator; 4] = [&sum, &Scaled::new(2.0, &b), &Shifted::new(&a, 1.0), &projected];
        for a in operators {
            let (mut one, mut many) = ([0.0; 4], [0.0; 4]);
            a.apply(&[1.0, 2.0], &mut one[..2]).unwrap();
            a.apply(&[3.0, -1.0], &mut one[2..]).unwrap();
            a.apply_many(&[1.0, 2.0, 3.0, -1.0], &mut many).unwrap();
            assert_eq!(one, many);
        }
    }

    #[test]
    fn positivity_is_claimed_only_where_it_follows() {
        let (psd, indefinite) = (Diagonal::new([1.0, 2.0]), Diagonal::new([1.0, -2.0]));
        assert!(Sum::new(&psd, &psd).unwrap().is_psd());
        assert!(!Sum::new(&psd, &indefinite).unwrap().is_psd());
        assert!(Scaled::new(2.0, &psd).is_psd() && !Scaled::new(-2.0, &psd).is_psd());
        assert!(Shifted::new(&psd, 0.1).is_psd() && !Shifted::new(&psd, -0.1).is_psd());
        assert!(Projected::new(&psd, &[]).unwrap().is_psd());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (two, three) = (Diagonal::new([1.0; 2]), Diagonal::new([1.0; 3]));
        assert!(matches!(Sum::new(&two, &three), Err(Error::Dimension { expected: 2, got: 3, .. })));
        assert!(matches!(Projected::new(&two, &[vec![1.0; 3]]), Err(Error::Dimension { .. })));
        assert!(matches!(Projected::new(&two, &[vec![2.0, 0.0]]), Err(Error::NotOrthonormal { product: 4.0, .. })));
        assert!(Projected::new(&two, &[vec![f64::NAN, 0.0]]).is_err());
        assert!(matches!(Dense::of(&three, 2), Err(Error::TooLarge { dim: 3, limit: 2 })));
    }
}
