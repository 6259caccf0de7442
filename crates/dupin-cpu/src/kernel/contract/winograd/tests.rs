//! Convolutions by patches against the definition in `f64`, on every instruction set, and which are computed so.

use super::super::plan::Method;
use super::super::tests::{Float, Rng, check_plan, depth, forward, input_gradient, reference, sets, weight_gradient};
use super::super::{Axis, Contraction, Isa, Plan, Workspace};
use super::geometry::Dim;
use super::square::Write;

/// How much larger the terms of a result can be than the data and windows, both at most 1: the rows of |Aᵀ| (|G| 1 ∘ |Bᵀ| 1) sum to at
/// most 27.4 and those of |Gᵀ| (|A| 1 ∘ |Bᵀ| 1) to 33, in each of two dimensions.
const AMPLIFICATION: f64 = 33.0 * 33.0;

/// Roundings of the transforms that a term passes: patch, window and result, four a dimension each at most.
const TRANSFORMS: f64 = 24.0;

fn check_type<T: Float>(c: &Contraction, isa: Isa, seed: u64) -> bool {
    let mut plan = Plan::<T>::with_method(c, isa, Method::Patches).unwrap();
    let Some(w) = &mut plan.winograd else { return false };
    if seed % 2 == 1 && w.write == Write::Set {
        // As large results are, at whatever address they begin.
        w.write = Write::Stream;
    }
    let terms = if w.gradient { w.tiles() } else { w.depth } as f64;
    // `check_plan` allows (depth + 2) roundings of what it is given, where the depth is at least 9 for these.
    check_plan(c, &plan, seed, Some((1.0 + TRANSFORMS / 9.0) * AMPLIFICATION * terms));
    true
}

/// Whether every instruction set computed it by patches.
fn check(c: &Contraction, seed: u64) -> bool {
    sets().map(|isa| check_type::<f32>(c, isa, seed) & check_type::<f64>(c, isa, seed)).fold(true, |x, y| x & y)
}

#[test]
fn convolutions_of_networks_and_their_gradients() {
    // Batch, size, channels, columns, window, stride.
    let shapes = [
        (2, 8, 16, 32, 3, 1),
        (3, 7, 16, 16, 3, 1),
        (9, 6, 16, 16, 3, 1),
        (1, 5, 32, 16, 3, 1),
        (3, 9, 32, 16, 3, 1),
        (2, 14, 16, 32, 5, 2),
        (1, 11, 16, 16, 4, 2),
        (2, 9, 16, 48, 3, 2),
        (2, 8, 16, 16, 5, 1),
        (1, 13, 32, 16, 7, 1),
        (1, 9, 16, 16, 1, 1),
        (2, 10, 16, 16, 2, 3),
    ];
    for (seed, (n, size, c, o, k, stride)) in shapes.into_iter().enumerate() {
        let f = forward(n, size, c, o, k, stride);
        for c in [input_gradient(&f), weight_gradient(&f), f] {
            assert!(check(&c, seed as u64), "{c:?}");
        }
    }
}

