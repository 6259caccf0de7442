//! How named parameters lie in one flat vector.

use std::ops::Range;

use dupin_ir::{Tensor, TensorType};

/// Names, types and offsets of parameters in a flat vector, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    names: Vec<String>,
    types: Vec<TensorType>,
    offsets: Vec<usize>,
}

impl Layout {
    /// Parameters one after another.
    pub fn new(names: Vec<String>, types: Vec<TensorType>) -> Self {
        let mut offsets = vec![0];
        for ty in &types {
            offsets.push(offsets[offsets.len() - 1] + ty.len());
        }
        Self { names, types, offsets }
    }

    /// Length of the flat vector.
    pub fn dim(&self) -> usize {
        self.offsets[self.types.len()]
    }

    /// Number of parameters (tensors).
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// Names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Types, in order.
    pub fn types(&self) -> &[TensorType] {
        &self.types
    }

    /// Where parameter `i` lies.
    pub fn range(&self, i: usize) -> Range<usize> {
        self.offsets[i]..self.offsets[i + 1]
    }

    /// Groups of consecutive parameters by module: `0.weight` and `0.bias` belong to `0`. Ranges of entries of a flat vector.
    pub fn modules(&self) -> Vec<(String, Range<usize>)> {
        let entries = |(name, params): (String, Range<usize>)| (name, self.offsets[params.start]..self.offsets[params.end]);
        self.module_params().into_iter().map(entries).collect()
    }

    /// The same as ranges of parameters.
    pub fn module_params(&self) -> Vec<(String, Range<usize>)> {
        let module = |name: &str| name.rsplit_once('.').map_or(name, |(m, _)| m).to_string();
        let mut groups: Vec<(String, Range<usize>)> = Vec::new();
        for (i, name) in self.names.iter().enumerate() {
            let m = module(name);
            match groups.last_mut() {
                Some((last, r)) if *last == m => r.end = i + 1,
                _ => groups.push((m, i..i + 1)),
            }
        }
        groups
    }

    /// The flat vector cut into tensors, rounded to their types.
    ///
    /// # Panics
    /// If `flat` has another length.
    pub fn unflatten(&self, flat: &[f64]) -> Vec<Tensor> {
        self.unflatten_block(flat, None)
    }

    /// `k` flat vectors laid end to end, cut into tensors with a leading axis of extent `k`; or one without that axis.
    pub(crate) fn unflatten_block(&self, flat: &[f64], k: Option<usize>) -> Vec<Tensor> {
        let dim = self.dim();
        assert_eq!(flat.len(), dim * k.unwrap_or(1), "a flat vector of {dim} entries is needed per probe");
        (0..self.len())
            .map(|i| {
                let values: Vec<f64> = flat.chunks(dim.max(1)).flat_map(|v| &v[self.range(i)]).copied().collect();
                let ty = k.map_or_else(|| self.types[i].clone(), |k| self.types[i].batched(k));
                Tensor::from_f64(&ty, &values)
            })
            .collect()
    }

    /// Tensors one after another.
    pub fn flatten(&self, tensors: &[Tensor]) -> Vec<f64> {
        tensors.iter().flat_map(Tensor::to_f64).collect()
    }

    /// Adds tensors with a leading axis of extent `k` (or none) to `k` flat vectors laid end to end.
    pub(crate) fn accumulate(&self, tensors: &[Tensor], flat: &mut [f64]) {
        let dim = self.dim();
        for (i, t) in tensors.iter().enumerate() {
            let (range, n) = (self.range(i), self.types[i].len());
            for (v, part) in flat.chunks_mut(dim.max(1)).zip(t.to_f64().chunks(n.max(1))) {
                for (y, x) in v[range.clone()].iter_mut().zip(part) {
                    *y += x;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dupin_ir::DType;

    #[test]
    fn blocks_round_trip_and_modules_group_by_name() {
        let ty = |n| TensorType::new(DType::F64, [n]);
        let layout = Layout::new(["0.weight", "0.bias", "2.weight"].map(String::from).to_vec(), vec![ty(2), ty(1), ty(3)]);
        let flat: Vec<f64> = (0..12).map(f64::from).collect();
        let tensors = layout.unflatten_block(&flat, Some(2));
        assert_eq!(tensors[1].to_f64(), [2.0, 8.0]);
        let mut back = vec![0.0; 12];
        layout.accumulate(&tensors, &mut back);
        assert_eq!(back, flat);
        assert_eq!(layout.modules(), [("0".to_string(), 0..3), ("2".to_string(), 3..6)]);
    }
}
