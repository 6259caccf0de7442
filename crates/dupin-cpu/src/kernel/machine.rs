//! Runs planned steps on raw memory.

use dupin_ir::reference::Array;
use dupin_ir::{DType, Data, Tensor, TensorType};

use super::contract::{Element, Plan, Workspace};
use super::elementwise::{Scalar, Truth};
use super::memory::{Address, Lines};
use super::tape::{Bound, Registers};
use super::{direct, reduce_sum};
use crate::plan::Memory;
use crate::step::{Contract, Lowered, Origin, Step, Work};

/// A lowered and planned program with its constants.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) lowered: Lowered,
    pub(crate) memory: Memory,
    /// Constants of the program, one tensor per storage that has them.
    constants: Vec<Option<Tensor>>,
}

/// Memory of one run at a time.
#[derive(Debug)]
pub(crate) struct Machine {
    arena: Lines<u64>,
    registers: Vec<Registers>,
    f32: Workspace<f32>,
    f64: Workspace<f64>,
    /// Address of each storage in the current run.
    addresses: Vec<Address>,
    /// Operands and results of the current step.
    bound: Vec<Address>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:p}", self.0)
    }
}

impl Code {
    pub(crate) fn new(lowered: Lowered, memory: Memory) -> Self {
        let constants = lowered.storages.iter().map(|s| match &s.origin {
            Origin::Constant(values) => Some(Tensor::from_f64(&TensorType::new(s.dtype, [s.len]), values)),
            _ => None,
        });
        let constants = constants.collect();
        Self { lowered, memory, constants }
    }

    /// Bytes beside the arena that `threads` threads use.
    pub(crate) fn scratch_bytes(&self, threads: usize) -> usize {
        let (mut registers, mut workspace) = (0, [0; 2]);
        for step in &self.lowered.steps {
            match &step.work {
                Work::Fused(tape) => registers = registers.max(tape.scratch_bytes()),
                Work::Contract(terms) => {
                    for term in terms {
                        match term {
                            Contract::F32(p) => workspace[0] = workspace[0].max(p.workspace_bytes(threads)),
                            Contract::F64(p) => workspace[1] = workspace[1].max(p.workspace_bytes(threads)),
                        }
                    }
                }
                _ => {}
            }
        }
        registers * threads + workspace[0] + workspace[1]
    }
}

/// Address of a tensor's elements.
fn address(tensor: &Tensor) -> Address {
    Address(match tensor.data() {
        Data::F32(v) => v.as_ptr().cast_mut().cast(),
        Data::F64(v) => v.as_ptr().cast_mut().cast(),
        Data::I32(v) => v.as_ptr().cast_mut().cast(),
        Data::U32(v) => v.as_ptr().cast_mut().cast(),
        Data::Bool(v) => v.as_ptr().cast_mut().cast(),
    })
}

/// Address of a tensor's elements, to write. Truth values are written as 0 or 1 only.
fn address_mut(tensor: &mut Tensor) -> Address {
    Address(match tensor.data_mut() {
        Data::F32(v) => v.as_mut_ptr().cast(),
        Data::F64(v) => v.as_mut_ptr().cast(),
        Data::I32(v) => v.as_mut_ptr().cast(),
        Data::U32(v) => v.as_mut_ptr().cast(),
        Data::Bool(v) => v.as_mut_ptr().cast(),
    })
}

impl Machine {
    /// Memory for running `code` on `threads` threads: all that a run needs but for its results.
    pub(crate) fn new(code: &Code, threads: usize) -> Self {
        let mut registers: Vec<Registers> = (0..threads).map(|_| Registers::default()).collect();
        let (mut f32, mut f64) = (Workspace::new(threads), Workspace::new(threads));
        let mut most = 0;
        for step in &code.lowered.steps {
            most = most.max(step.reads.len() + step.writes.len());
            match &step.work {
                Work::Fused(tape) => registers.iter_mut().for_each(|r| r.reserve(tape)),
                Work::Contract(terms) => terms.iter().for_each(|term| match term {
                    Contract::F32(p) => f32.reserve(p),
                    Contract::F64(p) => f64.reserve(p),
                }),
                _ => {}
            }
        }
        let arena = Lines::new(code.memory.bytes.div_ceil(size_of::<u64>()));
        let addresses = Vec::with_capacity(code.lowered.storages.len());
        Self { arena, registers, f32, f64, addresses, bound: Vec::with_capacity(most) }
    }

