//! Dense tensors on the host: what executors take and give.

use crate::types::{DType, TensorType};

/// Elements of a [`Tensor`], one variant per element type.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// 32-bit signed integers.
    I32(Vec<i32>),
    /// 32-bit unsigned integers.
    U32(Vec<u32>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Data {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::Bool(v) => v.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
            Self::I32(_) => DType::I32,
            Self::U32(_) => DType::U32,
            Self::Bool(_) => DType::Bool,
        }
    }
}

/// A dense row-major tensor in host memory.
///
/// ```
/// use dupin_ir::Tensor;
/// let t = Tensor::f32([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(t.ty().to_string(), "f32[2,2]");
/// assert_eq!(t.to_f64(), [1.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

impl Tensor {
    /// A tensor from its parts.
    ///
    /// # Panics
    /// If the number of elements is not the product of the shape.
    pub fn new(shape: impl Into<Vec<usize>>, data: Data) -> Self {
        let shape = shape.into();
        assert_eq!(
            shape.iter().product::<usize>(),
            data.len(),
            "a tensor of shape {shape:?} was given another number of elements"
        );
        Self { shape, data }
    }

    /// A tensor of 32-bit floats. Panics as [`Tensor::new`] does.
    pub fn f32(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Self {
        Self::new(shape, Data::F32(data))
    }

    /// A tensor of 64-bit floats. Panics as [`Tensor::new`] does.
    pub fn f64(shape: impl Into<Vec<usize>>, data: Vec<f64>) -> Self {
        Self::new(shape, Data::F64(data))
    }

    /// A tensor of 32-bit integers. Panics as [`Tensor::new`] does.
    pub fn i32(shape: impl Into<Vec<usize>>, data: Vec<i32>) -> Self {
        Self::new(shape, Data::I32(data))
    }

    /// A tensor of unsigned 32-bit integers. Panics as [`Tensor::new`] does.
    pub fn u32(shape: impl Into<Vec<usize>>, data: Vec<u32>) -> Self {
        Self::new(shape, Data::U32(data))
    }

    /// All elements zero (or false).
    pub fn zeros(ty: &TensorType) -> Self {
        Self::from_f64(ty, &vec![0.0; ty.len()])
    }

    /// Rounds `values` to the element type of `ty`; truth values are `!= 0`.
    ///
    /// # Panics
    /// If the number of values is not that of `ty`.
    pub fn from_f64(ty: &TensorType, values: &[f64]) -> Self {
        let data = match ty.dtype {
            DType::F32 => Data::F32(values.iter().map(|&v| v as f32).collect()),
            DType::F64 => Data::F64(values.to_vec()),
            DType::I32 => Data::I32(values.iter().map(|&v| v as i32).collect()),
            DType::U32 => Data::U32(values.iter().map(|&v| v as u32).collect()),
            DType::Bool => Data::Bool(values.iter().map(|&v| v != 0.0).collect()),
        };
        Self::new(ty.shape.clone(), data)
    }

    /// The elements as 64-bit floats; truth values as 0 and 1. Exact for every element type.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.data {
            Data::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::F64(v) => v.clone(),
            Data::I32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::U32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::Bool(v) => v.iter().map(|&x| f64::from(u8::from(x))).collect(),
        }
    }

    /// The only element of a tensor with one element, as a 64-bit float.
    ///
    /// # Panics
    /// If there is not exactly one element.
    pub fn item(&self) -> f64 {
        assert_eq!(self.len(), 1, "item() needs exactly one element, this tensor is {}", self.ty());
        self.to_f64()[0]
    }

    /// Element type and shape.
    pub fn ty(&self) -> TensorType {
        TensorType::new(self.dtype(), self.shape.clone())
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// Extent of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The elements.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The elements, to change in place.
    pub fn data_mut(&mut self) -> &mut Data {
        &mut self.data
    }

    /// The elements, by value.
    pub fn into_data(self) -> Data {
        self.data
    }

    /// The elements under another shape of the same length.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn reshape(self, shape: impl Into<Vec<usize>>) -> Self {
        Self::new(shape, self.data)
    }

    /// The elements converted to another type.
    pub fn convert(&self, dtype: DType) -> Self {
        if dtype == self.dtype() { self.clone() } else { Self::from_f64(&self.ty().with_dtype(dtype), &self.to_f64()) }
    }

    /// Whether every float is finite; true for other types.
    pub fn is_finite(&self) -> bool {
        match &self.data {
            Data::F32(v) => v.iter().all(|x| x.is_finite()),
            Data::F64(v) => v.iter().all(|x| x.is_finite()),
            _ => true,
        }
    }

    /// The elements in the axis order `permutation`, as NumPy's `transpose`.
    ///
    /// # Panics
    /// If `permutation` is not a permutation of the axes.
    pub fn permute(&self, permutation: &[usize]) -> Self {
        let ty = self.ty();
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..ty.rank()), "{permutation:?} does not permute the axes of {ty}");
        let strides: Vec<usize> = permutation.iter().map(|&a| ty.strides()[a]).collect();
        let out = ty.with_shape(permutation.iter().map(|&a| ty.shape[a]).collect::<Vec<_>>());
        let mut source = Vec::with_capacity(ty.len());
        out.for_each_index(|i| source.push(crate::types::offset(i, &strides)));
        let data = match &self.data {
            Data::F32(v) => Data::F32(source.iter().map(|&i| v[i]).collect()),
            Data::F64(v) => Data::F64(source.iter().map(|&i| v[i]).collect()),
            Data::I32(v) => Data::I32(source.iter().map(|&i| v[i]).collect()),
            Data::U32(v) => Data::U32(source.iter().map(|&i| v[i]).collect()),
            Data::Bool(v) => Data::Bool(source.iter().map(|&i| v[i]).collect()),
        };
        Self::new(out.shape, data)
    }
}
