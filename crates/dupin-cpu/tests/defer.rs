//! Kernels that wait for the only reader of a result, and those that must not.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_cpu::{Compiled, Cpu};
use dupin_ir::reference::Array;
use dupin_ir::{Builder, DType, Executor, Tensor, TensorType, Value, reference};

const SIZE: usize = 24;

/// Compiles a program of two matrices and a product of theirs, `of(builder, product, second, late)`, where `late` is a matrix that takes two more
/// products; holds its results to the reference.
fn compiled(of: impl Fn(&mut Builder, Value, Value, Value) -> Vec<Value>) -> Compiled {
    let mut b = Builder::new();
    let ty = TensorType::new(DType::F64, [SIZE, SIZE]);
    let (x, w) = (b.input("x", ty.clone()), b.input("w", ty.clone()));
    let y = b.matmul(x, w);
    let first = b.matmul(w, x);
    let bent = b.tanh(first);
    let late = b.matmul(bent, w);
    let results = of(&mut b, y, w, late);
    let program = b.program(&[x, w], &results).unwrap();
    let values = |seed: usize| (0..SIZE * SIZE).map(|i| ((i * 37 + seed) % 17) as f64 / 17.0 - 0.5).collect::<Vec<_>>();
    let inputs = [1, 5].map(|seed| Tensor::from_f64(&ty, &values(seed)));
    let expected = reference::evaluate(&program, &inputs.each_ref().map(|t| Array::new(t.ty(), t.to_f64())));
    let cpu = Cpu::new(Some(2)).unwrap();
    for (found, expected) in cpu.evaluate(&program, &inputs).unwrap().iter().zip(&expected) {
        for (f, e) in found.to_f64().iter().zip(&expected.data) {
            // Sums of 24 and 576 terms of order 1, three of them one after another.
            assert!((f - e).abs() <= 3.0 * 600.0 * f64::EPSILON * e.abs().max(1.0), "{f} against {e}");
        }
    }
    cpu.compile_plan(&program).unwrap()
}

/// The square of a tangent, weighed by what comes later, beside the activation's tangent that goes on.
#[test]
fn a_square_is_made_where_it_is_weighed() {
    let plan = compiled(|b, y, w, late| {
        let square = b.mul(y, y);
        let slope = b.tanh(y);
        let weighed = b.mul(square, late);
        let on = b.matmul(slope, w);
        vec![b.sum(weighed), on]
    });
    // Products: y, first, late, on. Kernels: bent, and one for the square, the slope and the sum.
    assert_eq!(plan.kernels(), 6, "{plan}");
    // That kernel reads y and late and writes the slope.
    let tensor = SIZE * SIZE * size_of::<f64>();
    assert!(plan.bytes_moved() <= (4 * 3 + 2 + 3) * tensor + 64, "{}: {plan}", plan.bytes_moved());
}

#[test]
fn a_kernel_that_the_reader_waits_for_does_not_wait() {
    // The reader needs a product of what the same kernel makes.
    let plan = compiled(|b, y, w, _| {
        let (square, slope) = (b.mul(y, y), b.tanh(y));
        let on = b.matmul(slope, w);
        let weighed = b.mul(square, on);
        vec![b.sum(weighed)]
    });
    assert_eq!(plan.kernels(), 4, "{plan}");
    // The reader needs a sum that the same kernel makes, or another view of its result.
    compiled(|b, y, _, late| {
        let (square, sums) = (b.mul(y, y), b.reduce_sum(y, &[1]));
        let wide = b.broadcast(sums, &[SIZE, SIZE], &[0]);
        let both = b.add(square, late);
        vec![b.mul(both, wide)]
    });
    compiled(|b, y, _, late| {
        let (square, slope) = (b.mul(y, y), b.tanh(y));
        let turned = b.transpose(slope, &[1, 0]);
        let both = b.add(square, late);
        vec![b.mul(both, turned)]
    });
}

/// Two tensors would wait for one: as much is written and read as without waiting.
#[test]
fn a_kernel_of_two_tensors_does_not_wait() {
    let plan = compiled(|b, y, w, late| {
        let other = b.matmul(w, w);
        let product = b.mul(y, other);
        let weighed = b.mul(product, late);
        vec![b.sum(weighed)]
    });
    assert_eq!(plan.kernels(), 4 + 3, "{plan}");
}

/// Two squares, each weighed by a product of what the other's kernel makes: one may wait, then the other may not.
#[test]
fn two_kernels_do_not_wait_for_each_other() {
    let plan = compiled(|b, first, w, second| {
        let [(square1, slope1), (square2, slope2)] = [first, second].map(|y| (b.mul(y, y), b.tanh(y)));
        let (on1, on2) = (b.matmul(slope1, w), b.matmul(slope2, w));
        let (weighed1, weighed2) = (b.mul(square1, on2), b.mul(square2, on1));
        vec![b.sum(weighed1), b.sum(weighed2)]
    });
    // Products: y, first, late and two on. Kernels: bent, two slopes with their squares, two that weigh; one of the squares waits.
    assert_eq!(plan.kernels(), 5 + 5 - 1, "{plan}");
}
