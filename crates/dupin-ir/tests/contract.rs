//! The contract of primitives, looped over the table of samples.

use dupin_ir::contract::{legal, operands, program};
use dupin_ir::prim::{Broken, Sample};
use dupin_ir::reference::{Array, evaluate};
use dupin_ir::transform::{batch_all, jvp, second_order, vjp};
use dupin_ir::{Builder, DType, Executor, Prim, Reference, TensorType, Value, text, verify};

fn inputs(b: &mut Builder, types: &[TensorType]) -> Vec<Value> {
    types.iter().map(|ty| b.input("x", ty.clone())).collect()
}

fn name(s: &Sample) -> String {
    format!("{} `{}`", s.prim.rules().name(), s.name)
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}

/// Directions for the float operands, in -1..1.
fn directions(s: &Sample, seed: u64) -> Vec<Array> {
    let types: Vec<TensorType> = s.operands.iter().filter(|t| t.dtype.is_float()).cloned().collect();
    let unit = Sample { operands: types, range: (-1.0, 1.0), ..s.clone() };
    operands(&unit, seed)
}

fn floats(s: &Sample, values: &[Value]) -> Vec<Value> {
    values.iter().zip(&s.operands).filter(|(_, t)| t.dtype.is_float()).map(|(&v, _)| v).collect()
}

#[test]
fn every_primitive_has_a_legal_sample_and_every_constraint_an_illegal_one() {
    let names: std::collections::BTreeSet<&str> = Prim::samples().iter().map(|s| s.prim.rules().name()).collect();
    assert!(names.len() > 45, "only {} named primitives have samples", names.len());
}

#[test]
fn illegal_samples_break_exactly_their_constraint() {
    for s in Prim::samples() {
        let types: Vec<&TensorType> = s.operands.iter().collect();
        match s.breaks {
            Some(c) => assert_eq!(s.prim.rules().infer(&types), Err(Broken(c)), "{}", name(&s)),
            None => assert!(s.prim.rules().infer(&types).is_ok(), "{}", name(&s)),
        }
    }
}

#[test]
fn evaluation_has_the_inferred_type_and_programs_round_trip_as_text() {
    for (seed, s) in legal().enumerate() {
        let p = program(&s);
        verify::verify_program(&p).unwrap();
        let y = evaluate(&p, &operands(&s, seed as u64)).remove(0);
        assert_eq!(&y.ty, p.graph().ty(p.outputs()[0]), "{}", name(&s));
        let printed = text::print(&p);
        let parsed = text::parse(&printed).unwrap_or_else(|e| panic!("{}: {e}\n{printed}", name(&s)));
        assert_eq!(text::print(&parsed), printed, "{}", name(&s));
    }
}

/// Central differences err by O(h²) from truncation and O(ε/h) from rounding. The step h = ε^(1/3) balances the two, so the
/// bound is a multiple of ε^(2/3): the multiple covers third derivatives up to about 64 times the scale of the values.
#[test]
fn jvp_agrees_with_central_differences() {
    let h = f64::EPSILON.cbrt();
    for (seed, s) in legal().enumerate() {
        let mut b = Builder::new();
        let x = inputs(&mut b, &s.operands);
        let y = b.push(s.prim.clone(), &x);
        let wrt = floats(&s, &x);
        if !b.ty(y).dtype.is_float() || wrt.is_empty() {
            continue;
        }
        let point = operands(&s, seed as u64);
        let along = directions(&s, !(seed as u64));
        let dx: Vec<Value> =
            wrt.iter().map(|&v| b.ty(v).clone()).collect::<Vec<_>>().into_iter().map(|ty| b.input("dx", ty)).collect();
        let tangents: Vec<Option<Value>> = dx.iter().copied().map(Some).collect();
        let dy = jvp(&mut b, &[y], &wrt, &tangents)[0].unwrap_or_else(|| b.splat_like(y, 0.0));
        let exact =
            evaluate(&b.program(&[x.clone(), dx].concat(), &[dy]).unwrap(), &[point.clone(), along.clone()].concat()).remove(0);
        let f = b.program(&x, &[y]).unwrap();
        let moved = |step: f64| {
            let mut along = along.iter();
            let at: Vec<Array> = point
                .iter()
                .map(|p| {
                    if !p.ty.dtype.is_float() {
                        return p.clone();
                    }
                    let v = along.next().unwrap();
                    Array::new(p.ty.clone(), p.data.iter().zip(&v.data).map(|(a, d)| a + step * d).collect())
                })
                .collect();
            evaluate(&f, &at).remove(0).data
        };
        let (plus, minus) = (moved(h), moved(-h));
        for (i, e) in exact.data.iter().enumerate() {
            let numeric = (plus[i] - minus[i]) / (2.0 * h);
            let tolerance = 64.0 * h * h * (1.0 + e.abs().max(plus[i].abs()));
            assert!(
                (e - numeric).abs() <= tolerance,
                "{}: element {i} of the tangent is {e}, differences give {numeric}",
                name(&s)
            );
        }
    }
}

