//! Two convolutions of one result, summed before they are transformed back.
//!
//! The first derivative along tangents of weights and activations is `W ẋ + Ẇ x`: other windows over other patches, but tiles of the same
//! result. One of them leads: with each panel of its columns, the tiles of the other that belong there are transformed and multiplied too.

use super::ContractError;
use super::isa::Element;
use super::plan::Plan;
use super::run::run_led;
use super::workspace::Workspace;

impl<T: Element> Plan<T> {
    /// This plan for its sum with another; `None` where their tiles of the result differ.
    ///
    /// It writes as `addend` does: to what is there, or over it.
    pub(crate) fn with_addend(&self, addend: &Self) -> Option<Self> {
        let single = |plan: &Self| plan.beside.is_none() && plan.addend.is_none();
        let (own, its) = self.winograd.as_ref()?.with_addend(addend.winograd.as_ref()?, size_of::<T>())?;
        (single(self) && single(addend)).then(|| {
            let addend = Self { winograd: Some(its), ..addend.clone() };
            let accumulate = addend.accumulate;
            let mut sum = Self { winograd: Some(own), accumulate, addend: Some(Box::new(addend)), ..self.clone() };
            sum.count();
            sum
        })
    }

    /// Contractions that one run sums.
    pub(crate) fn terms(&self) -> usize {
        1 + usize::from(self.addend.is_some())
    }

    /// Computes the sum: `operands` are this contraction's, then the other's.
    ///
    /// # Errors
    /// As [`Plan::run`]; [`ContractError::Workspace`] also if there is no other.
    pub(crate) fn run_sum(
        &self,
        [[a, b], its]: [[&[T]; 2]; 2],
        out: &mut [T],
        workspace: &mut Workspace<T>,
    ) -> Result<(), ContractError> {
        let (shared, locals) = workspace.parts();
        let Some(addend) = &self.addend else { return Err(ContractError::Workspace) };
        if shared.len() < self.scratch()[0] || locals.iter().any(|local| !self.fits(local)) {
            return Err(ContractError::Workspace);
        }
        let (shared, its_shared) = shared.split_at_mut(self.shared);
        let its = addend.bind_operands(its[0], its[1], its_shared)?;
        let mut own = self.bind(a, b, out, shared)?;
        own.addend = Some(&its);
        run_led(&own, &its, locals);
        Ok(())
    }
}
