//! Whether two passes over a data set see the same loss.

use dupin_linop::Rng;
use dupin_linop::vector::norm;

use crate::error::Error;
use crate::split::Split;

/// Relative differences of what two passes over a data set give: `|a - b| / max(|a|, |b|)`, of vectors in the Euclidean norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Of the loss.
    pub loss: f64,
    /// Of its gradient.
    pub gradient: f64,
    /// Of `G v` for a random `v`.
    pub gauss_newton: f64,
    /// Of `N v` for the same `v`.
    pub nme: f64,
    /// What rounding may make of them: the root of the machine epsilon of the parameters' type. Sums in another order differ by a few
    /// epsilons times the root of their length; what is wrong (another batch's statistics, other examples, dropout) by far more.
    pub tolerance: f64,
}

/// Checks that two passes over the same data give the same loss, gradient, `G v` and `N v`, to rounding.
///
/// Every estimate adds products over many passes, so a loss that differs between passes has no curvature to speak of. Let `again` be made
/// from the data a second time, in another order and cut into other batches: that shows random augmentation, dropout, examples that are
/// dropped with a ragged batch, and normalisation with the statistics of a batch, whose loss depends on who is in which.
///
/// # Cost
/// 11F per batch of each.
///
/// # Errors
/// [`Error::Disagree`] names the first quantity that differs by more than rounding; [`Error::NotFinite`] for a NaN;
/// [`Error::Count`] if the two have other parameters; errors of the executor.
pub fn check_agreement(first: &Split, again: &Split, seed: u64) -> Result<Agreement, Error> {
    if first.layout() != again.layout() {
        return Err(Error::Count { what: "parameters in both passes", expected: first.dim(), found: again.dim() });
    }
    let mut v = vec![0.0; first.dim()];
    Rng::new(seed).fill_signs(&mut v);
    let ((loss, gradient), (other_loss, other_gradient)) = (first.gradient()?, again.gradient()?);
    let (p, q) = (first.products(&v)?, again.products(&v)?);
    let differ = |a: &[f64], b: &[f64]| {
        let scale = norm(a).max(norm(b));
        let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        if scale > 0.0 { norm(&difference) / scale } else { 0.0 }
    };
    let epsilon = first.layout().types().first().map_or(f64::EPSILON, |ty| ty.dtype.epsilon());
    // N may vanish where G does not (a linear model): what is compared with it is the larger of the two.
    let scale = norm(&p.gauss_newton).max(norm(&p.nme));
    let against = |share: f64, of: &[f64]| if scale > 0.0 { share * norm(of) / scale } else { 0.0 };
    let found = Agreement {
        loss: differ(&[loss], &[other_loss]),
        gradient: differ(&gradient, &other_gradient),
        gauss_newton: against(differ(&p.gauss_newton, &q.gauss_newton), &p.gauss_newton),
        nme: against(differ(&p.nme, &q.nme), &p.nme),
        tolerance: epsilon.sqrt(),
    };
    let named = [("loss", found.loss), ("gradient", found.gradient), ("G v", found.gauss_newton), ("N v", found.nme)];
    match named.into_iter().find(|(_, d)| d.is_nan() || *d > found.tolerance) {
        Some((what, difference)) => Err(Error::Disagree { what, difference, tolerance: found.tolerance }),
        None => Ok(found),
    }
}