/// Convolutions with pads of any sign, reversed windows, groups or probes of either operand, added to a result or not.
#[test]
fn convolutions_of_random_form_and_their_gradients() {
    let mut rng = Rng(7);
    let mut by_patches = 0;
    for seed in 0..40 {
        let (n, size) = (rng.range(1, 4), rng.range(5, 13));
        let (c, o) = (16 * rng.range(1, 3), 16 * rng.range(1, 5));
        let (k, stride) = [(3, 1), (2, 1), (5, 2), (4, 2), (7, 3), (3, 2), (5, 1)][rng.below(7)];
        let mut f = forward(n, size, c, o, k, stride);
        for s in &mut f.spatial {
            s.pad_low = rng.range(0, 5) as isize - 2;
        }
        let kind = rng.below(3);
        let mut c = match kind {
            0 => f,
            1 => input_gradient(&f),
            _ => weight_gradient(&f),
        };
        if kind < 2 && rng.below(2) == 0 {
            c.spatial[rng.below(2)].reversed ^= true;
        }
        // A probe in front: of the windows or of the maps, as a column, or of everything, as a group.
        let [a, b, out] = Plan::<f32>::with_method(&c, Isa::Portable, Method::Direct).unwrap().lengths().map(|x| x as isize);
        match rng.below(4) {
            0 => c.columns.insert(0, Axis::column(2, b, out)),
            1 => c.rows.insert(0, Axis::row(2, a, out)),
            2 => c.groups.push(Axis::group(2, a, b, out)),
            _ => c.reduced.insert(0, Axis::reduced(2, a, b)),
        }
        c.base = [rng.below(3), rng.below(3), rng.below(3)];
        c.accumulate = rng.below(3) == 0;
        by_patches += usize::from(check(&c, seed));
    }
    // The rest are gradients whose pads put a fourth tap on a phase, or whose map is empty.
    assert!(by_patches >= 30, "{by_patches} of 40");
}

#[test]
fn long_sums_are_cut_and_blocks_end_anywhere() {
    for (n, size, c, o, k, stride) in [(40, 12, 32, 80, 3, 1), (33, 10, 48, 16, 3, 1), (21, 14, 32, 32, 5, 2)] {
        let w = weight_gradient(&forward(n, size, c, o, k, stride));
        let plan = Plan::<f32>::with_method(&w, Isa::detect(), Method::Patches).unwrap();
        assert!(plan.winograd.is_some_and(|w| w.splits > 1));
        assert!(check(&w, 4));
    }
}

#[test]
fn other_forms_are_left_to_the_direct_engine() {
    let none = |c: Contraction| Plan::<f32>::with_method(&c, Isa::Portable, Method::Patches).unwrap().winograd.is_none();
    assert!(none(forward(2, 8, 3, 16, 3, 1)), "channels that fill no vector");
    assert!(none(forward(2, 8, 16, 6, 3, 1)), "columns that fill no vector");
    assert!(none(forward(2, 30, 16, 16, 25, 1)), "more taps than eight phases hold");
    assert!(none(input_gradient(&forward(2, 8, 16, 16, 7, 2))), "a phase of four taps where phases share a patch");
    let mut dilated = forward(2, 8, 16, 16, 3, 1);
    dilated.spatial[0].rhs_dilation = 2;
    assert!(none(dilated), "a dilated window");
    for stride in [9, 1 << 28] {
        let f = forward(1, 8, 16, 16, 3, stride);
        assert!(none(input_gradient(&f)) && none(weight_gradient(&f)) && none(f), "more phases than taps");
    }
    assert!(none(forward(0, 8, 16, 16, 3, 1)), "no images");
    let single = |c: Contraction| Plan::<f32>::new(&c).unwrap().winograd.is_none();
    assert!(single(forward(1, 1, 64, 64, 3, 1)), "a map of one position would be mostly padding");
    assert!(single(forward(64, 16, 64, 64, 1, 1)), "windows of one tap");
}

/// Products of a tile's 16 results: 36 for windows of 3x3, and no more for what has fewer taps.
#[test]
fn missing_taps_take_no_products() {
    for (k, stride, points) in [(3, 1, 6), (2, 1, 5), (1, 1, 4), (5, 1, 11), (3, 2, 9), (4, 2, 10), (5, 2, 11)] {
        let f = forward(2, 24, 16, 16, k, stride);
        for c in [input_gradient(&f), weight_gradient(&f), f] {
            let w = Plan::<f32>::with_method(&c, Isa::Portable, Method::Patches).unwrap().winograd.unwrap();
            for dim in &w.space {
                assert_eq!(dim.points(), points * dim.tiles, "{k} {stride} {c:?}");
            }
        }
    }
}

