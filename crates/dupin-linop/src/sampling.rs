//! The loop that Hutchinson, Hutch++ and the Frobenius norm share: probe, multiply, average, look, stop.

use crate::{Distribution, Ended, Error, Estimate, Products, Rng, RunningMean, StoppingRule};

/// Averages `form(v, Av)` over random probes `v`, each passed through `prepare`, until the rule says stop.
///
/// What was already spent on `products` counts towards the budget; at least one product must be left of it.
pub(crate) fn sample(
    products: &mut Products,
    distribution: Distribution,
    rule: &StoppingRule,
    rng: &mut Rng,
    prepare: impl Fn(&mut [f64]),
    form: impl Fn(&[f64], &[f64]) -> f64,
) -> Result<Estimate, Error> {
    let n = products.dim();
    let block = products.block().min(rule.max_products);
    let (mut v, mut av) = (vec![0.0; block * n], vec![0.0; block * n]);
    let mut samples = RunningMean::default();
    let mut look = rule.next_look(0);
    loop {
        // A block ends at the next look, so that the block size does not move the decision.
        let k = block.min(rule.max_products - products.count()).min(look - samples.count());
        let (v, av) = (&mut v[..k * n], &mut av[..k * n]);
        for v in v.chunks_mut(n) {
            distribution.fill(rng, v);
            prepare(v);
        }
        products.apply(v, av)?;
        samples.extend(v.chunks(n).zip(av.chunks(n)).map(|(v, av)| form(v, av)));
        let spent = products.count() >= rule.max_products;
        if spent || samples.count() == look {
            look = rule.next_look(samples.count());
            let estimate = rule.judge(samples.estimate(products.estimator(), products.count()));
            if spent || estimate.ended == Ended::Tolerance {
                return Ok(estimate);
            }
        }
    }
}
