//! How much vectors and subspaces point the same way.

use nalgebra::DMatrix;

use crate::error::{Error, check_len};
use crate::vector::{dot, norm};

/// `xᵀy / ‖x‖‖y‖`, in `[−1, 1]`; 0 if either vector is zero.
///
/// # Panics
/// If the lengths differ.
///
/// # Examples
/// ```
/// assert!((dupin_linop::cosine(&[3.0, 4.0], &[4.0, 3.0]) - 0.96).abs() < 1e-15);
/// ```
pub fn cosine(x: &[f64], y: &[f64]) -> f64 {
    let lengths = norm(x) * norm(y);
    if lengths > 0.0 { (dot(x, y) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}

/// The share of `‖x‖²` that lies in each of some orthonormal directions, `(uᵢᵀx)²/‖x‖²`: `[k]`, with a sum of at most 1.
///
/// A random direction of `n` has `1/n` of it on average. All 0 if `x` is zero.
///
/// # Panics
/// If a vector has not the length of `x`.
///
/// # Examples
/// ```
/// let shares = dupin_linop::alignment(&[vec![1.0, 0.0], vec![0.0, 1.0]], &[0.6, -0.8]);
/// assert!((shares[0] - 0.36).abs() < 1e-15 && (shares[1] - 0.64).abs() < 1e-15);
/// ```
pub fn alignment(directions: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    directions.iter().map(|u| cosine(u, x).powi(2)).collect()
}

/// What two subspaces have in common.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SubspaceOverlap {
    /// Cosines of the principal angles, descending: `[min(k, l)]`.
    pub cosines: Vec<f64>,
    /// `‖UᵀV‖²_F / min(k, l)`, the mean of their squares: 1 if one subspace holds the other, about `max(k, l)/n` for random ones of `Rⁿ`.
    pub overlap: f64,
}

/// Compares the spans of `k` and of `l` orthonormal vectors, as top eigenvectors of two operators are.
///
/// # Errors
/// [`Error::Dimension`] for vectors of different lengths, [`Error::Parameter`] if either list is empty.
///
/// # Source
/// Björck & Golub (1973) for the angles; Gur-Ari, Roberts & Dyer (2018), "Gradient descent happens in a tiny subspace", for the overlap.
///
/// # Examples
/// ```
/// let (u, v) = ([vec![1.0, 0.0, 0.0]], [vec![0.6, 0.8, 0.0], vec![0.0, 0.0, 1.0]]);
/// assert!((dupin_linop::subspace_overlap(&u, &v)?.overlap - 0.36).abs() < 1e-15);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn subspace_overlap(u: &[Vec<f64>], v: &[Vec<f64>]) -> Result<SubspaceOverlap, Error> {
    let (Some(first), false) = (u.first(), v.is_empty()) else {
        return Err(Error::parameter("a subspace", "spanned by at least one vector", "empty"));
    };
    for x in u.iter().chain(v) {
        check_len("a vector of a subspace", first.len(), x.len())?;
    }
    let products = DMatrix::from_fn(u.len(), v.len(), |i, j| dot(&u[i], &v[j]));
    let mut cosines: Vec<f64> = products.singular_values().iter().map(|c| c.clamp(0.0, 1.0)).collect();
    cosines.sort_by(|x, y| y.total_cmp(x));
    let overlap = cosines.iter().map(|c| c * c).sum::<f64>() / cosines.len() as f64;
    Ok(SubspaceOverlap { cosines, overlap })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_against_itself_turned_by_an_angle() {
        let (c, s) = (0.3_f64.cos(), 0.3_f64.sin());
        let u = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]];
        let v = [vec![0.0, c, s], vec![1.0, 0.0, 0.0]]; // turned about the first axis, and told in another order
        let o = subspace_overlap(&u, &v).unwrap();
        assert!((o.cosines[0] - 1.0).abs() < 1e-15 && (o.cosines[1] - c).abs() < 1e-15);
        assert!((o.overlap - f64::midpoint(1.0, c * c)).abs() < 1e-15);
        let other = [vec![0.0, 0.0, 1.0]];
        assert_eq!(subspace_overlap(&u, &other).unwrap().overlap, 0.0);
    }

    #[test]
    fn nothing_and_misfits_are_named() {
        assert!(matches!(subspace_overlap(&[], &[vec![1.0]]), Err(Error::Parameter { .. })));
        assert!(matches!(subspace_overlap(&[vec![1.0]], &[vec![1.0, 0.0]]), Err(Error::Dimension { .. })));
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
        assert_eq!(alignment(&[vec![1.0, 0.0]], &[0.0, 0.0]), [0.0]);
    }
}
