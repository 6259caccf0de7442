//! The probe of `tr G` as an expression that can be differentiated: what penalises a trace by structured probes.

use dupin_ir::prim::Prim;
use dupin_ir::{Builder, Value};

use super::class::analyse;
use super::walk::walk;
use crate::Outside;

/// `Σ_n ‖J_nᵀ u_n‖²`, a scalar: the squared norms of what each example's cotangent `u_n` of its logits gives in the parameters.
///
/// With `E u_n u_nᵀ = H_z` of the example it is `tr G` in expectation, as `‖Σ_n J_nᵀ u_n‖²` is, but without the products of different
/// examples, which are noise. An expression of the graph: `u` may depend on the logits, and the whole can be differentiated.
///
/// # Shapes
/// `logits, u: [n, outputs]`, examples along the first axis.
///
/// # Cost
/// 2F beyond the primal pass: a backward pass and the inner products of per-example gradients.
///
/// # Errors
/// [`Outside`] says why a network is not of the class of structured probes.
///
/// # Source
/// Dangel et al. (2020), "BackPACK", arXiv 1912.10985, for the squares; as a penalty our own.
pub fn squared_gradients(b: &mut Builder, logits: Value, params: &[Value], u: Value) -> Result<Value, Outside> {
    let name = |&p: &Value| match &b.graph().node(p).prim {
        Prim::Input(input) => input.name.clone(),
        _ => p.to_string(),
    };
    let names: Vec<String> = params.iter().map(name).collect();
    let network = analyse(b, logits, params, &names)?;
    let blocks = walk(b, &network, logits, params.len(), None, Some(u)).blocks;
    let mut total = b.scalar(b.ty(logits).dtype, 0.0);
    for of_examples in blocks.iter().filter_map(|block| block.gauss_newton) {
        let sum = b.reduce_sum(of_examples, &[0]);
        total = b.add(total, sum);
    }
    Ok(total)
}
