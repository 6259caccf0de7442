//! An orthonormal basis that grows: what Lanczos, Hutch++, XTrace and projections share.

use crate::Rng;
use crate::vector::{axpy, dot, norm, scale};

/// Entries of every vector that are worked on at once: 100 vectors of a tile are 0.8 MB, which a second-level cache holds.
const TILE: usize = 1024;

/// Orthonormal vectors of one dimension, laid end to end.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    dim: usize,
    entries: Vec<f64>,
}

impl Basis {
    pub(crate) fn new(dim: usize) -> Self {
        Self { dim, entries: Vec::new() }
    }

    /// Takes the vectors as they are; the caller answers for their orthonormality.
    pub(crate) fn from_entries(dim: usize, entries: Vec<f64>) -> Self {
        Self { dim, entries }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() / self.dim
    }

    pub(crate) fn entries(&self) -> &[f64] {
        &self.entries
    }

    pub(crate) fn vectors(&self) -> std::slice::Chunks<'_, f64> {
        self.entries.chunks(self.dim)
    }

    pub(crate) fn vector(&self, i: usize) -> &[f64] {
        &self.entries[i * self.dim..(i + 1) * self.dim]
    }

    pub(crate) fn push(&mut self, unit: &[f64]) {
        self.entries.extend_from_slice(unit);
    }

    /// `Qᵀ w`.
    pub(crate) fn coefficients(&self, w: &[f64]) -> Vec<f64> {
        self.vectors().map(|q| dot(q, w)).collect()
    }

    /// `Q c`.
    pub(crate) fn combine(&self, c: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut w = vec![0.0; self.dim];
        for (q, c) in self.vectors().zip(c) {
            axpy(c, q, &mut w);
        }
        w
    }

    /// `w ← (I − Q Qᵀ) w`; returns `Qᵀ w`.
    ///
    /// Two passes of classical Gram-Schmidt: the first leaves rounding of size `ε‖w‖` along `Q`, which is large relative to
    /// a small remainder, and the second takes that away ("twice is enough", Giraud et al. 2005). The basis is read three times and
    /// not four: tile by tile, what the first pass left is multiplied for the second while the tile is in cache.
    pub(crate) fn remove_from(&self, w: &mut [f64]) -> Vec<f64> {
        let mut first = self.coefficients(w);
        let mut second = vec![0.0; self.len()];
        for (start, w) in (0..self.dim).step_by(TILE).zip(w.chunks_mut(TILE)) {
            let tile = start..start + w.len();
            self.vectors().zip(&first).for_each(|(q, c)| axpy(-c, &q[tile.clone()], w));
            self.vectors().zip(&mut second).for_each(|(q, c)| *c += dot(&q[tile.clone()], w));
        }
        for (start, w) in (0..self.dim).step_by(TILE).zip(w.chunks_mut(TILE)) {
            self.vectors().zip(&second).for_each(|(q, c)| axpy(-c, &q[start..start + w.len()], w));
        }
        first.iter_mut().zip(second).for_each(|(c, more)| *c += more);
        first
    }

    /// `Q ← Q C` for the given columns of `C`, at most as many as there are vectors: orthonormal if `C` is.
    ///
    /// # Panics
    /// If there are more columns than vectors.
    pub(crate) fn rotate(&mut self, columns: &[Vec<f64>]) {
        let (n, k) = (self.dim, self.len());
        assert!(columns.len() <= k, "a rotation has no more columns than there are vectors");
        let mut old = vec![0.0; k * TILE];
        for start in (0..n).step_by(TILE) {
            let width = TILE.min(n - start);
            for (old, q) in old.chunks_mut(TILE).zip(self.entries.chunks(n)) {
                old[..width].copy_from_slice(&q[start..start + width]);
            }
            for (column, q) in columns.iter().zip(self.entries.chunks_mut(n)) {
                let q = &mut q[start..start + width];
                q.fill(0.0);
                column.iter().zip(old.chunks(TILE)).for_each(|(&c, old)| axpy(c, &old[..width], q));
            }
        }
        self.entries.truncate(columns.len() * n);
    }

    /// Length of a remainder that is nothing but rounding, for vectors of length `magnitude`: each of two passes rounds an
    /// entry once for every vector.
    pub(crate) fn negligible(&self, magnitude: f64) -> f64 {
        4.0 * (self.len() + 4) as f64 * f64::EPSILON * magnitude
    }

    /// Appends the direction of `w` that is new, unless none is above rounding. `magnitude` is the scale that `w` came
    /// from, at least `‖w‖`. Returns `Qᵀ w`, whose last entry is the length of the new direction if there is one.
    pub(crate) fn extend(&mut self, w: &mut [f64], magnitude: f64) -> Vec<f64> {
        let mut coefficients = self.remove_from(w);
        let length = norm(w);
        if length > self.negligible(magnitude) && self.len() < self.dim {
            scale(1.0 / length, w);
            self.push(w);
            coefficients.push(length);
        }
        coefficients
    }

    /// A random unit vector orthogonal to the basis; `None` if the basis spans everything.
    pub(crate) fn random_complement(&self, rng: &mut Rng) -> Option<Vec<f64>> {
        let mut w = vec![0.0; self.dim];
        // A normal vector of squared length about `dim` keeps about `dim - len ≥ 1` of it: a negligible remainder is
        // an accident of probability near ε, so a second draw is a formality.
        while self.len() < self.dim {
            rng.fill_normal(&mut w);
            let before = norm(&w);
            self.remove_from(&mut w);
            let length = norm(&w);
            if length > self.negligible(before) {
                scale(1.0 / length, &mut w);
                return Some(w);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orthonormality_error(basis: &Basis) -> f64 {
        let mut worst = 0.0_f64;
        for (i, x) in basis.vectors().enumerate() {
            for (j, y) in basis.vectors().enumerate() {
                worst = worst.max((dot(x, y) - f64::from(i == j)).abs());
            }
        }
        worst
    }

    /// Vectors that agree to ten digits: one pass would leave inner products near `ε·10¹⁰`.
    #[test]
    fn stays_orthonormal_for_nearly_parallel_vectors() {
        let (n, mut rng) = (50, Rng::new(1));
        let mut basis = Basis::new(n);
        let (mut common, mut noise) = (vec![0.0; n], vec![0.0; n]);
        rng.fill_normal(&mut common);
        for _ in 0..10 {
            rng.fill_normal(&mut noise);
            let mut w = common.clone();
            axpy(1e-10, &noise, &mut w);
            let magnitude = norm(&w);
            basis.extend(&mut w, magnitude);
        }
        assert_eq!(basis.len(), 10);
        assert!(orthonormality_error(&basis) < basis.negligible(1.0));
    }

    #[test]
    fn a_dependent_vector_adds_nothing_and_its_coefficients_rebuild_it() {
        let (n, mut rng) = (20, Rng::new(2));
        let mut basis = Basis::new(n);
        let mut w = vec![0.0; n];
        for _ in 0..5 {
            rng.fill_normal(&mut w);
            basis.extend(&mut w, 10.0);
        }
        let mut inside = basis.combine([1.0, -2.0, 3.0, 0.5, 1e-3]);
        let c = basis.extend(&mut inside, 4.0);
        assert_eq!((basis.len(), c.len()), (5, 5));
        assert!((c[2] - 3.0).abs() < basis.negligible(4.0));
    }

    #[test]
    fn a_rotation_is_the_product_with_its_columns() {
        let (n, mut rng) = (2 * TILE + 77, Rng::new(4));
        let mut basis = Basis::new(n);
        let mut w = vec![0.0; n];
        for _ in 0..3 {
            rng.fill_normal(&mut w);
            basis.extend(&mut w, 100.0);
        }
        let columns = [vec![0.6, 0.0, -0.8], vec![0.0, 1.0, 0.0]];
        let expected: Vec<f64> = columns.iter().flat_map(|c| basis.combine(c.iter().copied())).collect();
        basis.rotate(&columns);
        assert_eq!(basis.entries(), expected);
        assert!(orthonormality_error(&basis) < basis.negligible(1.0));
    }

    #[test]
    fn the_complement_is_orthogonal_until_there_is_none() {
        let (n, mut rng) = (6, Rng::new(3));
        let mut basis = Basis::new(n);
        for _ in 0..n {
            let w = basis.random_complement(&mut rng).expect("the basis does not span everything");
            basis.push(&w);
        }
        assert!(orthonormality_error(&basis) < basis.negligible(1.0));
        assert!(basis.random_complement(&mut rng).is_none());
    }
}
