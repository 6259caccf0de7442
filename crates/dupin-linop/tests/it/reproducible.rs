//! Same operator and seed, same bits; another seed, another estimate.

use dupin_linop::{
    Distribution, LanczosParams, Rng, StoppingRule, hutchinson, hutchinson_diagonal, hutchpp, lanczos, lanczos_quadrature, xtrace,
};

use crate::random_indefinite;

#[test]
fn a_seed_decides_every_bit() {
    let a = random_indefinite(20, 1);
    let rule = StoppingRule::products(12);
    let all = |seed| {
        let rng = &mut Rng::new(seed);
        (
            hutchinson(&a, Distribution::Rademacher, &rule, rng).unwrap(),
            hutchpp(&a, 3, Distribution::Gaussian, &rule, rng).unwrap(),
            xtrace(&a, &rule, rng).unwrap(),
            hutchinson_diagonal(&a, 3, rng).unwrap(),
            lanczos_quadrature(&a, 2, 5, rng).unwrap(),
            lanczos(&a, &LanczosParams { steps: 9, seed, ..LanczosParams::default() }).unwrap(),
        )
    };
    let (one, again, other) = (all(1), all(1), all(2));
    assert!(one == again);
    assert!(one.0 != other.0 && one.1 != other.1 && one.2 != other.2);
    assert!(one.3 != other.3 && one.4 != other.4 && one.5 != other.5);
}

/// The bits of a few draws, so that a change of generator is a decision and not an accident.
#[test]
fn the_generator_keeps_its_meaning() {
    let mut rng = Rng::new(42);
    assert_eq!(rng.next_u64(), 15021278609987233951);
    let draws = (rng.uniform(), rng.sign(), rng.normal());
    assert_eq!(draws, (0.3188210400616611, -1.0, 0.6594419179480208));
}
