//! Every contraction against nested loops in `f64`, over random geometries and over shapes that reach each branch of the planner.

use super::plan::Method;
use super::tables::{Block, Tables};
use super::task::readable_in_place;
use super::*;

/// SplitMix64: enough for shapes and values.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(super) fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub(super) fn value(&mut self) -> f64 {
        (self.next() >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    }
}

pub(super) trait Float: Element + Into<f64> {
    const EPSILON: f64;
    fn from_f64(x: f64) -> Self;
    fn bits(self) -> u64;
}
impl Float for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}
impl Float for f64 {
    const EPSILON: f64 = f64::EPSILON;
    fn from_f64(x: f64) -> Self {
        x
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// All flat offsets `[a, b, out]` of a list of axes.
fn walk(axes: &[Axis]) -> Vec<[isize; 3]> {
    axes.iter().fold(vec![[0; 3]], |list, axis| {
        let step = |base: &[isize; 3], i: usize| {
            let i = i as isize;
            [base[0] + i * axis.a, base[1] + i * axis.b, base[2] + i * axis.out]
        };
        list.iter().flat_map(|base| (0..axis.size).map(|i| step(base, i)).collect::<Vec<_>>()).collect()
    })
}

/// Offsets that one dimension contributes: result offset, then `(a, b)` of every window position that meets data.
fn sweep(s: &Spatial) -> Vec<(isize, Vec<(isize, isize)>)> {
    (0..s.output.0)
        .map(|o| {
            let hits = (0..s.window.0).filter_map(|t| {
                let p = (o * s.stride + t * s.rhs_dilation) as isize - s.pad_low;
                let hole = s.lhs_dilation as isize;
                let inside = p >= 0 && p % hole == 0 && p / hole < s.input.0 as isize;
                let t = if s.reversed { s.window.0 - 1 - t } else { t };
                inside.then(|| (p / hole * s.input.1, t as isize * s.window.1))
            });
            (o as isize * s.output.1, hits.collect())
        })
        .collect()
}

/// The definition, in `f64`: per written element its offset, the sum and the sum of magnitudes.
pub(super) fn reference<T: Float>(c: &Contraction, a: &[T], b: &[T]) -> Vec<(usize, f64, f64)> {
    let mut spaces = c.spatial.iter().map(sweep).collect::<Vec<_>>();
    spaces.resize(2, vec![(0, vec![(0, 0)])]);
    let reduced = walk(&c.reduced);
    let mut out = Vec::new();
    let base = c.base.map(|x| x as isize);
    for g in walk(&c.groups) {
        for m in walk(&c.rows) {
            for (oh, hits_h) in &spaces[0] {
                for (ow, hits_w) in &spaces[1] {
                    for n in walk(&c.columns) {
                        let (mut sum, mut magnitude) = (0.0, 0.0);
                        for (ah, bh) in hits_h {
                            for (aw, bw) in hits_w {
                                let from_a = base[0] + g[0] + m[0] + ah + aw;
                                let from_b = base[1] + g[1] + n[1] + bh + bw;
                                for k in &reduced {
                                    let x: f64 = a[(from_a + k[0]) as usize].into();
                                    let y: f64 = b[(from_b + k[1]) as usize].into();
                                    sum += x * y;
                                    magnitude += (x * y).abs();
                                }
                            }
                        }
                        out.push(((base[2] + g[2] + m[2] + n[2] + oh + ow) as usize, sum, magnitude));
                    }
                }
            }
        }
    }
    out
}

pub(super) fn depth(c: &Contraction) -> f64 {
    let axes: f64 = c.reduced.iter().map(|k| k.size as f64).product();
    axes * c.spatial.iter().map(|s| s.window.0 as f64).product::<f64>()
}

/// Checks a plan's results against the definition; returns the root of their mean squared error.
///
/// `amplification` is for how much larger the terms that the method sums are than the products of the definition, all of them at most 1.
pub(super) fn check_plan<T: Float>(c: &Contraction, plan: &Plan<T>, seed: u64, amplification: Option<f64>) -> f64 {
    let mut rng = Rng(seed);
    let mut fill = |n: usize| (0..n).map(|_| T::from_f64(rng.value())).collect::<Vec<T>>();
    // Slices exactly as long as the strides reach: one element less must be refused.
    let [a, b, start] = plan.extents.map(&mut fill);
    let mut results = Vec::new();
    for threads in [1, 2, 5] {
        let mut workspace = Workspace::new(threads);
        workspace.reserve(plan);
        let mut out = start.clone();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| plan.run(&a, &b, &mut out, &mut workspace)).unwrap();
        // A second run in the used workspace: stale scratch must not show.
        let mut again = start.clone();
        plan.run(&a, &b, &mut again, &mut workspace).unwrap();
        assert!(out.iter().zip(&again).all(|(x, y)| x.bits() == y.bits()), "a second run differs: {c:?}");
        results.push(out);
    }
    for other in &results[1..] {
        assert!(other.iter().zip(&results[0]).all(|(x, y)| x.bits() == y.bits()), "threads change bits: {c:?}");
    }
    let expected = reference(c, &a, &b);
    let mut written = vec![false; start.len()];
    // Any order of summation errs by at most (depth + 2) roundings of the sum of magnitudes; one more for adding to the result.
    let budget = (depth(c) + 2.0) * T::EPSILON;
    let mut squares = 0.0;
    for &(at, sum, magnitude) in &expected {
        assert!(!written[at]);
        written[at] = true;
        let before: f64 = if c.accumulate { start[at].into() } else { 0.0 };
        let got: f64 = results[0][at].into();
        let magnitude = amplification.unwrap_or(magnitude);
        squares += (got - before - sum).powi(2);
        let tolerance = budget * magnitude + 2.0 * T::EPSILON * (before + sum).abs() + f64::MIN_POSITIVE;
        assert!((got - before - sum).abs() <= tolerance, "{got} but expected {} at {at} ({plan}): {c:?}", before + sum);
    }
    let untouched = |i: usize| results[0][i].bits() == start[i].bits();
    assert!((0..start.len()).all(|i| written[i] || untouched(i)), "wrote outside the result: {c:?}");
    (squares / expected.len().max(1) as f64).sqrt()
}

/// The instruction sets of this processor.
pub(super) fn sets() -> impl Iterator<Item = Isa> {
    [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable].into_iter().filter(|isa| isa.available())
}

fn check(c: &Contraction, seed: u64) {
    fn of<T: Float>(c: &Contraction, isa: Isa, seed: u64) {
        let plan = Plan::<T>::with_method(c, isa, Method::Direct).unwrap_or_else(|e| panic!("{e}: {c:?}"));
        check_plan(c, &plan, seed, None);
    }
    for isa in sets() {
        of::<f32>(c, isa, seed);
        of::<f64>(c, isa, seed);
    }
}

/// Strides for dimensions of the given sizes in a random order, with random gaps, sometimes one of them backwards.
fn layout(rng: &mut Rng, sizes: &[usize], negative: bool) -> (Vec<isize>, usize) {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, rng.below(i + 1));
    }
    let mut strides = vec![0; sizes.len()];
    let mut step = if rng.below(6) == 0 { 2 } else { 1 };
    let mut base = rng.below(3);
    for i in order {
        strides[i] = step as isize;
        if negative && rng.below(8) == 0 && sizes[i] > 0 {
            strides[i] = -strides[i];
            base += step * (sizes[i] - 1);
        }
        step = step * sizes[i].max(1) + if rng.below(5) == 0 { rng.below(3) } else { 0 };
    }
    (strides, base)
}