/// A last tile of three results lacks the last, one of two or one lies in the middle and lacks both.
#[test]
fn short_tiles_take_fewer_products() {
    for (size, points) in [(16, 24), (15, 23), (14, 22), (13, 22), (7, 11), (3, 5), (2, 4)] {
        let f = forward(2, size, 16, 16, 3, 1);
        for c in [input_gradient(&f), weight_gradient(&f), f] {
            let w = Plan::<f32>::with_method(&c, Isa::Portable, Method::Patches).unwrap().winograd.unwrap();
            assert_eq!(w.space.each_ref().map(Dim::points), [points; 2], "{size} {c:?}");
        }
    }
}

/// As `W ẋ` and `Ẇ ẋ` of three probes: rows of one window, and groups with windows of their own.
fn beside_each_other<T: Float>(isa: Isa) {
    for (n, size, k, stride) in [(5, 8, 3, 1), (3, 14, 5, 2), (2, 7, 3, 1)] {
        let f = |o: usize| forward(n, size, 16, o, k, stride);
        let lengths = |c: &Contraction| Plan::<T>::with_method(c, isa, Method::Direct).unwrap().lengths().map(|x| x as isize);
        let (mut rows, mut groups) = (f(32), f(48));
        let ([a, _, out], [_, b, its_out]) = (lengths(&rows), lengths(&groups));
        rows.rows.insert(0, Axis::row(3, a, out));
        groups.groups.push(Axis::group(3, a, b, its_out));
        let plans = [rows, groups].map(|c| Plan::<T>::with_method(&c, isa, Method::Patches).unwrap());
        let mut rng = Rng(11);
        let mut fill = |n: usize| (0..n).map(|_| T::from_f64(rng.value())).collect::<Vec<T>>();
        let left = fill(3 * a as usize);
        let right = plans.each_ref().map(|p| fill(p.lengths()[1]));
        let results = || plans.each_ref().map(|p| vec![T::default(); p.lengths()[2]]);
        let mut alone = results();
        for ((plan, b), out) in plans.iter().zip(&right).zip(&mut alone) {
            let mut workspace = Workspace::new(2);
            workspace.reserve(plan);
            plan.run(&left, b, out, &mut workspace).unwrap();
        }
        for [i, j] in [[0, 1], [1, 0]] {
            let both = plans[i].with_beside(&plans[j]).unwrap();
            assert_eq!(both.flop(), plans[0].flop() + plans[1].flop());
            let mut workspace = Workspace::new(2);
            let [mut first, mut second] = results();
            if i == 1 {
                std::mem::swap(&mut first, &mut second);
            }
            let b = [&right[i][..], &right[j][..]];
            assert!(both.run_both(&left, b, [&mut first, &mut second], &mut workspace).is_err(), "no scratch");
            workspace.reserve(&both);
            both.run_both(&left, b, [&mut first, &mut second], &mut workspace).unwrap();
            for (found, expected) in [(first, &alone[i]), (second, &alone[j])] {
                assert!(found.iter().zip(expected).all(|(x, y)| x.bits() == y.bits()), "{n} {size} {k} {stride}");
            }
            assert!(both.with_beside(&plans[j]).is_none(), "two beside one");
        }
    }
}

#[test]
fn two_convolutions_of_one_operand_share_its_patches() {
    for isa in sets() {
        beside_each_other::<f32>(isa);
        beside_each_other::<f64>(isa);
    }
    let plan = |c: &Contraction| Plan::<f32>::with_method(c, Isa::Portable, Method::Patches).unwrap();
    let f = forward(2, 8, 16, 16, 3, 1);
    for other in [
        forward(2, 8, 16, 16, 5, 1),
        forward(3, 8, 16, 16, 3, 1),
        forward(2, 8, 32, 16, 3, 1),
        forward(2, 9, 16, 16, 3, 1),
        Contraction { base: [1, 0, 0], ..f.clone() },
        weight_gradient(&f),
        forward(2, 8, 16, 6, 3, 1),
    ] {
        assert!(plan(&f).with_beside(&plan(&other)).is_none() && plan(&other).with_beside(&plan(&f)).is_none(), "{other:?}");
    }
}

