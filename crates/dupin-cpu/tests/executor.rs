//! The executor against the reference evaluator.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "nets/mod.rs"]
mod nets;

use dupin_cpu::Cpu;

#[test]
fn the_executor_contract_holds() {
    for threads in [1, 2] {
        let checked = dupin_ir::contract::check_executor(&Cpu::new(Some(threads)).unwrap()).unwrap();
        assert!(checked > 200, "{checked}");
    }
}

use dupin_ir::prim::activation::Kind;
use dupin_ir::prim::{BinaryOp, CompareOp, DotGeneral, UnaryOp};
use dupin_ir::reference::Array;
use dupin_ir::transform::stage;
use dupin_ir::{Buffer, Builder, DType, Data, ExecError, Executor, Program, Reference, Tensor, TensorType, Value, reference};
use nets::{Draws, Net};

fn programs(dtype: DType) -> Vec<(&'static str, Program)> {
    let net = |(input, layers): (Vec<usize>, Vec<nets::Layer>), kind| Net::new(&input, &layers, kind, dtype);
    vec![
        ("mlp gradient", net(nets::small_mlp(), "gelu").gradient()),
        ("mlp split", net(nets::small_mlp(), "tanh").split()),
        ("mlp block", net(nets::small_mlp(), "silu").split_block(3)),
        ("cnn gradient", net(nets::small_cnn(), "relu").gradient()),
        ("cnn split", net(nets::small_cnn(), "gelu").split()),
        ("cnn block", net(nets::small_cnn(), "relu~beta_gelu:4").split_block(2)),
    ]
}

fn run(cpu: &Cpu, program: &Program, inputs: &[Tensor]) -> Vec<Tensor> {
    cpu.evaluate(program, inputs).unwrap()
}

