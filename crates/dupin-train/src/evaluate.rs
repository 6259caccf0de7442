//! Loss, accuracy and dead units over a data set.

use dupin_data::Dataset;
use dupin_ir::{Buffer, DType, Executable, Executor, Tensor, upload_spread};
use dupin_nn::{Loss, Network};
use serde::{Deserialize, Serialize};

use crate::batch::sequential_batches;
use crate::error::Error;
use crate::model::trace;

/// What a network does on a data set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean loss.
    pub loss: f64,
    /// Share predicted right.
    pub accuracy: f64,
    /// Share of units (channels of a convolution) whose preactivation is positive for no example: a ReLU unit that is never on.
    pub dead_units: f64,
}

/// A data set on the executor, with the program that measures a network on it.
pub struct Evaluator {
    executable: Box<dyn Executable>,
    /// Batches that replicas run side by side, and how many there are of them.
    groups: Vec<(usize, Vec<Buffer>)>,
}

impl Evaluator {
    /// Uploads `data` and compiles the evaluation.
    ///
    /// # Errors
    /// If the data do not fit the network, or the executor fails.
    pub fn new(
        executor: &dyn Executor,
        network: &Network,
        loss: &Loss,
        data: &Dataset,
        batch: usize,
        dtype: DType,
    ) -> Result<Self, Error> {
        let batch = batch.min(data.len());
        let mut model = trace(network, loss, batch, dtype, false);
        let b = &mut model.traced.builder;
        let mut outputs = vec![model.traced.loss, model.accuracy];
        for &h in &model.preactivations {
            let axes: Vec<usize> = (0..b.ty(h).rank() - 1).collect();
            outputs.push(b.reduce_max(h, &axes));
        }
        let inputs = [model.traced.params.clone(), model.buffers.clone(), model.traced.data[..3].to_vec()].concat();
        let executable = executor.compile(&b.program(&inputs, &outputs)?)?;
        let upload = |group: &[Vec<Tensor>]| upload_spread(executor, group.to_vec()).map(|buffers| (group.len(), buffers));
        let batches = sequential_batches(network, data, batch, &[], dtype)?;
        let groups = batches.chunks(executor.replicas()).map(upload).collect::<Result<_, _>>()?;
        Ok(Self { executable, groups })
    }

    /// Bytes of the data that it keeps on each device.
    pub fn data_bytes(&self) -> usize {
        self.groups.iter().flat_map(|g| &g.1).map(|b| b.ty().bytes()).sum()
    }

    /// Peak of its memory plan in bytes, parameters and data not counted.
    pub fn peak_bytes(&self) -> usize {
        self.executable.peak_bytes()
    }

    /// Measures the network with these parameters and buffers.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn run(&self, executor: &dyn Executor, params: &[Buffer], buffers: &[Buffer]) -> Result<Evaluation, Error> {
        let (mut loss, mut accuracy) = (0.0, 0.0);
        let mut highest: Vec<Vec<f64>> = Vec::new();
        for (count, batches) in &self.groups {
            let inputs: Vec<&Buffer> = params.iter().chain(buffers).chain(batches).collect();
            let out = self.executable.run(&inputs)?;
            let out = out.iter().map(|b| executor.download_each(b)).collect::<Result<Vec<_>, _>>()?;
            for replica in 0..*count {
                loss += out[0][replica].item();
                accuracy += out[1][replica].item();
                let maxima: Vec<Vec<f64>> = out[2..].iter().map(|each| each[replica].to_f64()).collect();
                if highest.is_empty() {
                    highest = maxima;
                } else {
                    let pairs = highest.iter_mut().flatten().zip(maxima.iter().flatten());
                    pairs.for_each(|(h, m)| *h = h.max(*m));
                }
            }
        }
        let units = highest.iter().flatten().count();
        let dead = highest.iter().flatten().filter(|&&h| h <= 0.0).count();
        let dead_units = if units == 0 { 0.0 } else { dead as f64 / units as f64 };
        Ok(Evaluation { loss, accuracy, dead_units })
    }
}