fn random(rng: &mut Rng, spatial: usize) -> Contraction {
    let small = |rng: &mut Rng| if rng.below(40) == 0 { 0 } else { rng.range(1, 9) };
    let (g, m1, m2, n1, n2) = (rng.range(1, 2), small(rng), rng.range(1, 3), rng.range(1, 2), rng.range(1, 35));
    let (k1, k2) = (small(rng), rng.range(1, 4));
    let mut spaces = Vec::new();
    for _ in 0..spatial {
        let mut s = Spatial {
            input: (rng.range(1, 9), 0),
            window: (rng.range(1, 4), 0),
            output: (0, 0),
            stride: rng.range(1, 3),
            pad_low: rng.range(0, 5) as isize - 2,
            lhs_dilation: rng.range(1, 3),
            rhs_dilation: rng.range(1, 3),
            reversed: rng.below(2) == 0,
        };
        let pad_high = rng.range(0, 5) as isize - 2;
        let dilated = ((s.input.0 - 1) * s.lhs_dilation + 1) as isize + s.pad_low + pad_high;
        let window = ((s.window.0 - 1) * s.rhs_dilation + 1) as isize;
        s.output.0 = if dilated < window { 0 } else { ((dilated - window) as usize) / s.stride + 1 };
        spaces.push(s);
    }
    let with = |list: &[usize], extra: &[usize]| [list, extra].concat();
    let inputs: Vec<usize> = spaces.iter().map(|s| s.input.0).collect();
    let windows: Vec<usize> = spaces.iter().map(|s| s.window.0).collect();
    let outputs: Vec<usize> = spaces.iter().map(|s| s.output.0).collect();
    let (mut a, base_a) = layout(rng, &with(&[g, m1, m2, k1, k2], &inputs), true);
    let (mut b, base_b) = layout(rng, &with(&[g, n1, n2, k1, k2], &windows), true);
    let (out, base_out) = layout(rng, &with(&[g, m1, m2, n1, n2], &outputs), true);
    // Broadcast operands.
    if rng.below(6) == 0 {
        a[rng.below(5)] = 0;
    }
    if rng.below(6) == 0 {
        b[rng.below(5)] = 0;
    }
    for (i, s) in spaces.iter_mut().enumerate() {
        (s.input.1, s.window.1, s.output.1) = (a[5 + i], b[5 + i], out[5 + i]);
    }
    Contraction {
        groups: vec![Axis::group(g, a[0], b[0], out[0])],
        rows: vec![Axis::row(m1, a[1], out[1]), Axis::row(m2, a[2], out[2])],
        columns: vec![Axis::column(n1, b[1], out[3]), Axis::column(n2, b[2], out[4])],
        reduced: vec![Axis::reduced(k1, a[3], b[3]), Axis::reduced(k2, a[4], b[4])],
        spatial: spaces,
        base: [base_a, base_b, base_out],
        accumulate: rng.below(3) == 0,
    }
}

