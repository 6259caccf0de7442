//! Runs a plan: binds it to buffers and hands out its tasks.

use std::marker::PhantomData;

use super::ContractError;
use super::isa::Element;
use super::plan::Plan;
use super::workspace::{Local, Workspace};
use crate::kernel::memory::share_parts;

/// The stages of a run, in order. Tasks of one stage may run in parallel; a stage begins when the one before has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Pack the right operand.
    Pack,
    /// Compute blocks of the result or of the accumulators.
    Compute,
    /// Sum the accumulators into the result.
    Finish,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 3] = [Self::Pack, Self::Compute, Self::Finish];
}

/// A plan bound to its buffers.
pub struct Call<'a, T: Element> {
    pub(super) plan: &'a Plan<T>,
    pub(super) a: *const T,
    pub(super) b: *const T,
    pub(super) out: *mut T,
    pub(super) shared: *mut T,
    /// What is computed with its blocks: a convolution of the same result, or one of the same patches.
    pub(super) addend: Option<&'a Self>,
    pub(super) beside: Option<&'a Self>,
    buffers: PhantomData<(&'a [T], &'a mut [T])>,
}

// SAFETY: the pointers come from slices that live for 'a; tasks of a stage read only what the stages before wrote and write
// disjoint elements, and `Call::task` requires that each runs once.
unsafe impl<T: Element> Sync for Call<'_, T> {}

impl<T: Element> Plan<T> {
    /// Computes the contraction, on the current rayon pool if the workspace is for more than one thread.
    ///
    /// Fastest where the result starts at a multiple of 64 bytes.
    ///
    /// # Errors
    /// [`ContractError::TooShort`] if a slice is shorter than the strides reach, [`ContractError::Workspace`] if the workspace was
    /// not reserved for this plan.
    pub fn run(&self, a: &[T], b: &[T], out: &mut [T], workspace: &mut Workspace<T>) -> Result<(), ContractError> {
        let (shared, locals) = workspace.parts();
        if locals.iter().any(|local| !self.fits(local)) {
            return Err(ContractError::Workspace);
        }
        let call = self.bind(a, b, out, shared)?;
        // SAFETY: stages run in order and each task once; the local scratch was checked.
        in_stages(locals, |stage| call.tasks(stage), |stage, i, local| unsafe { call.task(stage, i, local) });
        Ok(())
    }

    /// Binds the plan to its buffers, for callers that schedule the tasks themselves.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn bind<'a>(
        &'a self,
        a: &'a [T],
        b: &'a [T],
        out: &'a mut [T],
        shared: &'a mut [T],
    ) -> Result<Call<'a, T>, ContractError> {
        if out.len() < self.extents[2] {
            return Err(ContractError::TooShort { operand: 2, expected: self.extents[2], got: out.len() });
        }
        Ok(Call { out: out.as_mut_ptr(), ..self.bind_operands(a, b, shared)? })
    }

    /// Binds the plan to its operands, where another writes the result.
    pub(super) fn bind_operands<'a>(&'a self, a: &'a [T], b: &'a [T], shared: &'a mut [T]) -> Result<Call<'a, T>, ContractError> {
        for (operand, got) in [a.len(), b.len()].into_iter().enumerate() {
            let expected = self.extents[operand];
            if got < expected {
                return Err(ContractError::TooShort { operand, expected, got });
            }
        }
        if shared.len() < self.shared {
            return Err(ContractError::Workspace);
        }
        let (mut left, mut right) = (a.as_ptr(), b.as_ptr());
        if self.swapped {
            std::mem::swap(&mut left, &mut right);
        }
        Ok(Call {
            plan: self,
            a: left,
            b: right,
            out: std::ptr::null_mut(),
            shared: shared.as_mut_ptr(),
            addend: None,
            beside: None,
            buffers: PhantomData,
        })
    }
}

/// Runs each stage's tasks, each once, on as many threads as there are locals.
pub(super) fn in_stages<T: Element>(
    locals: &mut [Local<T>],
    tasks: impl Fn(Stage) -> usize,
    run: impl Fn(Stage, usize, &mut Local<T>) + Sync,
) {
    for stage in Stage::ALL {
        let parts = 8 * locals.len();
        share_parts(tasks(stage), parts, locals, |i, local| run(stage, i, local));
    }
}

/// Runs a convolution by patches and another that is computed with its blocks. The scratch was checked.
pub(super) fn run_led<T: Element>(lead: &Call<'_, T>, other: &Call<'_, T>, locals: &mut [Local<T>]) {
    let tasks = |stage| match stage {
        Stage::Pack => lead.tasks(stage) + other.tasks(stage),
        _ => lead.tasks(stage),
    };
    in_stages(locals, tasks, |stage, i, local| {
        // SAFETY: stages run in order and each task once; results of the other are written with the tiles of the first, which are the same.
        unsafe {
            if i < lead.tasks(stage) {
                lead.task(stage, i, local);
            } else {
                other.task(stage, i - lead.tasks(stage), local);
            }
        }
    });
}

impl<T: Element> Call<'_, T> {
    /// Number of tasks of a stage.
    pub fn tasks(&self, stage: Stage) -> usize {
        self.plan.tasks[stage as usize]
    }

    /// Runs one task of a stage.
    ///
    /// # Panics
    /// If `local` was not reserved for the plan.
    ///
    /// # Safety
    /// `index < self.tasks(stage)`; all tasks of earlier stages have ended, no task of a later one has begun, and each index is run
    /// once.
    pub unsafe fn task(&self, stage: Stage, index: usize, local: &mut Local<T>) {
        assert!(self.plan.fits(local), "the local scratch must be reserved for the plan");
        if let Some(w) = &self.plan.winograd {
            // SAFETY: as below.
            return unsafe {
                match stage {
                    Stage::Pack => self.pack_windows(w, index, local),
                    Stage::Compute if w.gradient => self.sum(w, index, local),
                    Stage::Compute => self.sweep(w, index, local),
                    Stage::Finish => self.windows(w, index, local),
                }
            };
        }
        let after = self.plan.schedules.partition_point(|s| s.first[stage as usize] <= index);
        // Pieces without tasks in this stage start where the next one does: the last start not beyond `index` owns it.
        let s = &self.plan.schedules[after - 1];
        let index = index - s.first[stage as usize];
        // SAFETY: `bind` checked that every index of the plan lies inside its slice, and the scratch sizes; the caller vouches for the
        // order of the stages and that each task is run once.
        unsafe {
            match stage {
                Stage::Pack => self.pack(s, index, local),
                Stage::Compute => self.compute(s, index, local),
                Stage::Finish => self.finish(s, index, local),
            }
        }
    }
}
