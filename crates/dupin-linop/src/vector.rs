//! Inner products and updates of long vectors.
//!
//! A network's parameter vector has millions of entries, and summing `n` terms in order costs up to `n·ε` of relative
//! accuracy: 10⁻⁹ at `n = 10⁷`, which would spoil orthogonality in Lanczos. Here blocks of 256 terms are summed in eight
//! lanes and the blocks pairwise, so that no term passes through more than `32 + 3 + log₂(n/256)` additions: the error is
//! at most `(36 + log₂(n/256))·ε·Σ|xᵢyᵢ|`, about `10⁻¹⁴` for any `n` that fits in memory. The order of additions depends
//! on the length alone, so equal inputs give equal bits. The lanes also let the compiler use vector instructions.

const BLOCK: usize = 256;
const LANES: usize = 8;

/// `xᵀ y`.
///
/// # Panics
/// If the lengths differ.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "dot needs vectors of one length");
    if x.len() <= BLOCK {
        return block_dot(x, y);
    }
    let half = (x.len() / 2).next_multiple_of(BLOCK);
    dot(&x[..half], &y[..half]) + dot(&x[half..], &y[half..])
}

fn block_dot(x: &[f64], y: &[f64]) -> f64 {
    let ((x, x_tail), (y, y_tail)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (x, y) in x.iter().zip(y) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    for ((lane, x), y) in lanes.iter_mut().zip(x_tail).zip(y_tail) {
        *lane += x * y;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// `‖x‖₂`.
pub fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// `y ← y + c x`.
///
/// # Panics
/// If the lengths differ.
pub fn axpy(c: f64, x: &[f64], y: &mut [f64]) {
    assert_eq!(x.len(), y.len(), "axpy needs vectors of one length");
    for (y, x) in y.iter_mut().zip(x) {
        *y += c * x;
    }
}

/// `x ← c x`.
pub fn scale(c: f64, x: &mut [f64]) {
    for x in x {
        *x *= c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn dot_is_exact_on_integers_of_every_length_around_the_block() {
        for n in (0..70).chain([255, 256, 257, 511, 512, 513, 1000, 4099]) {
            let x: Vec<f64> = (0..n).map(|i| (i % 17) as f64 - 8.0).collect();
            let y: Vec<f64> = (0..n).map(|i| (i % 5) as f64).collect();
            let exact: i64 = (0..n).map(|i| ((i % 17) - 8) * (i % 5)).sum();
            assert_eq!(dot(&x, &y), exact as f64, "length {n}");
        }
    }

    /// `n` copies of 0.1 summed in order drift; the stated bound is met against the exact product.
    #[test]
    fn dot_meets_its_error_bound() {
        let n = 1 << 20;
        let x = vec![0.1; n];
        let exact = n as f64 * (0.1 * 0.1); // the multiplication by a power of two is exact
        let bound = (36.0 + 12.0) * f64::EPSILON * exact;
        assert!((dot(&x, &vec![0.1; n]) - exact).abs() <= bound);
        let in_order: f64 = x.iter().map(|x| x * x).sum();
        assert!((in_order - exact).abs() > bound, "the bound would not tell the two apart");
    }

    #[test]
    fn norm_and_updates() {
        let mut y = vec![3.0, 4.0];
        assert_eq!(norm(&y), 5.0);
        axpy(2.0, &[1.0, -1.0], &mut y);
        assert_eq!(y, [5.0, 2.0]);
        scale(-0.5, &mut y);
        assert_eq!(y, [-2.5, -1.0]);
    }

    #[test]
    fn equal_inputs_give_equal_bits() {
        let mut x = vec![0.0; 5000];
        Rng::new(1).fill_normal(&mut x);
        assert_eq!(dot(&x, &x).to_bits(), dot(&x.clone(), &x).to_bits());
    }
}