/// As `W ẋ + Ẇ x` of three probes, or of what leads back to their maps: more images for one window, and more windows for the same images.
fn sum_of(f: &Contraction, of: fn(&Contraction) -> Contraction, accumulate: bool) -> [Contraction; 2] {
    let c = of(f);
    let [a, b, out] = Plan::<f32>::with_method(&c, Isa::Portable, Method::Direct).unwrap().lengths().map(|x| x as isize);
    let (mut images, mut windows) = (Contraction { accumulate, ..c.clone() }, Contraction { accumulate: true, ..c });
    images.rows.insert(0, Axis::row(3, a, out));
    windows.columns.insert(0, Axis::column(3, b, out));
    [images, windows]
}

/// The root of the mean squared error of the sum, by patches at once if they are and else one after the other.
fn check_sum<T: Float>(terms: &[Contraction; 2], isa: Isa, method: Method) -> f64 {
    let plans = terms.each_ref().map(|c| Plan::<T>::with_method(c, isa, method).unwrap());
    let mut rng = Rng(5);
    let mut fill = |n: usize| (0..n).map(|_| T::from_f64(rng.value())).collect::<Vec<T>>();
    let operands = plans.each_ref().map(|p| [fill(p.lengths()[0]), fill(p.lengths()[1])]);
    let start = fill(plans[0].lengths()[2]);
    let [its, own] = operands.each_ref().map(|pair| pair.each_ref().map(Vec::as_slice));
    let mut results = Vec::new();
    for threads in [1, 2, 5] {
        let mut workspace = Workspace::new(threads);
        let mut out = start.clone();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        if method == Method::Direct {
            for (plan, [a, b]) in plans.iter().zip([its, own]) {
                workspace.reserve(plan);
                pool.install(|| plan.run(a, b, &mut out, &mut workspace)).unwrap();
            }
        } else {
            let sum = plans[1].with_addend(&plans[0]).unwrap_or_else(|| panic!("{terms:?}"));
            assert_eq!(sum.flop(), plans[0].flop() + plans[1].flop());
            assert!(sum.run_sum([own, its], &mut out, &mut workspace).is_err(), "no scratch");
            workspace.reserve(&sum);
            pool.install(|| sum.run_sum([own, its], &mut out, &mut workspace)).unwrap();
            assert!(sum.with_addend(&plans[0]).is_none() && sum.with_beside(&plans[1]).is_none(), "two with one");
        }
        results.push(out);
    }
    assert!(results.iter().all(|other| other.iter().zip(&results[0]).all(|(x, y)| x.bits() == y.bits())), "threads change bits");
    let [first, second] = [0, 1].map(|i| reference(&terms[i], &operands[i][0], &operands[i][1]));
    let mut expected = vec![0.0; start.len()];
    first.iter().chain(&second).for_each(|&(at, sum, _)| expected[at] += sum);
    // As for one convolution, of the terms of both.
    let depth: f64 = terms.iter().map(depth).sum();
    let tolerance = (depth + 4.0) * T::EPSILON * (1.0 + TRANSFORMS / 9.0) * AMPLIFICATION * depth;
    let errors = expected.iter().zip(&start).zip(&results[0]).map(|((sum, before), got)| {
        let before: f64 = if terms[0].accumulate { (*before).into() } else { 0.0 };
        let got: f64 = (*got).into();
        got - before - sum
    });
    let squares = errors.inspect(|e| assert!(e.abs() <= tolerance, "{e:e} of at most {tolerance:e}: {terms:?}")).map(|e| e * e);
    (squares.sum::<f64>() / start.len() as f64).sqrt()
}

