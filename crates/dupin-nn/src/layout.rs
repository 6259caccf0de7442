//! The order of axes in the graph and on disk, where PyTorch's is kept.

use dupin_ir::Tensor;

/// How a tensor of the graph lies in PyTorch's files.
///
/// Maps are NHWC in the graph: the features of one position lie side by side, which is what products over them want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// The same in both: dense weights `[out, in]`, biases, everything per feature.
    Same,
    /// A convolution kernel: `[h, w, in, out]` in the graph, `[out, in, h, w]` on disk.
    Kernel,
    /// One value per feature and position of a map: `[h, w, c]` in the graph, `[c, h, w]` on disk.
    Map,
    /// A batch of maps: `[n, h, w, c]` in the graph, `[n, c, h, w]` on disk.
    Images,
}

impl Layout {
    /// Axis `i` on disk is axis `permutation[i]` in the graph; `None` if they are the same.
    fn permutation(self) -> Option<&'static [usize]> {
        match self {
            Self::Same => None,
            Self::Kernel => Some(&[3, 2, 0, 1]),
            Self::Map => Some(&[2, 0, 1]),
            Self::Images => Some(&[0, 3, 1, 2]),
        }
    }

    /// The shape on disk of what has `shape` in the graph.
    ///
    /// # Panics
    /// If `shape` has not the rank of the layout.
    pub fn pytorch_shape(self, shape: &[usize]) -> Vec<usize> {
        self.permutation().map_or_else(
            || shape.to_vec(),
            |p| {
                assert_eq!(p.len(), shape.len(), "a tensor of shape {shape:?} has not the rank of layout {self:?}");
                p.iter().map(|&a| shape[a]).collect()
            },
        )
    }
}

/// A tensor of the graph as PyTorch lays it out.
///
/// # Panics
/// If the tensor has not the rank of the layout.
pub fn to_pytorch(tensor: &Tensor, layout: Layout) -> Tensor {
    layout.permutation().map_or_else(|| tensor.clone(), |p| tensor.permute(p))
}

/// A tensor of PyTorch as the graph lays it out: undoes [`to_pytorch`].
///
/// # Panics
/// If the tensor has not the rank of the layout.
pub fn from_pytorch(tensor: &Tensor, layout: Layout) -> Tensor {
    layout.permutation().map_or_else(
        || tensor.clone(),
        |p| {
            let mut inverse = vec![0; p.len()];
            for (i, &a) in p.iter().enumerate() {
                inverse[a] = i;
            }
            tensor.permute(&inverse)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_place_elements_where_pytorch_has_them() {
        // Element (h, w, c, o) of the graph is element (o, c, h, w) of PyTorch.
        let shape = [2, 3, 4, 5];
        let graph = Tensor::f64(shape, (0..120).map(f64::from).collect());
        let disk = to_pytorch(&graph, Layout::Kernel);
        assert_eq!(disk.shape(), Layout::Kernel.pytorch_shape(&shape));
        assert_eq!(disk.shape(), [5, 4, 2, 3]);
        let (h, w, c, o) = (1, 2, 3, 4);
        assert_eq!(disk.to_f64()[((o * 4 + c) * 2 + h) * 3 + w], graph.to_f64()[((h * 3 + w) * 4 + c) * 5 + o]);
        let images = to_pytorch(&graph, Layout::Images);
        assert_eq!(images.shape(), [2, 5, 3, 4]);
        assert_eq!(images.to_f64()[((h * 5 + o) * 3 + w) * 4 + c], graph.to_f64()[((h * 3 + w) * 4 + c) * 5 + o]);
    }

    #[test]
    fn layouts_are_undone() {
        for (layout, shape) in [
            (Layout::Same, vec![2, 3]),
            (Layout::Kernel, vec![2, 3, 4, 5]),
            (Layout::Map, vec![2, 3, 4]),
            (Layout::Images, vec![2, 3, 4, 5]),
        ] {
            let t = Tensor::f64(shape.clone(), (0..shape.iter().product::<usize>()).map(|i| i as f64).collect());
            assert_eq!(from_pytorch(&to_pytorch(&t, layout), layout), t);
        }
    }
}