/// The transposed second derivative is that of forward mode over forward mode, to rounding, alone and behind a curved function
/// whose result two nodes use.
#[test]
fn second_order_is_jvp_of_jvp() {
    let mut curved = 0;
    for (seed, s) in legal().enumerate() {
        for composed in [false, true] {
            let mut b = Builder::new();
            let x = inputs(&mut b, &s.operands);
            let wrt = floats(&s, &x);
            let mut at = x.clone();
            if composed {
                // x + x²/64: it stays in the sample's range but for a hair, and bends.
                at.iter_mut().filter(|v| wrt.contains(v)).for_each(|v| {
                    let square = b.mul(*v, *v);
                    let bent = b.scale(square, 1.0 / 64.0);
                    *v = b.add(*v, bent);
                });
            }
            let y = b.push(s.prim.clone(), &at);
            if !b.ty(y).dtype.is_float() || wrt.is_empty() {
                continue;
            }
            let square = b.mul(y, y);
            let ty = b.ty(y).clone();
            let cts = [b.input("c", ty.clone()), b.input("c", ty.clone())];
            let types: Vec<TensorType> = wrt.iter().map(|&v| b.ty(v).clone()).collect();
            let dx: Vec<Value> = types.into_iter().map(|ty| b.input("dx", ty)).collect();
            let tangents: Vec<Option<Value>> = dx.iter().copied().map(Some).collect();
            let outputs = [y, square];
            let form = second_order(&mut b, &outputs, &cts.map(Some), &wrt, &tangents);
            let first = jvp(&mut b, &outputs, &wrt, &tangents);
            let mut expected = b.scalar(DType::F64, 0.0);
            for (first, ct) in first.into_iter().zip(cts) {
                let second = first.and_then(|first| jvp(&mut b, &[first], &wrt, &tangents)[0]);
                if let Some(second) = second {
                    let term = b.inner(ct, second);
                    expected = b.add(expected, term);
                }
            }
            curved += usize::from(form.is_some());
            let form = form.unwrap_or_else(|| b.splat_like(expected, 0.0));
            let all = [x, cts.to_vec(), dx].concat();
            let weights = operands(&Sample { operands: vec![ty.clone(), ty], range: (-1.0, 1.0), ..s.clone() }, 7);
            let point = [operands(&s, seed as u64), weights, directions(&s, !(seed as u64))].concat();
            let out = evaluate(&b.program(&all, &[form, expected]).unwrap(), &point);
            let (form, expected) = (out[0].data[0], out[1].data[0]);
            // Sums of up to some thousand terms; those that cancel are of the size of the largest sample's values.
            let tolerance = 4096.0 * f64::EPSILON * (64.0 + expected.abs());
            assert!((form - expected).abs() <= tolerance, "{}: {form} against {expected}", name(&s));
        }
    }
    assert!(curved > 100, "only {curved} samples have a second derivative");
}

/// ⟨J v, u⟩ = ⟨v, Jᵀ u⟩ to rounding: at most a few hundred terms of order 1.
#[test]
fn vjp_is_the_transpose_of_jvp() {
    for (seed, s) in legal().enumerate() {
        let mut b = Builder::new();
        let x = inputs(&mut b, &s.operands);
        let y = b.push(s.prim.clone(), &x);
        let wrt = floats(&s, &x);
        if !b.ty(y).dtype.is_float() || wrt.is_empty() {
            continue;
        }
        let types: Vec<TensorType> = wrt.iter().map(|&v| b.ty(v).clone()).collect();
        let dx = inputs(&mut b, &types);
        let y_ty = b.ty(y).clone();
        let ct = b.input("ct", y_ty.clone());
        let tangents: Vec<Option<Value>> = dx.iter().copied().map(Some).collect();
        let jv = jvp(&mut b, &[y], &wrt, &tangents)[0].unwrap_or_else(|| b.splat_like(y, 0.0));
        let pulled = vjp(&mut b, &[y], &[Some(ct)], &wrt);
        let jtu: Vec<Value> = pulled.iter().zip(&wrt).map(|(c, &v)| c.unwrap_or_else(|| b.splat_like(v, 0.0))).collect();
        let all = [x.clone(), dx, vec![ct]].concat();
        let p = b.program(&all, &[vec![jv], jtu].concat()).unwrap();
        let v = directions(&s, seed as u64 + 1000);
        let u = operands(&Sample { operands: vec![y_ty], range: (-1.0, 1.0), ..s.clone() }, seed as u64 + 2000);
        let out = evaluate(&p, &[operands(&s, seed as u64), v.clone(), u.clone()].concat());
        let left = dot(&out[0].data, &u[0].data);
        let right: f64 = out[1..].iter().zip(&v).map(|(a, b)| dot(&a.data, &b.data)).sum();
        let scale: f64 = 1.0 + out.iter().flat_map(|a| &a.data).map(|v| v.abs()).sum::<f64>();
        assert!((left - right).abs() <= 256.0 * f64::EPSILON * scale, "{}: {left} against {right}", name(&s));
    }
}