    /// Runs the steps and tells `watch` of each that is done. `outputs` are the results by storage.
    pub(crate) fn run(
        &mut self,
        code: &Code,
        inputs: &[&Tensor],
        outputs: &mut [(usize, Tensor)],
        watch: &mut (dyn FnMut(usize) + Send),
    ) {
        self.addresses.clear();
        let arena = self.arena.address();
        for (s, storage) in code.lowered.storages.iter().enumerate() {
            self.addresses.push(match (&storage.origin, &code.constants[s], code.memory.offsets[s]) {
                (Origin::Input(i), ..) => address(inputs[*i]),
                (_, Some(constant), _) => address(constant),
                (.., Some(offset)) => Address(arena.0.wrapping_add(offset)),
                _ => Address(std::ptr::dangling_mut::<u64>().cast()),
            });
        }
        for (s, tensor) in outputs {
            self.addresses[*s] = address_mut(tensor);
        }
        for (i, step) in code.lowered.steps.iter().enumerate() {
            self.step(code, step);
            watch(i);
        }
    }

    fn step(&mut self, code: &Code, step: &Step) {
        self.bound.clear();
        self.bound.extend(step.reads.iter().chain(&step.writes).map(|&s| self.addresses[s]));
        let out = self.addresses[step.writes[0]];
        let storage = |s: usize| &code.lowered.storages[s];
        let written = storage(step.writes[0]);
        // SAFETY: every address is that of a whole storage (an input's and a result's tensor were made with the declared type, the
        // arena has the planned size), and by the plan's invariant nothing else uses a written storage during its step.
        unsafe {
            match &step.work {
                Work::Fused(tape) => tape.run(&Bound(&self.bound), &mut self.registers),
                Work::Contract(terms) => {
                    let whole = |s: usize| (self.addresses[s], storage(s).len);
                    let mut reads = step.reads.as_slice();
                    for (t, term) in terms.iter().enumerate() {
                        let operands;
                        (operands, reads) = reads.split_at(term.operands());
                        let pair = |i: usize| [whole(operands[2 * i]), whole(operands[2 * i + 1])];
                        let operands = [pair(0), pair(operands.len() / 2 - 1)];
                        let beside = step.writes.get(1).filter(|_| t == 0);
                        let beside = beside.map(|&to| (whole(step.reads[step.reads.len() - 1]), whole(to)));
                        match term {
                            Contract::F32(plan) => contract(plan, operands, whole(step.writes[0]), beside, &mut self.f32),
                            Contract::F64(plan) => contract(plan, operands, whole(step.writes[0]), beside, &mut self.f64),
                        }
                    }
                }
                Work::Copy { parts, fill } => {
                    if let Some(value) = fill {
                        fill_with(written.dtype, out, written.len, *value);
                    }
                    for (part, &from) in parts.iter().zip(&self.bound) {
                        part.run(written.dtype.size(), from, out, &mut self.registers);
                    }
                }
                Work::Columns { outer, reduced, inner } => {
                    let extents = [*outer, *reduced, *inner];
                    match written.dtype {
                        DType::F64 => reduce_sum::columns::<f64, _>(extents, self.bound[0], out, &mut self.registers),
                        _ => reduce_sum::columns::<f32, _>(extents, self.bound[0], out, &mut self.registers),
                    }
                }
                Work::Kernel { prim, types, out: ty, offsets } => {
                    for ((address, ty), offset) in self.bound.iter_mut().zip(types).zip(offsets) {
                        *address = Address(address.0.wrapping_add(offset * ty.dtype.size()));
                    }
                    direct::run(prim, types, ty, &self.bound, out, &mut self.registers);
                }
                Work::Reference { prim, types, out: ty, offsets } => {
                    let operands = types.iter().zip(offsets).zip(&self.bound);
                    let operands: Vec<Array> =
                        operands.map(|((ty, offset), a)| Array::new(ty.clone(), load(ty, *a, *offset))).collect();
                    let result = prim.rules().eval(&operands.iter().collect::<Vec<_>>(), ty);
                    save(ty, out, &result.data);
                }
            }
        }
    }
}

