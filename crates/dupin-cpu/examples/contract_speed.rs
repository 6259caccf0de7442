//! Speed of the contraction engine on the products and convolutions of real networks, against the peak of a
//! register-only multiply-add loop measured in the same run.
//!
//! usage: `contract_speed [THREADS] [SUBSTRING OF A NAME] [forward|input|weight] [f32|f64]`
//! (an empty argument selects everything)
#![allow(clippy::print_stdout, reason = "a measuring program")]

use std::time::Instant;

use dupin_cpu::kernel::contract::{Axis, Contraction, Element, Plan, Spatial, Workspace};

/// An NHWC convolution with an HWIO kernel and 'same' padding.
fn forward(n: usize, size: usize, c: usize, o: usize, k: usize, stride: usize) -> Contraction {
    let out = size.div_ceil(stride);
    let dim = |scale: [usize; 3]| Spatial {
        input: (size, (c * scale[0]) as isize),
        window: (k, (c * o * scale[1]) as isize),
        output: (out, (o * scale[2]) as isize),
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
        spatial: vec![dim([size, k, out]), dim([1, 1, 1])],
        ..Contraction::default()
    }
}

fn input_gradient(f: &Contraction) -> Contraction {
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

fn weight_gradient(f: &Contraction) -> Contraction {
    let spatial =
        f.spatial.iter().map(|s| Spatial { window: s.output, output: s.window, stride: 1, rhs_dilation: s.stride, ..*s });
    Contraction {
        rows: f.reduced.iter().map(|x| Axis::row(x.size, x.a, x.b)).collect(),
        columns: f.columns.iter().map(|x| Axis::column(x.size, x.out, x.b)).collect(),
        reduced: f.rows.iter().map(|x| Axis::reduced(x.size, x.a, x.out)).collect(),
        spatial: spatial.collect(),
        ..Contraction::default()
    }
}

/// `x [m, k] · w [k, n]`; its gradients follow from [`input_gradient`] and [`weight_gradient`].
fn dense(m: usize, n: usize, k: usize) -> Contraction {
    Contraction {
        rows: vec![Axis::row(m, k as isize, n as isize)],
        columns: vec![Axis::column(n, 1, 1)],
        reduced: vec![Axis::reduced(k, 1, n as isize)],
        ..Contraction::default()
    }
}

/// GFLOP/s of all threads, each running multiply-adds on registers alone.
fn peak(threads: usize) -> f64 {
    let step = || -> u64 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") {
            #[target_feature(enable = "avx512f")]
            fn spin() -> u64 {
                use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
                let (x, y) = (std::hint::black_box(_mm512_set1_ps(0.5)), std::hint::black_box(_mm512_set1_ps(0.25)));
                let mut acc = [_mm512_set1_ps(1.0); 12];
                for _ in 0..200_000u64 {
                    for a in &mut acc {
                        *a = _mm512_fmadd_ps(*a, x, y);
                    }
                }
                std::hint::black_box(acc);
                200_000 * 12 * 32
            }
            // SAFETY: the feature was just detected.
            #[allow(unsafe_code, reason = "a function with target features")]
            return unsafe { spin() };
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            #[target_feature(enable = "avx2,fma")]
            fn spin() -> u64 {
                use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
                let (x, y) = (std::hint::black_box(_mm256_set1_ps(0.5)), std::hint::black_box(_mm256_set1_ps(0.25)));
                let mut acc = [_mm256_set1_ps(1.0); 12];
                for _ in 0..200_000u64 {
                    for a in &mut acc {
                        *a = _mm256_fmadd_ps(*a, x, y);
                    }
                }
                std::hint::black_box(acc);
                200_000 * 12 * 16
            }
            // SAFETY: the features were just detected.
            #[allow(unsafe_code, reason = "a function with target features")]
            return unsafe { spin() };
        }
        0
    };
    (0..200)
        .map(|_| {
            let start = Instant::now();
            let flop: u64 = std::thread::scope(|scope| {
                let all: Vec<_> = (0..threads).map(|_| scope.spawn(step)).collect();
                all.into_iter().map(|handle| handle.join().unwrap_or(0)).sum()
            });
            flop as f64 / start.elapsed().as_secs_f64() / 1e9
        })
        .fold(0.0, f64::max)
}

fn measure<T: Element + From<f32>>(
    c: &Contraction,
    workspace: &mut Workspace<T>,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let plan = Plan::<T>::new(c)?;
    workspace.reserve(&plan);
    let [a, b, out] = plan.lengths();
    let values = |n: usize| (0..n).map(|i| T::from((i % 17) as f32 / 17.0 - 0.5)).collect::<Vec<T>>();
    let (a, b, mut padded) = (values(a), values(b), values(out + 16));
    let skip = padded.as_ptr().align_offset(64);
    let out = &mut padded[skip..];
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < 5 || (begin.elapsed().as_secs_f64() < 0.25 && times.len() < 200) {
        let start = Instant::now();
        plan.run(&a, &b, out, workspace)?;
        times.push(start.elapsed().as_secs_f64());
    }
    // The best time, as for the peak: what other programs on the machine took away is not ours to count.
    let best = times.into_iter().fold(f64::INFINITY, f64::min);
    Ok((plan.flop() / best / 1e9, best * 1e3))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads: usize = arguments.next().and_then(|x| x.parse().ok()).unwrap_or(2);
    let filter = arguments.next().unwrap_or_default();
    let only = arguments.next().unwrap_or_default();
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let double = arguments.next().is_some_and(|x| x == "f64");
    let (mut single_workspace, mut double_workspace) = (Workspace::<f32>::new(threads), Workspace::<f64>::new(threads));
    let mut cases = Vec::new();
    for (n, size, c, o, k, stride) in [
        (128, 32, 3, 32, 3, 1),
        (128, 32, 32, 32, 3, 1),
        (128, 32, 32, 64, 3, 2),
        (128, 16, 64, 64, 3, 1),
        (128, 16, 64, 128, 3, 2),
        (128, 8, 128, 128, 3, 1),
        (256, 28, 1, 16, 5, 1),
        (256, 28, 16, 32, 5, 2),
        (256, 14, 32, 32, 5, 2),
    ] {
        cases.push((format!("conv {n}x{size}x{size}x{c} -> {o} k{k} s{stride}"), forward(n, size, c, o, k, stride)));
    }
    for (m, k, n) in [(1024, 784, 1024), (1024, 1024, 1024), (1024, 1024, 10), (256, 1568, 120), (128, 128, 10)] {
        cases.push((format!("dense {m}x{k}x{n}"), dense(m, n, k)));
    }
    // A vector holds half as many f64.
    let limit = peak(threads) / if double { 2.0 } else { 1.0 };
    println!("register-only peak on {threads} threads: {limit:.0} GFLOP/s");
    println!("{:34} {:>16} {:>16} {:>16}", "GFLOP/s (% of peak)", "forward", "input gradient", "weight gradient");
    for (name, f) in cases.iter().filter(|case| case.0.contains(&filter)) {
        print!("{name:34}");
        for (pass, c) in [("forward", f.clone()), ("input", input_gradient(f)), ("weight", weight_gradient(f))] {
            if !pass.contains(&only) {
                print!("{:17}", "");
                continue;
            }
            let (speed, ms) = if double { measure(&c, &mut double_workspace)? } else { measure(&c, &mut single_workspace)? };
            print!(" {speed:5.0} {:3.0}% {ms:5.2}", 100.0 * speed / limit);
        }
        println!();
    }
    let after = peak(threads) / if double { 2.0 } else { 1.0 };
    println!("peak again: {after:.0} GFLOP/s");
    Ok(())
}