/// Every operation errs by a few units of its result; a net of 20 layers with sums of up to 1,000 terms amplifies them. Compared
/// with the largest entry of all results, 2^14 units are far above rounding and far below an error of meaning.
#[test]
fn programs_equal_the_reference() {
    for dtype in [DType::F64, DType::F32] {
        for (name, program) in programs(dtype) {
            let inputs = nets::inputs(&program, 3);
            let arrays: Vec<Array> = inputs.iter().map(|t| Array::new(t.ty(), t.to_f64())).collect();
            let expected = reference::evaluate(&program, &arrays);
            let largest = expected.iter().flat_map(|a| &a.data).fold(0.0, |m: f64, v| m.max(v.abs()));
            assert!(largest > 1e-3 && largest < 1e3, "{name}: {largest}");
            for (i, (found, expected)) in run(&Cpu::new(Some(2)).unwrap(), &program, &inputs).iter().zip(&expected).enumerate() {
                assert_eq!(found.ty(), expected.ty, "{name}");
                for (f, e) in found.to_f64().iter().zip(&expected.data) {
                    assert!(
                        (f - e).abs() <= 16384.0 * dtype.epsilon() * largest,
                        "{name} in {dtype}, output {i}: {f} against {e}"
                    );
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_on_earlier_runs() {
    let one = Cpu::new(Some(1)).unwrap();
    let mut all = programs(DType::F32);
    // Large enough for many tasks of every kind.
    let wide = (vec![300, 100], vec![nets::Layer::Dense(100, 257), nets::Layer::Act, nets::Layer::Dense(257, 10)]);
    all.push(("wide mlp", Net::new(&wide.0, &wide.1, "gelu", DType::F32).split()));
    let conv = (
        vec![24, 20, 20, 3],
        vec![
            nets::Layer::Conv(3, 40, 3, 1),
            nets::Layer::Act,
            nets::Layer::MaxPool,
            nets::Layer::Conv(40, 24, 3, 2),
            nets::Layer::Act,
            nets::Layer::Pool,
            nets::Layer::Dense(24, 10),
        ],
    );
    all.push(("wide cnn", Net::new(&conv.0, &conv.1, "gelu", DType::F32).split()));
    for (name, program) in all {
        let inputs = nets::inputs(&program, 5);
        let expected = run(&one, &program, &inputs);
        for threads in [2, 5] {
            let cpu = Cpu::new(Some(threads)).unwrap();
            let compiled = cpu.compile(&program).unwrap();
            let buffers: Vec<Buffer> = inputs.iter().map(|t| cpu.upload(t.clone()).unwrap()).collect();
            let buffers: Vec<&Buffer> = buffers.iter().collect();
            for _ in 0..3 {
                let found: Vec<Tensor> = compiled.run(&buffers).unwrap().iter().map(|b| cpu.download(b).unwrap()).collect();
                assert_eq!(found, expected, "{name} with {threads} threads");
            }
            std::thread::scope(|scope| {
                let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| compiled.run(&buffers).unwrap())).collect();
                for run in runs {
                    let found: Vec<Tensor> = run.join().unwrap().iter().map(|b| cpu.download(b).unwrap()).collect();
                    assert_eq!(found, expected, "{name}, concurrent runs");
                }
            });
        }
    }
}

/// Memory of results that nobody holds is written again; results that somebody holds never change.
#[test]
fn results_reuse_memory_and_never_change_under_their_holder() {
    let cpu = Cpu::new(Some(2)).unwrap();
    for (name, program) in programs(DType::F32) {
        let compiled = cpu.compile(&program).unwrap();
        let result = |seed: u64| {
            let inputs: Vec<Buffer> = nets::inputs(&program, seed).into_iter().map(|t| cpu.upload(t).unwrap()).collect();
            compiled.run(&inputs.iter().collect::<Vec<_>>()).unwrap()
        };
        let fresh = |seed: u64| run(&cpu, &program, &nets::inputs(&program, seed));
        let read = |all: &[Buffer]| -> Vec<Tensor> { all.iter().map(|b| cpu.download(b).unwrap()).collect() };
        let address = |all: &[Buffer]| match all[0].handle::<Tensor>().unwrap().data() {
            Data::F32(values) => values.as_ptr(),
            _ => unreachable!("these programs are in f32"),
        };
        let held = result(1);
        let first = address(&result(2));
        assert_eq!(address(&result(3)), first, "{name}: dropped results are memory");
        for seed in 4..8 {
            assert_eq!(read(&result(seed)), fresh(seed), "{name}: old values shine through");
        }
        assert_eq!(read(&held), fresh(1), "{name}: a result was overwritten");
    }
}

#[test]
fn a_staged_program_gives_the_values_of_the_whole() {
    let (input, layers) = nets::small_mlp();
    let program = Net::new(&input, &layers, "gelu", DType::F64).split();
    let mut b = Builder::new();
    let values: Vec<Value> = program.inputs().iter().map(|&v| b.input("x", program.graph().ty(v).clone())).collect();
    let mut map: Vec<Option<Value>> = vec![None; program.graph().len()];
    program.inputs().iter().zip(&values).for_each(|(p, &v)| map[p.index()] = Some(v));
    for (i, node) in program.graph().nodes().iter().enumerate() {
        if map[i].is_none() {
            let operands: Vec<Value> = node.operands.iter().map(|o| map[o.index()].unwrap()).collect();
            map[i] = Some(b.push(node.prim.clone(), &operands));
        }
    }
    let outputs: Vec<Value> = program.outputs().iter().map(|o| map[o.index()].unwrap()).collect();
    let (fixed, varying) = values.split_at(values.len() - 6);
    let staged = stage(&b, &outputs, fixed, varying).unwrap();
    let cpu = Cpu::new(Some(2)).unwrap();
    let inputs = nets::inputs(&program, 11);
    let residuals = run(&cpu, &staged.first, &inputs[..inputs.len() - 6]);
    let parts = run(&cpu, &staged.rest, &[inputs[inputs.len() - 6..].to_vec(), residuals].concat());
    for (a, b) in parts.iter().zip(run(&cpu, &program, &inputs)) {
        for (x, y) in a.to_f64().iter().zip(b.to_f64()) {
            assert!((x - y).abs() <= 1e-12 * (1.0 + y.abs()), "{x} against {y}");
        }
    }
}

/// Random expressions over views: elementwise operations, broadcasts, transposes, reshapes, slices, reversals, sums and maxima.
#[test]
fn random_expressions_equal_the_reference() {
    for seed in 0..300 {
        let mut draw = Draws(seed);
        let dtype = if seed % 2 == 0 { DType::F64 } else { DType::F32 };
        let mut b = Builder::new();
        let sizes = [1, 2, 3, 4, 6, 8, 30];
        let shape: Vec<usize> = (0..=draw.below(3)).map(|_| sizes[draw.below(sizes.len())]).collect();
        let scale = if seed % 50 == 0 { 70 } else { 1 };
        let shape: Vec<usize> = [vec![shape[0] * scale], shape[1..].to_vec()].concat();
        let mut values: Vec<Value> = (0..3).map(|i| b.input(&format!("x{i}"), TensorType::new(dtype, shape.clone()))).collect();
        let inputs = values.clone();
        let kinds: [Kind; 4] = ["gelu", "silu~none", "tanh", "relu~beta_gelu:4"].map(|k| k.parse().unwrap());
        for _ in 0..14 {
            let x = values[draw.below(values.len())];
            let ty = b.ty(x).clone();
            let same: Vec<Value> = values.iter().copied().filter(|&v| b.ty(v) == &ty).collect();
            let y = same[draw.below(same.len())];
            let rank = ty.rank();
            let axis = draw.below(rank.max(1));
            let v = match draw.below(18) {
                0 => b.push(
                    dupin_ir::prim::Unary(
                        [UnaryOp::Negate, UnaryOp::Tanh, UnaryOp::Erf, UnaryOp::Abs, UnaryOp::Sine][draw.below(5)],
                    ),
                    &[x],
                ),
                1 | 2 => b.push(
                    dupin_ir::prim::Binary(
                        [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::Maximum][draw.below(4)],
                    ),
                    &[x, y],
                ),
                3 | 4 => b.activation(kinds[draw.below(4)], draw.below(4) as u8, x),
                5 => {
                    let condition = b.compare(CompareOp::Lt, x, y);
                    b.select(condition, y, x)
                }
                6 => b.scale(x, 0.5),
                7 if rank > 1 => {
                    let order: Vec<usize> = (0..rank).rev().collect();
                    b.transpose(x, &order)
                }
                // Products of values with themselves or others, their axes moved, and sums of such: what batching makes.
                14 | 15 if rank > 1 && ty.len() <= 240 => {
                    let batch = usize::from(axis == 0);
                    let dims = if draw.below(2) == 0 {
                        DotGeneral {
                            lhs_batch: vec![batch],
                            rhs_batch: vec![batch],
                            lhs_contracting: vec![axis],
                            rhs_contracting: vec![axis],
                        }
                    } else {
                        DotGeneral::contracting(axis, axis)
                    };
                    let product = |b: &mut Builder, x: Value, y: Value| {
                        let p = b.dot_general(x, y, dims.clone());
                        let shape = b.ty(p).shape.clone();
                        let merged = b.reshape(
                            p,
                            &[vec![shape[..shape.len() - 1].iter().product()], shape[shape.len() - 1..].to_vec()].concat(),
                        );
                        b.transpose(merged, &[1, 0])
                    };
                    let half = b.scale(y, 0.5);
                    let (first, second) = (product(&mut b, x, y), product(&mut b, half, x));
                    let sum = b.add(first, second);
                    b.scale(sum, 1.0 / ty.shape[axis] as f64)
                }
                16 if rank == 3 && ty.len() <= 240 => b.transpose(x, &[1, 0, 2]),
                17 if rank == 2 && ty.len() <= 2000 && ty.shape[0].is_multiple_of(2) => {
                    let split = b.reshape(x, &[2, ty.shape[0] / 2, ty.shape[1]]);
                    let moved = b.transpose(split, &[1, 2, 0]);
                    b.reshape(moved, &[ty.shape[0] / 2, ty.shape[1] * 2])
                }
                8 => b.reshape(x, &[ty.len()]),
                9 if rank > 0 => b.reduce_sum(x, &[axis]),
                10 if rank > 0 => b.reduce_max(x, &[axis]),
                11 if rank > 0 => b.reverse(x, &[axis]),
                12 if rank > 0 && ty.shape[axis] > 1 => {
                    let from = b.slice_axis(x, axis, 1, ty.shape[axis]);
                    let (mut low, zero) = (vec![0; rank], vec![0; rank]);
                    low[axis] = 1;
                    b.pad(from, 0.25, &low, &zero, &vec![0; rank])
                }
                _ if rank < 4 && ty.len() < 4000 => {
                    b.broadcast(x, &[ty.shape.clone(), vec![3]].concat(), &(0..rank).collect::<Vec<_>>())
                }
                _ => b.sum(x),
            };
            values.push(v);
        }
        let outputs: Vec<Value> = values[values.len() - 6..].to_vec();
        let program = b.program(&inputs, &outputs).unwrap();
        let tensors: Vec<Tensor> = inputs
            .iter()
            .map(|&v| Tensor::from_f64(b.ty(v), &(0..b.ty(v).len()).map(|_| 2.0 * draw.next() - 1.0).collect::<Vec<_>>()))
            .collect();
        let arrays: Vec<Array> = tensors.iter().map(|t| Array::new(t.ty(), t.to_f64())).collect();
        let expected = reference::evaluate(&program, &arrays);
        // Comparisons of nearly equal numbers may go either way in f32: such seeds are rare and told by the f64 run.
        let found = run(&Cpu::new(Some(1 + seed as usize % 3)).unwrap(), &program, &tensors);
        for (i, (f, e)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(f.ty(), e.ty);
            // Sums of up to 10^5 terms of a chain of 14 operations: relative to the largest entry of the result.
            let largest = e.data.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
            for (f, e) in f.to_f64().iter().zip(&e.data) {
                assert!(
                    (f - e).abs() <= 4096.0 * dtype.epsilon() * largest,
                    "seed {seed}, output {i}: {f} against {e}\n{}",
                    dupin_ir::text::print(&program)
                );
            }
        }
    }
}

#[test]
fn an_input_or_a_constant_can_be_a_result() {
    let mut b = Builder::new();
    let ty = TensorType::new(DType::F32, [2, 2]);
    let x = b.input("x", ty.clone());
    let c = b.splat(&ty, 3.0);
    let t = b.transpose(x, &[1, 0]);
    let flat = b.reshape(x, &[4]);
    let program = b.program(&[x], &[x, c, t, flat, t]).unwrap();
    let tensor = Tensor::f32([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    let found = run(&Cpu::new(None).unwrap(), &program, std::slice::from_ref(&tensor));
    assert_eq!(found, Reference.evaluate(&program, &[tensor]).unwrap());
}

#[test]
fn wrong_inputs_are_errors() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let mut b = Builder::new();
    let x = b.input("weights", TensorType::new(DType::F32, [2]));
    let y = b.exp(x);
    let compiled = cpu.compile(&b.program(&[x], &[y]).unwrap()).unwrap();
    let message = |r: Result<Vec<Buffer>, ExecError>| r.unwrap_err().to_string();
    assert_eq!(message(compiled.run(&[])), "the program takes 1 inputs, 0 were given");
    let wrong = cpu.upload(Tensor::f32([3], vec![0.0; 3])).unwrap();
    assert_eq!(message(compiled.run(&[&wrong])), "input 0 (`weights`) must be f32[2], f32[3] was given");
    let foreign = Buffer::new(TensorType::new(DType::F32, [2]), std::sync::Arc::new("elsewhere"));
    assert!(message(compiled.run(&[&foreign])).contains("does not belong to the executor `cpu`"));
}

#[test]
fn memory_is_known_before_running_and_limited() {
    let (input, layers) = nets::mlp();
    let program = || Net::new(&input, &layers, "gelu", DType::F32).gradient();
    let cpu = Cpu::new(Some(2)).unwrap();
    let peak = cpu.compile(&program()).unwrap().peak_bytes();
    let error = cpu.clone().with_memory_limit(peak / 2).compile(&program()).err().expect("half of what is needed");
    let ExecError::OutOfMemory { needed, limit, fitting_percent } = error else { panic!("{error}") };
    assert_eq!((needed, limit), (peak, peak / 2));
    assert!((1..50).contains(&fitting_percent), "{fitting_percent}");
    assert!(cpu.with_memory_limit(peak).compile(&program()).is_ok());
}

/// `(x + bias) · y`, where `y` repeats along the slow axis and `bias` along the middle one, in sizes of one and of many tasks, and its
/// sums; integers, so that every operation is exact.
#[test]
fn operands_that_repeat_along_a_slow_axis() {
    for (probes, rows, columns) in
        [(2, 3, 5), (3, 1, 8192), (8, 512, 32), (5, 700, 33), (4, 97, 101), (3, 40961, 1), (2, 131_072, 40)]
    {
        let n = probes * rows * columns;
        let mut b = Builder::new();
        let mut input = |name, shape: Vec<usize>| b.input(name, TensorType::new(DType::F32, shape));
        let (x, y) = (input("x", vec![probes, rows, columns]), input("y", vec![rows, columns]));
        let bias = input("bias", vec![probes, columns]);
        let shape = [probes, rows, columns];
        let (wide_y, wide_bias) = (b.broadcast(y, &shape, &[1, 2]), b.broadcast(bias, &shape, &[0, 2]));
        let shifted = b.add(x, wide_bias);
        let z = b.mul(shifted, wide_y);
        let sums = b.reduce_sum(z, &[1]);
        let alone = b.program(&[x, y, bias], &[z]).unwrap();
        let summed = b.program(&[x, y, bias], &[z, sums]).unwrap();
        let small = |n: usize, of: usize| (0..n).map(|i| (i * 7 % of) as f32 - 2.0).collect::<Vec<_>>();
        let (xs, ys, biases) = (small(n, 11), small(rows * columns, 5), small(probes * columns, 13));
        let expected: Vec<f32> =
            (0..n).map(|i| (xs[i] + biases[i / (rows * columns) * columns + i % columns]) * ys[i % (rows * columns)]).collect();
        let mut totals = vec![0.0; probes * columns];
        expected.iter().enumerate().for_each(|(i, v)| totals[i / (rows * columns) * columns + i % columns] += v);
        let inputs = [Tensor::f32(shape, xs), Tensor::f32([rows, columns], ys), Tensor::f32([probes, columns], biases)];
        for threads in [1, 3] {
            let cpu = Cpu::new(Some(threads)).unwrap();
            let expected = Tensor::f32(shape, expected.clone());
            assert_eq!(run(&cpu, &alone, &inputs), std::slice::from_ref(&expected), "{shape:?}");
            assert_eq!(run(&cpu, &summed, &inputs), [expected, Tensor::f32([probes, columns], totals.clone())], "{shape:?}");
        }
    }
}

/// A chain of elementwise operations needs one buffer however long it is, and a chain of products two.
#[test]
fn memory_is_reused() {
    let n = 256;
    let mut b = Builder::new();
    let ty = TensorType::new(DType::F32, [n, n]);
    let x = b.input("x", ty.clone());
    let mut h = x;
    for _ in 0..10 {
        h = b.matmul(h, x);
        h = b.tanh(h);
        h = b.transpose(h, &[1, 0]);
    }
    let s = b.sum(h);
    let compiled = Cpu::new(Some(1)).unwrap().compile_plan(&b.program(&[x], &[s]).unwrap()).unwrap();
    let one = ty.bytes();
    assert!(compiled.arena_bytes() <= 2 * one + 4096, "{} for a tensor of {one}", compiled.arena_bytes());
}

#[test]
fn kernels_are_few() {
    let (input, layers) = nets::mlp();
    let compiled = Cpu::new(Some(1)).unwrap().compile_plan(&Net::new(&input, &layers, "gelu", DType::F32).gradient()).unwrap();
    // 3 products forward, 2 + 3 backward; activations with their slopes, slopes times cotangents with bias gradients; the loss.
    assert!(compiled.kernels() <= 18, "{compiled}");
    assert!(compiled.to_string().contains("contract"), "{compiled}");
}

#[test]
fn a_profile_names_every_kernel_and_accounts_for_the_time() {
    let (_, program) = programs(DType::F32).remove(0);
    let cpu = Cpu::new(Some(2)).unwrap();
    let compiled = cpu.compile_plan(&program).unwrap();
    let inputs: Vec<dupin_ir::Buffer> =
        program.inputs().iter().map(|&v| cpu.upload(Tensor::zeros(program.graph().ty(v))).unwrap()).collect();
    let inputs: Vec<&dupin_ir::Buffer> = inputs.iter().collect();
    // A clock that moves by 1 at every look: each kernel takes exactly that.
    let ticks = std::sync::atomic::AtomicU32::new(0);
    let clock = || f64::from(ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let times = compiled.profile(&inputs, &clock).unwrap();
    assert_eq!(times.len(), compiled.kernels());
    assert!(times.iter().all(|k| k.seconds == 1.0 && k.bytes > 0 && !k.kernel.is_empty()));
    assert_eq!(times.iter().map(|k| k.bytes).sum::<usize>(), compiled.bytes_moved());
    assert!(compiled.profile(&inputs[1..], &clock).is_err());
}
