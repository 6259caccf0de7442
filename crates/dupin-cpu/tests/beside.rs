//! Convolutions of one operand that share its transformed patches, and those that must not.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_cpu::Cpu;
use dupin_ir::prim::Convolution;
use dupin_ir::{Builder, DType, Executor, Program, Tensor, TensorType, Value};

const MAP: [usize; 4] = [8, 17, 17, 16];
const WINDOW: [usize; 4] = [3, 3, 16, 16];

/// A program of two maps and two windows, of which `of` makes results; `of(builder, maps, windows)`.
fn program(of: impl Fn(&mut Builder, [Value; 2], [Value; 2]) -> Vec<Value>) -> Program {
    let mut b = Builder::new();
    let maps = ["x", "z"].map(|name| b.input(name, TensorType::new(DType::F32, MAP)));
    let windows = ["w", "v"].map(|name| b.input(name, TensorType::new(DType::F32, WINDOW)));
    let results = of(&mut b, maps, windows);
    b.program(&[maps, windows].concat(), &results).unwrap()
}

fn convolution(b: &mut Builder, x: Value, w: Value) -> Value {
    b.push(Convolution::channels_last(&[1; 2], &[(1, 1); 2]), &[x, w])
}

fn evaluate(program: &Program) -> Vec<Vec<u64>> {
    let values = |n: usize, seed: usize| (0..n).map(|i| ((i * 37 + seed) % 101) as f64 / 101.0 - 0.5).collect::<Vec<_>>();
    let types = [MAP, MAP, WINDOW, WINDOW].map(|shape| TensorType::new(DType::F32, shape));
    let inputs: Vec<Tensor> = types.iter().enumerate().map(|(i, ty)| Tensor::from_f64(ty, &values(ty.len(), 7 * i))).collect();
    let results = Cpu::new(Some(2)).unwrap().evaluate(program, &inputs).unwrap();
    results.iter().map(|t| t.to_f64().iter().map(|x| x.to_bits()).collect()).collect()
}

fn kernels(program: &Program) -> usize {
    Cpu::new(Some(2)).unwrap().compile_plan(program).unwrap().kernels()
}

#[test]
fn two_convolutions_of_a_map_are_one_kernel_with_the_bits_of_two() {
    let both = program(|b, [x, _], windows| windows.map(|w| convolution(b, x, w)).to_vec());
    assert_eq!(kernels(&both), 1);
    let alone = [0, 1].map(|i| program(|b, [x, _], windows| vec![convolution(b, x, windows[i])]));
    assert_eq!(evaluate(&both), alone.each_ref().map(|p| evaluate(p).remove(0)));
    // A sum that begins with one of them goes on after it.
    let sum = |with: bool| {
        program(move |b, [x, z], [w, v]| {
            let (first, second) = (convolution(b, x, w), convolution(b, z, v));
            let sum = b.add(first, second);
            if with { vec![sum, convolution(b, x, v)] } else { vec![sum] }
        })
    };
    assert_eq!([true, false].map(|with| kernels(&sum(with))), [1, 1]);
    let [with, without] = [true, false].map(|with| evaluate(&sum(with)));
    assert_eq!(with[1], evaluate(&alone[1])[0]);
    // A sum of two alone is transformed back once, which rounds it in another order.
    let values = |bits: &[u64]| bits.iter().map(|b| f64::from_bits(*b)).collect::<Vec<_>>();
    let close = |(x, y): (f64, f64)| (x - y).abs() < 288.0 * 33.0 * 33.0 * f64::from(f32::EPSILON);
    assert!(values(&with[0]).into_iter().zip(values(&without[0])).all(close));
}

#[test]
fn other_maps_and_windows_that_need_the_first_result_are_not_beside() {
    let other = program(|b, [x, z], [w, v]| vec![convolution(b, x, w), convolution(b, z, v)]);
    assert_eq!(kernels(&other), 2);
    // The second window is a part of what the first result, or a kernel that reads it, makes.
    let window = |b: &mut Builder, y: Value| b.slice(y, &[0; 4], &WINDOW, &[1; 4]);
    let chain = program(|b, [x, _], [w, _]| {
        let first = convolution(b, x, w);
        let window = window(b, first);
        vec![convolution(b, x, window)]
    });
    assert_eq!(kernels(&chain), 2);
    let through_a_kernel = program(|b, [x, z], [w, v]| {
        let (first, other) = (convolution(b, x, w), convolution(b, z, v));
        let (product, bent) = (b.mul(first, other), b.tanh(other));
        let window = window(b, bent);
        vec![product, convolution(b, x, window)]
    });
    // Three convolutions and one kernel for the product and the bent values.
    assert_eq!(kernels(&through_a_kernel), 4);
    let alone = program(|b, [x, z], [_, v]| {
        let other = convolution(b, z, v);
        let bent = b.tanh(other);
        let window = window(b, bent);
        vec![convolution(b, x, window)]
    });
    assert_eq!(evaluate(&through_a_kernel)[1], evaluate(&alone)[0]);
}
