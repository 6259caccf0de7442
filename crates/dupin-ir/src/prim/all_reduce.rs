//! `all_reduce`: the sum over the replicas that run the same program side by side; every replica gets it. Linear.
//!
//! Several devices run one program, each on its own share of the data. What one program computes is then a function of all shares,
//! `(x_1, ..., x_R)`, and a value is either *replicated*, the same number everywhere, or *per replica*. This primitive maps `x_r` to
//! `Σ_s x_s` on every replica `r`: its matrix over all replicas is the block matrix of identities, which is symmetric, so it is its own
//! transpose. With that, `jvp` along a replicated tangent is the derivative along it, and `vjp` of a scalar `L_r` gives the replica's
//! share of the gradient of `Σ_s L_s` by a replicated parameter: the gradient itself is the `all_reduce` of the shares. Both hold
//! whether the primitive stands between the parameters and the loss (statistics of a batch that is spread over replicas) or behind
//! all derivatives (sums of gradients and products).
//!
//! On one replica, where the reference evaluator and the native executor run, it is the identity.
//!
//! C1: the operand is `f32` or `f64`.

use super::{Broken, Operand, Primitive, Sample, arity, batch_elementwise, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Sums over replicas, elementwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllReduce;

impl Primitive for AllReduce {
    fn name(&self) -> &'static str {
        "all_reduce"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(x.dtype.is_float(), "C1")?;
        Ok(x.clone())
    }
    fn eval(&self, x: &[&Array], _: &TensorType) -> Array {
        x[0].clone()
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.all_reduce(d))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, _: &[Operand]) -> Vec<Option<Value>> {
        vec![Some(b.all_reduce(ct))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let replicas: Vec<String> = (0..w.replicas()).map(|r| r.to_string()).collect();
        if replicas.len() < 2 {
            return x[0].clone();
        }
        let groups = format!("replica_groups = dense<[[{}]]> : tensor<1x{}xi64>", replicas.join(", "), replicas.len());
        w.combining("all_reduce", "add", &[&x[0]], &groups, out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl AllReduce {
    pub(crate) fn parse(name: &str, _: &Attrs) -> Option<Self> {
        (name == "all_reduce").then_some(Self)
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("matrix", Self, &[&[2, 3]]),
            Sample::legal("scalar", Self, &[&[]]),
            Sample::illegal("C1", Self, &[&[2]]).typed(0, DType::I32, 2),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stablehlo::{self, Options};
    use crate::transform::{jvp, vjp};

    fn text(replicas: usize) -> String {
        let mut b = Builder::new();
        let x = b.input("x", TensorType::new(DType::F32, [4]));
        let y = b.all_reduce(x);
        let program = b.program(&[x], &[y]).unwrap();
        stablehlo::print(&program, &Options { replicas, ..Options::default() })
    }

    #[test]
    fn all_replicas_are_one_group_and_one_replica_needs_no_sum() {
        let expected = r#"module @dupin {
  func.func public @main(%0: tensor<4xf32>) -> (tensor<4xf32>) {
    %1 = "stablehlo.all_reduce"(%0) ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) {replica_groups = dense<[[0, 1, 2]]> : tensor<1x3xi64>} : (tensor<4xf32>) -> tensor<4xf32>
    "func.return"(%1) : (tensor<4xf32>) -> ()
  }
}
"#;
        assert_eq!(text(3), expected);
        assert!(!text(1).contains("all_reduce") && text(1).contains("\"func.return\"(%0)"));
    }

    /// Neither derivative drops the sum: on several replicas a share that is missing would be a wrong gradient.
    #[test]
    fn derivatives_sum_over_replicas_too() {
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F64, [3]);
        let [x, v] = ["x", "v"].map(|name| b.input(name, ty.clone()));
        let y = b.all_reduce(x);
        let expected = b.all_reduce(v);
        assert_eq!(jvp(&mut b, &[y], &[x], &[Some(v)]), [Some(expected)]);
        assert_eq!(vjp(&mut b, &[y], &[Some(v)], &[x]), [Some(expected)]);
    }
}
