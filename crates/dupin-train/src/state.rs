//! Where a run stands, and the order in which its tensors travel.

use dupin_ir::{DType, Tensor};
use dupin_nn::Network;

use crate::objective::Objective;
use crate::optimizer::Update;

/// Tensors that the optimizer, the objective or averaging keep: one for each parameter, or for each running statistic.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Such as `momentum`, `objective0` or `average`.
    pub name: String,
    /// In the order of the network.
    pub tensors: Vec<Tensor>,
}

/// Sums over the steps of the epoch under way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochSums {
    /// Of losses, accuracies, gradient norms and direction norms.
    pub sums: [f64; 4],
}

/// Where a run stands, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// What the epoch's metrics will need of the steps it has done.
    pub epoch: EpochSums,
    /// Parameters.
    pub params: Vec<Tensor>,
    /// Running statistics of normalisation layers.
    pub buffers: Vec<Tensor>,
    /// Everything else that steps carry on.
    pub slots: Vec<Slot>,
}

impl State {
    /// The tensors of a slot, if there is one of that name.
    pub fn slot(&self, name: &str) -> Option<&[Tensor]> {
        self.slots.iter().find(|s| s.name == name).map(|s| s.tensors.as_slice())
    }
}

/// Slot of the average of the parameters.
pub(crate) const AVERAGE: &str = "average";
/// Slot of the average of the running statistics.
pub(crate) const AVERAGE_BUFFERS: &str = "average_buffers";

/// What a section of the state has one tensor for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Each {
    Param,
    Buffer,
}

/// The state as one list: parameters, running statistics, then the slots, in this order.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    pub(crate) slots: Vec<(String, Each)>,
    params: usize,
    buffers: usize,
}

/// Names of the slots of a run, and what each has tensors for.
pub(crate) fn slots(objective: &dyn Objective, update: &Update) -> Vec<(String, Each)> {
    let mut slots: Vec<(String, Each)> = update.optimizer.slots().iter().map(|s| ((*s).into(), Each::Param)).collect();
    slots.extend((0..objective.memory()).map(|i| (format!("objective{i}"), Each::Param)));
    if update.average.is_some() {
        slots.push((AVERAGE.into(), Each::Param));
        slots.push((AVERAGE_BUFFERS.into(), Each::Buffer));
    }
    slots
}

impl Sections {
    pub(crate) fn new(network: &Network, objective: &dyn Objective, update: &Update) -> Self {
        Self { slots: slots(objective, update), params: network.params().len(), buffers: network.buffers().len() }
    }

    fn count(&self, each: Each) -> usize {
        if each == Each::Param { self.params } else { self.buffers }
    }

    /// Cuts a list into parameters, running statistics and slots.
    pub(crate) fn cut<'t, T>(&self, all: &'t [T]) -> (&'t [T], &'t [T], Vec<&'t [T]>) {
        let (params, rest) = all.split_at(self.params);
        let (buffers, mut rest) = rest.split_at(self.buffers);
        let mut slots = Vec::new();
        for &(_, each) in &self.slots {
            let (slot, after) = rest.split_at(self.count(each));
            slots.push(slot);
            rest = after;
        }
        (params, buffers, slots)
    }

    /// The slot of that name in a list.
    pub(crate) fn find<'t, T>(&self, all: &'t [T], name: &str) -> Option<&'t [T]> {
        let i = self.slots.iter().position(|s| s.0 == name)?;
        Some(self.cut(all).2[i])
    }

    /// The state at the start of a run: averages start at what they average, everything else at 0.
    pub(crate) fn start(&self, network: &Network, params: Vec<Tensor>, dtype: DType) -> State {
        let buffers = network.initial_buffers(dtype);
        let slot = |(name, each): &(String, Each)| {
            let like = if *each == Each::Param { &params } else { &buffers };
            let average = name == AVERAGE || name == AVERAGE_BUFFERS;
            let tensors = if average { like.clone() } else { like.iter().map(|p| Tensor::zeros(&p.ty())).collect() };
            Slot { name: name.clone(), tensors }
        };
        let slots = self.slots.iter().map(slot).collect();
        State { step: 0, epoch: EpochSums::default(), params, buffers, slots }
    }
}
