//! Curvature products as expressions: more nodes of the graph that the loss is in.
//!
//! With `F` the cost of a forward pass: the gradient costs 3F; beyond it, the tangent pass `ż = J v` costs 2F, `G v` another 2F,
//! `N v` another 4F. So `{Hv, Gv, Nv}` cost 3F once and 8F per vector: they share `ż`, and `N v` reuses the gradient's cotangents.

use dupin_ir::transform::{jvp, second_order, vjp};
use dupin_ir::{Builder, Value};

use crate::traced::Traced;

/// Gradient and what second-order products share with it.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// `∂L/∂z`, with `z` taken as independent.
    pub residual: Value,
    /// `∇_θ L = Jᵀ ∂L/∂z`, one per parameter.
    pub params: Vec<Value>,
}

/// Products with one vector.
#[derive(Clone, Debug)]
pub struct SplitProducts {
    /// `G v = Jᵀ H_z J v`, one per parameter.
    pub gauss_newton: Vec<Value>,
    /// `N v = (∂L/∂z · ∇²_θ z) v`, one per parameter.
    pub nme: Vec<Value>,
}

fn or_zeros(b: &mut Builder, values: &[Option<Value>], like: &[Value]) -> Vec<Value> {
    values.iter().zip(like).map(|(v, &l)| v.unwrap_or_else(|| b.splat_like(l, 0.0))).collect()
}

/// `∇_θ L`. Cost: 3F with the forward pass.
pub fn gradient(b: &mut Builder, loss: Value, logits: Value, params: &[Value]) -> Gradient {
    let dtype = b.ty(loss).dtype;
    let one = b.scalar(dtype, 1.0);
    let residual = vjp(b, &[loss], &[Some(one)], &[logits])[0].unwrap_or_else(|| b.splat_like(logits, 0.0));
    let params = {
        let cts = vjp(b, &[logits], &[Some(residual)], params);
        or_zeros(b, &cts, params)
    };
    Gradient { residual, params }
}

/// `J v`, the tangent of the logits. Cost: 2F.
pub fn tangent(b: &mut Builder, logits: Value, params: &[Value], v: &[Value]) -> Value {
    let tangents: Vec<Option<Value>> = v.iter().copied().map(Some).collect();
    jvp(b, &[logits], params, &tangents)[0].unwrap_or_else(|| b.splat_like(logits, 0.0))
}

/// `H_z u`: the loss's own curvature in the logits.
pub fn loss_curvature(b: &mut Builder, g: &Gradient, logits: Value, u: Value) -> Value {
    jvp(b, &[g.residual], &[logits], &[Some(u)])[0].unwrap_or_else(|| b.splat_like(logits, 0.0))
}

/// `H v`, forward over reverse (Pearlmutter, 1994). Cost: 6F beyond the gradient.
pub fn hessian(b: &mut Builder, g: &Gradient, params: &[Value], v: &[Value]) -> Vec<Value> {
    let tangents: Vec<Option<Value>> = v.iter().copied().map(Some).collect();
    let hv = jvp(b, &g.params, params, &tangents);
    or_zeros(b, &hv, params)
}

/// `G v` (Schraudolph, 2002). Cost: 4F beyond the forward pass.
pub fn gauss_newton(b: &mut Builder, g: &Gradient, logits: Value, params: &[Value], v: &[Value]) -> Vec<Value> {
    let dz = tangent(b, logits, params, v);
    let u = loss_curvature(b, g, logits, dz);
    let gv = vjp(b, &[logits], &[Some(u)], params);
    or_zeros(b, &gv, params)
}

/// `N v`: the derivative of `Jᵀ c` along `v` with the residual `c = ∂L/∂z` held constant. Never `Hv - Gv`, which cancels near
/// interpolation. Cost: 6F beyond the gradient, 4F where the tangent pass is shared with `G v`.
pub fn nme(b: &mut Builder, g: &Gradient, params: &[Value], v: &[Value]) -> Vec<Value> {
    let held: Vec<Value> = params.iter().copied().chain([g.residual]).collect();
    let tangents: Vec<Option<Value>> = v.iter().copied().map(Some).chain([None]).collect();
    let nv = jvp(b, &g.params, &held, &tangents);
    or_zeros(b, &nv, params)
}

/// `G v` and `N v`, whose sum is `H v`. Cost: 8F beyond the gradient.
pub fn split(b: &mut Builder, g: &Gradient, logits: Value, params: &[Value], v: &[Value]) -> SplitProducts {
    SplitProducts { gauss_newton: gauss_newton(b, g, logits, params, v), nme: nme(b, g, params, v) }
}

/// `vᵀGv = żᵀ H_z ż` and `vᵀNv = ∂L/∂z · z̈`, scalars. Cost: F beyond the forward pass once, 3F per vector.
///
/// `z̈` is never formed: the residual is carried back through the network once for all vectors ([`second_order`]), and `vᵀNv` is
/// the sum over layers of `⟨δ, 2 Ẇ ȧ⟩` and `⟨∂L/∂a, φ'' ḣ²⟩`.
pub fn quadratic_forms(b: &mut Builder, g: &Gradient, logits: Value, params: &[Value], v: &[Value]) -> (Value, Value) {
    let dz = tangent(b, logits, params, v);
    let u = loss_curvature(b, g, logits, dz);
    let tangents: Vec<Option<Value>> = v.iter().copied().map(Some).collect();
    let vgv = b.inner(dz, u);
    let vnv = second_order(b, &[logits], &[Some(g.residual)], params, &tangents).unwrap_or_else(|| b.splat_like(vgv, 0.0));
    (vgv, vnv)
}

/// New inputs of the parameters' types, to be given as vectors.
pub fn vector_inputs(traced: &mut Traced, name: &str) -> Vec<Value> {
    let types: Vec<_> = traced.params.iter().map(|&p| traced.builder.ty(p).clone()).collect();
    types.into_iter().map(|ty| traced.builder.input(name, ty)).collect()
}