#[test]
fn random_products() {
    let mut rng = Rng(1);
    for seed in 0..60 {
        check(&random(&mut rng, 0), seed);
    }
}

#[test]
fn random_convolutions() {
    let mut rng = Rng(2);
    for seed in 0..60 {
        check(&random(&mut rng, 1), seed);
        check(&random(&mut rng, 2), seed);
    }
}

/// `[m, k] · [k, n]`, each operand plain or stored transposed.
fn product(m: usize, n: usize, k: usize, transposed: [bool; 3]) -> Contraction {
    let strides = |rows: usize, cols: usize, t: bool| if t { (1, rows as isize) } else { (cols as isize, 1) };
    let (am, ak) = strides(m, k, transposed[0]);
    let (bk, bn) = strides(k, n, transposed[1]);
    let (om, on) = strides(m, n, transposed[2]);
    Contraction {
        rows: vec![Axis::row(m, am, om)],
        columns: vec![Axis::column(n, bn, on)],
        reduced: vec![Axis::reduced(k, ak, bk)],
        ..Contraction::default()
    }
}

#[test]
fn products_of_every_transpose_and_block_edge() {
    let sizes = [(1, 1, 1), (7, 10, 33), (1, 40, 650), (193, 17, 5), (200, 10, 321), (400, 530, 30), (65, 130, 700)];
    for (seed, (m, n, k)) in sizes.into_iter().enumerate() {
        for bits in 0..8u8 {
            let mut c = product(m, n, k, [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0]);
            c.accumulate = bits == 3;
            check(&c, seed as u64);
        }
    }
}

#[test]
fn long_reductions_are_split() {
    for (transposed, accumulate) in [([true, false, false], false), ([false, true, false], true)] {
        let c = Contraction { accumulate, ..product(40, 24, 20000, transposed) };
        assert!(Plan::<f32>::new(&c).unwrap().tasks[2] > 0);
        check(&c, 3);
    }
}

/// An NHWC convolution with an HWIO kernel, 'same' padding.
pub(super) fn forward(n: usize, size: usize, c: usize, o: usize, k: usize, stride: usize) -> Contraction {
    let out = size.div_ceil(stride);
    let dim = |scale: usize| Spatial {
        input: (size, (c * if scale == 0 { size } else { 1 }) as isize),
        window: (k, (c * o * if scale == 0 { k } else { 1 }) as isize),
        output: (out, (o * if scale == 0 { out } else { 1 }) as isize),
        stride,
        pad_low: (k / 2) as isize,
        lhs_dilation: 1,
        rhs_dilation: 1,
        reversed: false,
    };
    Contraction {
        rows: vec![Axis::row(n, (size * size * c) as isize, (out * out * o) as isize)],
        columns: vec![Axis::column(o, 1, 1)],
        reduced: vec![Axis::reduced(c, 1, o as isize)],
        spatial: vec![dim(0), dim(1)],
        ..Contraction::default()
    }
}