unsafe fn contract<T: Element>(
    plan: &Plan<T>,
    operands: [[(Address, usize); 2]; 2],
    out: (Address, usize),
    beside: Option<((Address, usize), (Address, usize))>,
    workspace: &mut Workspace<T>,
) {
    // SAFETY: the caller's.
    let out = unsafe { out.0.slice_mut(0, out.1) };
    // SAFETY: the caller's; operands are only read.
    let operands = operands.map(|pair| pair.map(|(at, len)| unsafe { at.slice(0, len) }));
    let [a, b] = operands[0];
    let done = if let Some((right, to)) = beside {
        // SAFETY: the caller's; it is another storage.
        let (right, to) = unsafe { (right.0.slice(0, right.1), to.0.slice_mut(0, to.1)) };
        plan.run_both(a, [b, right], [out, to], workspace)
    } else if plan.terms() > 1 {
        plan.run_sum(operands, out, workspace)
    } else {
        plan.run(a, b, out, workspace)
    };
    done.expect("the plan was made for these storages and the workspace reserved for it");
}

unsafe fn fill_with(dtype: DType, out: Address, len: usize, value: f64) {
    unsafe fn typed<T: Scalar>(out: Address, len: usize, value: f64) {
        // SAFETY: the caller's.
        unsafe { out.slice_mut::<T>(0, len) }.fill(T::from_f64(value));
    }
    // SAFETY: the caller's.
    unsafe {
        match dtype {
            DType::F32 => typed::<f32>(out, len, value),
            DType::F64 => typed::<f64>(out, len, value),
            DType::I32 => typed::<i32>(out, len, value),
            DType::U32 => typed::<u32>(out, len, value),
            DType::Bool => typed::<Truth>(out, len, value),
        }
    }
}

unsafe fn load(ty: &TensorType, from: Address, offset: usize) -> Vec<f64> {
    unsafe fn typed<T: Scalar>(from: Address, offset: usize, len: usize) -> Vec<f64> {
        // SAFETY: the caller's.
        unsafe { from.slice::<T>(offset, len) }.iter().map(|x| x.to_f64()).collect()
    }
    // SAFETY: the caller's.
    unsafe {
        match ty.dtype {
            DType::F32 => typed::<f32>(from, offset, ty.len()),
            DType::F64 => typed::<f64>(from, offset, ty.len()),
            DType::I32 => typed::<i32>(from, offset, ty.len()),
            DType::U32 => typed::<u32>(from, offset, ty.len()),
            DType::Bool => typed::<Truth>(from, offset, ty.len()),
        }
    }
}

unsafe fn save(ty: &TensorType, out: Address, values: &[f64]) {
    unsafe fn typed<T: Scalar>(out: Address, values: &[f64]) {
        // SAFETY: the caller's.
        unsafe { out.slice_mut::<T>(0, values.len()) }.iter_mut().zip(values).for_each(|(y, &v)| *y = T::from_f64(v));
    }
    // SAFETY: the caller's.
    unsafe {
        match ty.dtype {
            DType::F32 => typed::<f32>(out, values),
            DType::F64 => typed::<f64>(out, values),
            DType::I32 => typed::<i32>(out, values),
            DType::U32 => typed::<u32>(out, values),
            DType::Bool => typed::<Truth>(out, values),
        }
    }
}