/// Batching equals a loop, for every choice of batched operands. The same products are summed in the same order per element.
#[test]
fn batch_is_a_loop() {
    let k = 3;
    for (seed, s) in legal().enumerate() {
        let n = s.operands.len();
        for mask in 1..(1_usize << n) {
            let mut b = Builder::new();
            let x = inputs(&mut b, &s.operands);
            let y = b.push(s.prim.clone(), &x);
            let single = b.program(&x, &[y]).unwrap();
            let is = |i: usize| mask >> i & 1 == 1;
            let types: Vec<TensorType> = (0..n).filter(|&i| is(i)).map(|i| s.operands[i].batched(k)).collect();
            let batched = inputs(&mut b, &types);
            let from: Vec<Value> = (0..n).filter(|&i| is(i)).map(|i| x[i]).collect();
            let z = batch_all(&mut b, &[y], &from, &batched)[0];
            let rest: Vec<Value> = (0..n).filter(|&i| !is(i)).map(|i| x[i]).collect();
            let p = b.program(&[batched, rest].concat(), &[z]).unwrap();
            let runs: Vec<Vec<Array>> = (0..k as u64).map(|j| operands(&s, seed as u64 * 17 + j)).collect();
            let stacked = (0..n).filter(|&i| is(i)).map(|i| {
                let data = runs.iter().flat_map(|r| r[i].data.clone()).collect();
                Array::new(s.operands[i].batched(k), data)
            });
            let shared = (0..n).filter(|&i| !is(i)).map(|i| runs[0][i].clone());
            let found = evaluate(&p, &stacked.chain(shared).collect::<Vec<_>>()).remove(0);
            let mut expected = Vec::new();
            for run in &runs {
                let at: Vec<Array> = (0..n).map(|i| if is(i) { run[i].clone() } else { runs[0][i].clone() }).collect();
                expected.extend(evaluate(&single, &at).remove(0).data);
            }
            assert_eq!(found.data.len(), expected.len(), "{} mask {mask:b}", name(&s));
            for (f, e) in found.data.iter().zip(&expected) {
                assert!((f - e).abs() <= 1e-14 * (1.0 + e.abs()), "{} mask {mask:b}: {f} against {e}", name(&s));
            }
        }
    }
}

#[test]
fn the_reference_executor_passes_the_executor_contract() {
    assert!(dupin_ir::contract::check_executor(&Reference).unwrap() > 100);
    assert_eq!(Reference.name(), "reference");
}

#[test]
fn type_errors_name_the_call_the_primitive_and_the_operands() {
    let mut b = Builder::new();
    let x = b.input("x", TensorType::new(DType::F32, [2]));
    let y = b.input("y", TensorType::new(DType::F32, [3]));
    let z = b.add(x, y);
    let message = b.program(&[x, y], &[z]).unwrap_err().to_string();
    assert!(
        message.contains("tests/contract.rs:")
            && message.ends_with("`add` breaks its constraint C1 on operands [f32[2], f32[3]]"),
        "{message}"
    );
}

#[test]
fn an_input_that_is_not_listed_is_an_error() {
    let mut b = Builder::new();
    let x = b.input("x", TensorType::new(DType::F32, [2]));
    let y = b.exp(x);
    let message = b.program(&[], &[y]).unwrap_err().to_string();
    assert!(
        message.ends_with("the outputs depend on an input of type f32[2] that is not listed among the program's inputs"),
        "{message}"
    );
}