#[test]
fn two_convolutions_of_one_result_are_summed_before_they_are_transformed_back() {
    // Stretches of columns that are a part of a panel, that are one, and that take several.
    for (n, size, c, o, k, stride) in
        [(5, 8, 16, 32, 3, 1), (40, 9, 16, 16, 3, 1), (3, 14, 16, 32, 5, 2), (2, 9, 32, 64, 3, 2), (3, 7, 32, 128, 3, 1)]
    {
        let f = forward(n, size, c, o, k, stride);
        for (i, of) in [|f: &Contraction| f.clone(), input_gradient].into_iter().enumerate() {
            let terms = sum_of(&f, of, (i + n) % 2 == 0);
            for isa in sets() {
                check_sum::<f64>(&terms, isa, Method::Patches);
                // As for one convolution.
                let [patches, direct] = [Method::Patches, Method::Direct].map(|method| check_sum::<f32>(&terms, isa, method));
                assert!(patches < 6.0 * direct, "{n} {size} {k} {stride}: {patches:e} beside {direct:e}");
            }
        }
    }
    let plan = |c: &Contraction| Plan::<f32>::with_method(c, Isa::Portable, Method::Patches).unwrap();
    let [images, windows] = sum_of(&forward(2, 8, 16, 16, 3, 1), Clone::clone, false);
    for other in [
        forward(2, 8, 16, 16, 3, 1),
        sum_of(&forward(2, 9, 16, 16, 3, 1), Clone::clone, false)[0].clone(),
        Contraction { base: [0, 0, 1], ..images.clone() },
        weight_gradient(&forward(2, 8, 16, 16, 3, 1)),
        forward(6, 8, 16, 6, 3, 1),
    ] {
        assert!(plan(&windows).with_addend(&plan(&other)).is_none(), "{other:?}");
    }
    // Of three times as many images and one window either leads.
    assert!(plan(&images).with_addend(&plan(&images)).is_some());
    assert!(plan(&images).with_addend(&plan(&windows)).is_none());
}

#[test]
fn large_convolutions_of_networks_go_by_patches() {
    for f in [
        forward(128, 16, 64, 64, 3, 1),
        forward(256, 14, 32, 32, 5, 2),
        forward(128, 32, 32, 64, 3, 2),
        forward(64, 16, 32, 32, 5, 1),
    ] {
        for c in [input_gradient(&f), weight_gradient(&f), f] {
            let plan = Plan::<f32>::new(&c).unwrap();
            let direct = Plan::<f32>::with_method(&c, Isa::detect(), Method::Direct).unwrap();
            assert!(plan.winograd.is_some(), "{c:?}");
            // Counted work is that of the definition, whatever the method; the direct engine counts padding besides.
            assert!(plan.flop() <= direct.flop() && plan.flop() > 0.7 * direct.flop());
        }
    }
}

/// The points were chosen for it. Of a direct sum's root mean squared error, which depends on its own order of summation, these measured: 2.2 to 2.9
/// times for 3x3 windows of stride 1, 1.7 to 3.5 of stride 2, 1.9 to 4.7 for 5x5 windows; 6 allows for chance.
#[test]
fn errors_are_of_the_size_of_a_direct_sum() {
    for (k, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
        let f = forward(4, 12, 64, 32, k, stride);
        for c in [input_gradient(&f), weight_gradient(&f), f] {
            let error = |method| {
                let plan = Plan::<f32>::with_method(&c, Isa::detect(), method).unwrap();
                assert_eq!(plan.winograd.is_some(), method == Method::Patches);
                check_plan(&c, &plan, 3, Some(AMPLIFICATION * 64.0 * (k * k) as f64))
            };
            let (patches, direct) = (error(Method::Patches), error(Method::Direct));
            assert!(patches < 6.0 * direct, "{k} {stride}: {patches:e} beside {direct:e}");
        }
    }
}
