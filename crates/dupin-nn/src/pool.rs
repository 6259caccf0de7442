//! Pooling over maps `[n, h, w, c]`.

use dupin_ir::prim::{WindowArgmax, WindowGather, window_argmax};
use dupin_ir::{Builder, Value};

use crate::layer::Window;

/// Means over windows; padding counts as zeros, as PyTorch's `count_include_pad=True`.
///
/// A sum over a square is one along its rows, then one along its columns: `2(k-1)` additions of whole maps instead of `k² - 1`.
/// Windows that tile the map are a reshape and one sum. Both are linear in the primitives' sense and move data only in strides;
/// a depthwise convolution with a constant kernel would say the same, but has groups of one channel, which no product engine likes.
pub(crate) fn average(b: &mut Builder, x: Value, window: Window) -> Value {
    let Window { size, stride, padding } = window;
    let edge = padding as i64;
    let x = b.pad(x, 0.0, &[0, edge, edge, 0], &[0, edge, edge, 0], &[0; 4]);
    let sum = if stride == size {
        tile_sum(b, x, size)
    } else {
        [1, 2].into_iter().fold(x, |x, axis| sliding_sum(b, x, axis, size, stride))
    };
    b.scale(sum, 1.0 / (size * size) as f64)
}

/// Sums over windows side by side; rows and columns behind the last whole window are left out.
fn tile_sum(b: &mut Builder, x: Value, size: usize) -> Value {
    let shape = b.ty(x).shape.clone();
    let (h, w) = (shape[1] / size, shape[2] / size);
    let x = b.slice(x, &[0; 4], &[shape[0], h * size, w * size, shape[3]], &[1; 4]);
    let tiles = b.reshape(x, &[shape[0], h, size, w, size, shape[3]]);
    b.reduce_sum(tiles, &[2, 4])
}

/// Sums of `size` neighbours along one axis, every `stride`.
fn sliding_sum(b: &mut Builder, x: Value, axis: usize, size: usize, stride: usize) -> Value {
    let shape = b.ty(x).shape.clone();
    let positions = (shape[axis] - size) / stride + 1;
    let mut strides = [1; 4];
    strides[axis] = stride;
    let shifted: Vec<Value> = (0..size)
        .map(|offset| {
            let (mut start, mut limit) = ([0; 4], shape.clone());
            start[axis] = offset;
            limit[axis] = offset + stride * (positions - 1) + 1;
            b.slice(x, &start, &limit, &strides)
        })
        .collect();
    shifted.into_iter().reduce(|sum, s| b.add(sum, s)).expect("a window has at least one element")
}

/// Largest elements of windows; padding is never the largest. The positions are constants of differentiation, at every order.
pub(crate) fn max(b: &mut Builder, x: Value, window: Window) -> Value {
    let Window { size, stride, padding } = window;
    let edge = (padding, padding);
    let window = window_argmax::Window {
        size: vec![1, size, size, 1],
        strides: vec![1, stride, stride, 1],
        padding: vec![(0, 0), edge, edge, (0, 0)],
    };
    let positions = b.push(WindowArgmax { window: window.clone() }, &[x]);
    b.push(WindowGather { window }, &[x, positions])
}

/// Means over whole maps: `[n, c]`.
pub(crate) fn global_average(b: &mut Builder, x: Value) -> Value {
    let shape = &b.ty(x).shape;
    let count = (shape[1] * shape[2]) as f64;
    let sum = b.reduce_sum(x, &[1, 2]);
    b.scale(sum, 1.0 / count)
}
