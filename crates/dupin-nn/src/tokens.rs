//! Sequences `[n, t, d]`: `t` tokens of `d` features per example.

use dupin_ir::{Builder, Value};

/// The positions of a map, row by row, as tokens: `[n, h, w, c]` to `[n, h·w, c]`.
pub(crate) fn of_map(b: &mut Builder, x: Value) -> Value {
    let shape = b.ty(x).shape.clone();
    b.reshape(x, &[shape[0], shape[1] * shape[2], shape[3]])
}

/// `token: [1, 1, d]` before the tokens of every example.
pub(crate) fn prepend(b: &mut Builder, token: Value, x: Value) -> Value {
    let shape = b.ty(x).shape.clone();
    let token = b.reshape(token, &[shape[2]]);
    let tokens = b.broadcast(token, &[shape[0], 1, shape[2]], &[2]);
    b.concatenate(&[tokens, x], 1)
}

/// A row of the table (`[t, d]` or `[1, t, d]`) at each place.
pub(crate) fn add_positions(b: &mut Builder, table: Value, x: Value) -> Value {
    let shape = b.ty(x).shape.clone();
    let table = b.reshape(table, &shape[1..]);
    let spread = b.broadcast(table, &shape, &[1, 2]);
    b.add(x, spread)
}

/// The first token: `[n, d]`.
pub(crate) fn first(b: &mut Builder, x: Value) -> Value {
    let shape = b.ty(x).shape.clone();
    let first = b.slice_axis(x, 1, 0, 1);
    b.reshape(first, &[shape[0], shape[2]])
}

/// Mean over the tokens: `[n, d]`.
pub(crate) fn mean(b: &mut Builder, x: Value) -> Value {
    let tokens = b.ty(x).shape[1] as f64;
    let sum = b.reduce_sum(x, &[1]);
    b.scale(sum, 1.0 / tokens)
}