/// Its gradient in the input: the cotangent, dilated by the stride, against the reversed kernel.
pub(super) fn input_gradient(f: &Contraction) -> Contraction {
    let spatial = f.spatial.iter().map(|s| Spatial {
        input: s.output,
        output: s.input,
        stride: 1,
        lhs_dilation: s.stride,
        pad_low: s.window.0 as isize - 1 - s.pad_low,
        reversed: true,
        ..*s
    });
    Contraction {
        rows: f.rows.iter().map(|x| Axis::row(x.size, x.out, x.a)).collect(),
        columns: f.reduced.iter().map(|x| Axis::column(x.size, x.b, x.a)).collect(),
        reduced: f.columns.iter().map(|x| Axis::reduced(x.size, x.out, x.b)).collect(),
        spatial: spatial.collect(),
        ..Contraction::default()
    }
}

/// Its gradient in the kernel: rows are the channels, the examples are reduced and the window is the cotangent's map.
pub(super) fn weight_gradient(f: &Contraction) -> Contraction {
    let spatial = f.spatial.iter().map(|s| Spatial {
        window: s.output,
        output: s.window,
        stride: s.rhs_dilation,
        rhs_dilation: s.stride,
        ..*s
    });
    Contraction {
        rows: f.reduced.iter().map(|x| Axis::row(x.size, x.a, x.b)).collect(),
        columns: f.columns.iter().map(|x| Axis::column(x.size, x.out, x.b)).collect(),
        reduced: f.rows.iter().map(|x| Axis::reduced(x.size, x.a, x.out)).collect(),
        spatial: spatial.collect(),
        ..Contraction::default()
    }
}

#[test]
fn network_convolutions_and_their_gradients() {
    let shapes = [
        (2, 32, 3, 32, 3, 1),
        (2, 32, 8, 20, 3, 2),
        (5, 8, 16, 24, 3, 1),
        (9, 8, 12, 10, 3, 2),
        (3, 28, 1, 16, 5, 1),
        (3, 14, 16, 8, 5, 2),
    ];
    for (seed, (n, size, c, o, k, stride)) in shapes.into_iter().enumerate() {
        let f = forward(n, size, c, o, k, stride);
        for c in [input_gradient(&f), weight_gradient(&f), f] {
            check(&c, seed as u64);
        }
    }
}

#[test]
fn large_weight_gradients_split_their_examples() {
    let w = weight_gradient(&forward(24, 20, 8, 32, 3, 1));
    let plan = Plan::<f32>::with_method(&w, Isa::detect(), Method::Direct).unwrap();
    assert!(plan.tasks[2] > 0 && plan.schedules[0].batch_inner);
    check(&w, 5);
}

#[test]
fn phases_compute_no_holes() {
    let f = forward(2, 16, 4, 4, 3, 2);
    // The gradient does each multiply-add of the convolution once, up to the padding that each counts at its own edges.
    let plan = Plan::<f32>::with_method(&input_gradient(&f), Isa::detect(), Method::Direct).unwrap();
    assert_eq!(plan.schedules.len(), 4);
    assert_eq!(plan.flop(), f.flop());
}

#[test]
fn feature_and_batch_groups_equal_separate_convolutions() {
    let mut grouped = forward(4, 6, 3, 8, 3, 1);
    // Two groups of 3 input features each: the image has 6, the kernel reads 3.
    grouped.rows[0].a *= 2;
    grouped.spatial.iter_mut().for_each(|s| s.input.1 *= 2);
    let single = grouped.clone();
    grouped.split_features(2).unwrap();
    check(&grouped, 1);
    assert_eq!(grouped.groups, [Axis::group(2, 3, 4, 4)]);
    let mut batches = single;
    batches.rows[0].size = 2;
    let image = batches.rows[0].a;
    batches.split_batch(4).unwrap();
    check(&batches, 2);
    assert_eq!(batches.groups, [Axis::group(4, 2 * image, 2, 2)]);
    assert_eq!(batches.split_features(3), Err(ContractError::Groups { count: 3, features: 2 }));
}

#[test]
fn probes_share_or_carry_their_own_image() {
    // Channels, columns (a vector or two of every set, or neither) and taps.
    for (seed, (c, o, k)) in [(6, 16, 3), (1, 16, 5), (3, 32, 3), (5, 12, 3)].into_iter().enumerate() {
        let f = forward(3, 10, c, o, k, 1);
        let (image, kernel, result) = ((100 * c) as isize, (k * k * c * o) as isize, (3 * 100 * o) as isize);
        // Three probes' kernels [probe, h, w, c, o] against one image, into [probe, n, h, w, o]: one more column axis.
        let mut shared = f.clone();
        shared.columns.insert(0, Axis::column(3, kernel, result));
        check(&shared, seed as u64);
        check(&Contraction { accumulate: true, ..shared }, seed as u64);
        // Each probe with an image of its own: a group.
        let mut own = f.clone();
        own.groups.push(Axis::group(3, 3 * image, kernel, result));
        check(&own, seed as u64);
        // Probes of the cotangent against one image give the weight gradients of all probes: again a column axis.
        let mut gradients = weight_gradient(&f);
        gradients.columns.insert(0, Axis::column(3, result, kernel));
        check(&gradients, seed as u64);
    }
}

