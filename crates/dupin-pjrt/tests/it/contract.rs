//! The contract of executors.

use dupin_ir::contract::check_executor;
use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType};

use super::device;

#[test]
fn the_executor_contract_holds_on_a_plugin() {
    let Some(device) = device() else { return };
    let checked = check_executor(&device).unwrap();
    assert!(checked > 200, "{checked}");
}

/// Uniform numbers and signs are equal to the last bit, normal ones to the rounding of a logarithm, a root and a cosine.
#[test]
fn random_numbers_are_those_of_every_executor() {
    use dupin_ir::prim::Rng;
    use dupin_ir::prim::rng::Distribution;
    let Some(device) = device() else { return };
    for distribution in [Distribution::Uniform, Distribution::Normal, Distribution::Rademacher] {
        for dtype in [DType::F32, DType::F64] {
            let mut b = Builder::new();
            let key = b.input("key", TensorType::new(DType::U32, [2]));
            let y = b.push(Rng { distribution, ty: TensorType::new(dtype, [33, 31]) }, &[key]);
            let program = b.program(&[key], &[y]).unwrap();
            let inputs = [Tensor::u32([2], vec![0xDEAD_BEEF, 42])];
            let found = device.evaluate(&program, &inputs).unwrap().remove(0);
            let expected = Reference.evaluate(&program, &inputs).unwrap().remove(0);
            if distribution == Distribution::Normal {
                for (f, e) in found.to_f64().iter().zip(expected.to_f64()) {
                    assert!((f - e).abs() <= 8.0 * dtype.epsilon() * (1.0 + e.abs()), "{f} against {e}");
                }
            } else {
                assert_eq!(found, expected, "{distribution:?} {dtype}");
            }
        }
    }
}
