//! Exact matrices of small nets.

use dupin_linop::Dense;

use crate::error::Error;
use crate::split::Split;

/// `H`, `G` and `N`, entry by entry.
#[derive(Clone, Debug)]
pub struct DenseSplit {
    /// `G + N`.
    pub hessian: Dense,
    /// `G`.
    pub gauss_newton: Dense,
    /// `N`.
    pub nme: Dense,
}

/// The matrices of a net with at most `max_params` parameters, symmetrized. Cost: 8F per parameter.
///
/// # Errors
/// [`Error::TooLarge`]; errors of the executor; a product that is not finite.
pub fn dense(split: &Split, max_params: usize) -> Result<DenseSplit, Error> {
    let n = split.dim();
    if n > max_params {
        return Err(Error::TooLarge { params: n, bytes: n * n * 8, limit: max_params });
    }
    let mut identity = vec![0.0; n * n];
    for i in 0..n {
        identity[i * n + i] = 1.0;
    }
    let p = split.products(&identity)?;
    Ok(DenseSplit {
        hessian: Dense::symmetrized(n, p.hessian)?,
        gauss_newton: Dense::symmetrized(n, p.gauss_newton)?,
        nme: Dense::symmetrized(n, p.nme)?,
    })
}