/// The cotangents of probes with a vector of channels each lie apart, and are read where they are by first layers' weight gradients.
fn cotangents_apart<T: Float>(isa: Isa) {
    let (width, vectors) = (T::kernels(isa).width, T::kernels(isa).columns() / T::kernels(isa).width);
    for (c, k) in [(1, 5), (3, 3)] {
        let f = forward(3, 10, c, width, k, 1);
        let mut gradients = weight_gradient(&f);
        let (result, kernel) = (3 * 100 * width as isize, (k * k * c * width) as isize);
        gradients.columns.insert(0, Axis::column(2 * vectors, result, kernel));
        let plan = Plan::<T>::with_method(&gradients, isa, Method::Direct).unwrap();
        let (s, mut index) = (&plan.schedules[0], vec![0; plan.index]);
        let (mut tables, chunk) = (Tables::carve(s, &mut index), s.chunk(0));
        s.fill_depth(&chunk, &mut tables);
        let found = readable_in_place(s, &Block::new(s, 0), &tables.depth_b[..s.depth.min(chunk.len)]);
        assert_eq!(found, Some((width, vectors > 1)), "{isa:?} {c}");
        check_plan(&gradients, &plan, c as u64, None);
    }
}

#[test]
fn vectors_that_lie_apart_are_read_in_place() {
    for isa in sets() {
        cotangents_apart::<f32>(isa);
        cotangents_apart::<f64>(isa);
    }
}

#[test]
fn empty_reductions_give_zeros_and_empty_results_nothing() {
    check(&product(5, 6, 0, [false; 3]), 0);
    check(&product(0, 6, 4, [false; 3]), 0);
    check(&product(5, 0, 4, [false; 3]), 0);
    let mut f = forward(2, 4, 3, 5, 3, 1);
    f.spatial[1].input.0 = 0;
    check(&f, 0);
    let mut f = forward(2, 4, 3, 5, 3, 1);
    f.spatial[0].window.0 = 0;
    check(&f, 0);
}

#[test]
fn what_cannot_be_run_is_refused() {
    let good = product(3, 4, 5, [false; 3]);
    let refused = |change: &dyn Fn(&mut Contraction), error: ContractError| {
        let mut c = good.clone();
        change(&mut c);
        assert_eq!(Plan::<f32>::new(&c).unwrap_err(), error);
    };
    refused(&|c| c.rows[0].out = 3, ContractError::Overlap);
    refused(&|c| c.columns[0].out = 0, ContractError::Overlap);
    refused(&|c| c.rows[0].a = -1, ContractError::Address { operand: 0 });
    refused(&|c| c.reduced[0].out = 1, ContractError::StrayStride);
    refused(&|c| c.base[1] = usize::MAX, ContractError::Address { operand: 1 });
    refused(&|c| c.reduced = vec![Axis::reduced(1 << 61, 0, 0)], ContractError::TooLarge);
    let spatial = forward(1, 4, 1, 1, 3, 1).spatial;
    refused(&|c| c.spatial = vec![Spatial { pad_low: isize::MIN, ..spatial[0] }], ContractError::TooLarge);
    refused(&|c| c.spatial = vec![Spatial { stride: 0, ..spatial[0] }], ContractError::ZeroStep);
    refused(&|c| c.spatial = vec![spatial[0]; 3], ContractError::Rank { spatial: 3 });
    let plan = Plan::<f32>::new(&good).unwrap();
    let mut workspace = Workspace::new(1);
    let mut out = [0.0; 12];
    let run = |a: &[f32], out: &mut [f32], w: &mut Workspace<f32>| plan.run(a, &[0.0; 20], out, w);
    assert_eq!(run(&[0.0; 15], &mut out, &mut workspace), Err(ContractError::Workspace));
    workspace.reserve(&plan);
    let short = ContractError::TooShort { operand: 0, expected: 15, got: 14 };
    assert_eq!(run(&[0.0; 14], &mut out, &mut workspace), Err(short));
    let short = ContractError::TooShort { operand: 2, expected: 12, got: 11 };
    assert_eq!(run(&[0.0; 15], &mut out[..11], &mut workspace), Err(short));
    assert_eq!(run(&[0.0; 15], &mut out, &mut workspace), Ok(()));
}
