//! Products of less than `f32`: what they lose.

use std::path::Path;

use dupin_cpu::Cpu;
use dupin_ir::stablehlo::Precision;
use dupin_ir::{Builder, DType, Executor, Tensor, TensorType};
use dupin_pjrt::{Options, Pjrt};

use super::models::build;
use super::plugin;

fn at(precision: Precision) -> Option<Pjrt> {
    plugin().map(|path| Pjrt::load(&path, &Options { precision, ..Options::default() }).unwrap())
}

/// Products in bfloat16 with sums in f32: each operand is off by at most 2^-9 of itself (rounding to nearest), so a product of two by
/// 2^-8, a sum by that of its terms' sizes.
#[test]
fn reduced_precision_errs_as_stated() {
    let (Some(exact), Some(half)) = (at(Precision::Exact), at(Precision::Bf16)) else { return };
    let n = 64;
    let mut b = Builder::new();
    let (x, y) = (b.input("x", TensorType::new(DType::F32, [n, n])), b.input("y", TensorType::new(DType::F32, [n, n])));
    let z = b.matmul(x, y);
    let program = b.program(&[x, y], &[z]).unwrap();
    let values =
        |seed: usize| Tensor::f32([n, n], (0..n * n).map(|i| ((i * 7919 + seed) % 1009) as f32 / 1009.0 + 0.5).collect());
    let inputs = [values(1), values(2)];
    let value = |device: &Pjrt| device.evaluate(&program, &inputs).unwrap().remove(0).to_f64();
    let (exact, half) = (value(&exact), value(&half));
    let worst = exact.iter().zip(&half).map(|(e, h)| (e - h).abs() / e).fold(0.0, f64::max);
    assert!(worst <= 2f64.powi(-8) && worst > 2f64.powi(-16), "{worst}");
}

/// `‖found - exact‖ / ‖exact‖` of gradient, `Gv`, `Nv` and `Hv` of a fixture, against `f64`.
fn errors(device: &Pjrt, fixture: &str) -> [f64; 4] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oracle").join(fixture);
    let flat = |tensors: &[Tensor]| tensors.iter().flat_map(Tensor::to_f64).collect::<Vec<_>>();
    let (program, inputs) = build(&path, DType::F64);
    let exact = Cpu::new(Some(1)).unwrap().evaluate(&program, &inputs).unwrap();
    let (program, inputs) = build(&path, DType::F32);
    let found = device.evaluate(&program, &inputs).unwrap();
    let n = exact.len() / 4;
    [0, 1, 2, 3].map(|part| {
        let (found, exact) = (flat(&found[part * n..(part + 1) * n]), flat(&exact[part * n..(part + 1) * n]));
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
        norm(&mut found.iter().zip(&exact).map(|(f, e)| f - e)) / norm(&mut exact.iter().copied())
    })
}

/// Errors of whole products, which pass through some ten contractions. Measured, of the gradient, `Gv`, `Nv` and `Hv`: in bf16 0.50, 0.72, 0.56
/// and 0.68 % of the norm for the dense network, 0.19, 0.28, 0.42 and 0.37 % for the other, in f32 at most 2.4e-7. That is one to four
/// times the 2^-9 by which an operand may be off. Processors have no TF32: there what may lose bits does not.
#[test]
fn products_of_networks_lose_what_is_documented() {
    for fixture in ["mlp_gelu.safetensors", "cnn_stride_avgpool_gelu.safetensors"] {
        let (Some(exact), Some(half), Some(tf32)) = (at(Precision::Exact), at(Precision::Bf16), at(Precision::Tf32)) else {
            return;
        };
        let (single, half, tf32) = (errors(&exact, fixture), errors(&half, fixture), errors(&tf32, fixture));
        for part in 0..4 {
            assert!(single[part] < 1e-5, "{fixture}: {single:?}");
            assert!(single[part] < half[part] && half[part] < 8.0 * 2f64.powi(-9), "{fixture}: {half:?}");
            // TF32 lies between the two; on a TPU it is bfloat16.
            assert!(tf32[part] < 8.0 * 2f64.powi(-9), "{fixture}: {tf32:?}");
        }
    }
}
