//! Two convolutions of one left operand, whose patches are transformed once.
//!
//! The second derivative along a tangent `ẋ` needs `W ẋ` and `Ẇ ẋ`: other windows over the same patches.

use super::ContractError;
use super::isa::Element;
use super::plan::Plan;
use super::run::run_led;
use super::workspace::Workspace;

/// The second of two contractions.
#[derive(Clone, Debug)]
pub(super) struct Beside<T: Element> {
    pub(super) plan: Box<Plan<T>>,
    /// Whether its blocks are those that both are computed in.
    leads: bool,
}

impl<T: Element> Plan<T> {
    /// This plan with another beside it that has the same left operand; `None` where they do not share patches.
    pub(crate) fn with_beside(&self, other: &Self) -> Option<Self> {
        let (own, its) = (self.winograd.as_ref()?, other.winograd.as_ref()?);
        if [self, other].iter().any(|plan| plan.beside.is_some() || plan.addend.is_some()) {
            return None;
        }
        let leads = its.is_part_of(own);
        (leads || own.is_part_of(its)).then(|| {
            let beside = Beside { plan: Box::new(other.clone()), leads };
            Self { beside: Some(beside), ..self.clone() }
        })
    }

    /// Runs both contractions: `b` and `out` are this one's, then the other's. What each writes is, bit for bit, what it writes alone.
    ///
    /// # Errors
    /// As [`Plan::run`]; [`ContractError::Workspace`] also if there is none beside this one.
    pub(crate) fn run_both(
        &self,
        a: &[T],
        b: [&[T]; 2],
        [out, its_out]: [&mut [T]; 2],
        workspace: &mut Workspace<T>,
    ) -> Result<(), ContractError> {
        let (shared, locals) = workspace.parts();
        let Some(beside) = &self.beside else { return Err(ContractError::Workspace) };
        if shared.len() < self.shared || locals.iter().any(|local| !self.fits(local) || !beside.plan.fits(local)) {
            return Err(ContractError::Workspace);
        }
        let (shared, its_shared) = shared.split_at_mut(self.shared);
        let own = self.bind(a, b[0], out, shared)?;
        let its = beside.plan.bind(a, b[1], its_out, its_shared)?;
        let (mut first, second) = if beside.leads { (its, own) } else { (own, its) };
        first.beside = Some(&second);
        run_led(&first, &second, locals);
        Ok(())
    }
}
