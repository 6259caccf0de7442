//! Eigenvalues of a symmetric tridiagonal matrix, with as many rows of its eigenvectors as are wanted.
//!
//! Lanczos needs the last row (residuals), Gauss quadrature the first (weights), Ritz vectors all. The implicit QL
//! iteration (EISPACK `tql2`; Golub & Van Loan, section 8.3) rotates whatever rows it is given: `k` rows cost `O(k n²)`.

/// Eigenvalues in ascending order; `rows[r][i]` is the entry of eigenvector `i` in row `r`, as chosen by the caller.
pub(crate) struct Eigen {
    pub(crate) values: Vec<f64>,
    pub(crate) rows: Vec<Vec<f64>>,
}

/// Decomposes the matrix with this `diagonal` and `off_diagonal` (one shorter), keeping these rows of the eigenvectors.
///
/// # Panics
/// If the lengths do not fit, or an entry is not finite.
pub(crate) fn eigen(diagonal: &[f64], off_diagonal: &[f64], rows: impl IntoIterator<Item = usize>) -> Eigen {
    let n = diagonal.len();
    assert_eq!(off_diagonal.len() + 1, n, "a tridiagonal matrix has one off-diagonal entry less");
    assert!(diagonal.iter().chain(off_diagonal).all(|x| x.is_finite()), "a tridiagonal matrix must be finite");
    let mut d = diagonal.to_vec();
    let mut e = off_diagonal.to_vec();
    e.push(0.0);
    let mut rows: Vec<Vec<f64>> = rows.into_iter().map(|r| (0..n).map(|i| f64::from(u8::from(i == r))).collect()).collect();
    let magnitude = d.iter().chain(&e).fold(0.0, |m: f64, x| m.max(x.abs()));
    for l in 0..n {
        for sweep in 0.. {
            // Convergence is cubic: two or three sweeps, rarely ten. Beyond that, entries that are rounding of the
            // largest one are dropped, which is still backward stable.
            let floor = if sweep < 30 { f64::MIN_POSITIVE } else { f64::EPSILON * magnitude };
            let small = |m: usize| e[m].abs() <= (f64::EPSILON * (d[m].abs() + d[m + 1].abs())).max(floor);
            let m = (l..n - 1).find(|&m| small(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            assert!(sweep < 300, "the QL iteration converges for every finite matrix");
            sweep_ql(&mut d, &mut e, l, m, &mut rows);
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| d[i].total_cmp(&d[j]));
    let pick = |v: &[f64]| order.iter().map(|&i| v[i]).collect();
    Eigen { values: pick(&d), rows: rows.iter().map(|r| pick(r)).collect() }
}

/// One implicit QL sweep over the unreduced block `l..=m`, shifted by the eigenvalue of its leading 2×2 block that is nearer.
fn sweep_ql(d: &mut [f64], e: &mut [f64], l: usize, m: usize, rows: &mut [Vec<f64>]) {
    let half_gap = (d[l + 1] - d[l]) / (2.0 * e[l]);
    let mut g = d[m] - d[l] + e[l] / (half_gap + half_gap.hypot(1.0).copysign(half_gap));
    let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (s * e[i], c * e[i]);
        let r = f.hypot(g);
        e[i + 1] = r;
        if r == 0.0 {
            // The bulge vanished by underflow: the block splits here, the next sweep goes on.
            d[i + 1] -= p;
            e[m] = 0.0;
            return;
        }
        (s, c) = (f / r, g / r);
        g = d[i + 1] - p;
        let t = (d[i] - g) * s + 2.0 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        for row in rows.iter_mut() {
            let (x, y) = (row[i], row[i + 1]);
            row[i + 1] = s * x + c * y;
            row[i] = c * x - s * y;
        }
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use nalgebra::{DMatrix, SymmetricEigen};

    fn check(d: &[f64], e: &[f64]) {
        let n = d.len();
        let got = eigen(d, e, 0..n);
        let dense = DMatrix::from_fn(n, n, |i, j| match i.abs_diff(j) {
            0 => d[i],
            1 => e[i.min(j)],
            _ => 0.0,
        });
        let mut expected = SymmetricEigen::new(dense.clone()).eigenvalues.as_slice().to_vec();
        expected.sort_by(f64::total_cmp);
        // Both are backward stable: each eigenvalue is off by a small multiple of n·ε·‖T‖,
        // and ‖T‖ is at most three times the largest entry.
        let tolerance = 8.0 * n as f64 * f64::EPSILON * 3.0 * dense.amax();
        for i in 0..n {
            assert!((got.values[i] - expected[i]).abs() <= tolerance, "{} against {}", got.values[i], expected[i]);
        }
        let v = DMatrix::from_fn(n, n, |i, j| got.rows[i][j]);
        let values = DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(&got.values));
        assert!((&dense * &v - &v * values).norm() <= tolerance * (n as f64).sqrt());
        assert!((v.transpose() * &v - DMatrix::identity(n, n)).norm() <= 8.0 * (n * n) as f64 * f64::EPSILON);
    }

    #[test]
    fn agrees_with_a_dense_solver_on_random_matrices() {
        let mut rng = Rng::new(4);
        for n in 1..40 {
            let mut draw = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<_>>();
            check(&draw(n), &draw(n - 1));
        }
    }

    #[test]
    fn awkward_matrices() {
        check(&[0.0; 6], &[0.0; 5]); // zero
        check(&[0.0; 7], &[1.0; 6]); // zero diagonal
        check(&[1.0; 5], &[0.0, 1.0, 0.0, 1.0]); // split into blocks, repeated eigenvalues
        check(&[1e16, 1.0, 1e-16, 0.0], &[1e8, 1e-8, 1e-30]); // graded
        check(&[1e-290; 4], &[1e-290; 3]); // tiny, squares underflow
        let wilkinson: Vec<f64> = (0..21).map(|i| f64::from((i - 10_i32).abs())).collect();
        check(&wilkinson, &[1.0; 20]); // pairs that agree to 14 digits
    }

    /// The second-difference matrix has eigenvalues `2 − 2 cos(πk/(n+1))`.
    #[test]
    fn the_laplacian_has_its_closed_form() {
        let n = 200;
        let got = eigen(&vec![2.0; n], &vec![-1.0; n - 1], []);
        for (k, value) in got.values.iter().enumerate() {
            let exact = 2.0 - 2.0 * (std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64).cos();
            assert!((value - exact).abs() < 8.0 * n as f64 * f64::EPSILON * 4.0);
        }
    }
}
