//! Batches side by side on the replicas of an executor, and sums over them inside the programs.
//!
//! A run takes as many batches as there are replicas. The last run may have fewer: a replica without a batch repeats another's and
//! counts with the factor 0, so that whatever a model takes as data, sums over batches are exact.

use dupin_ir::{Buffer, Builder, DType, ExecError, Executor, Tensor, TensorType, Value, upload_spread};

/// The factor of a replica's results, as an input of the graph; `None` where there is one replica, which always counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counting(pub(crate) Option<Value>);

impl Counting {
    /// The input, of the type of the values to be summed.
    pub(crate) fn input(b: &mut Builder, replicas: usize, dtype: DType) -> Self {
        Self((replicas > 1).then(|| b.input("counts", TensorType::scalar(dtype))))
    }

    /// The sums over the batches of a run, on every replica.
    pub(crate) fn sums(self, b: &mut Builder, values: &[Value]) -> Vec<Value> {
        let Some(counts) = self.0 else { return values.to_vec() };
        let sum = |&v: &Value| {
            let own = b.scale_by(v, counts);
            b.all_reduce(own)
        };
        values.iter().map(sum).collect()
    }

    /// What the input takes in a run of `batches` batches, if there is one.
    pub(crate) fn upload(self, executor: &dyn Executor, dtype: DType, batches: usize) -> Result<Option<Buffer>, ExecError> {
        let factor = |r: usize| Tensor::from_f64(&TensorType::scalar(dtype), &[f64::from(u8::from(r < batches))]);
        self.0.map(|_| executor.upload_each((0..executor.replicas()).map(factor).collect())).transpose()
    }
}

/// Batches, as many side by side as there are replicas.
pub(crate) fn upload_groups(executor: &dyn Executor, batches: Vec<Vec<Tensor>>) -> Result<Vec<Vec<Buffer>>, ExecError> {
    let mut groups = Vec::new();
    let mut rest = batches.into_iter();
    loop {
        let group: Vec<Vec<Tensor>> = rest.by_ref().take(executor.replicas()).collect();
        if group.is_empty() {
            return Ok(groups);
        }
        groups.push(upload_spread(executor, group)?);
    }
}
