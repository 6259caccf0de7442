//! A compiled program.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dupin_ir::{Buffer, DType, Data, ExecError, Executable, Program, Tensor, TensorType, check_inputs};
use rayon::ThreadPool;

use crate::kernel::machine::{Code, Machine};
use crate::step::{Contract, Origin, Step, Work};

/// Operations below which threads cost more than they save.
const PARALLEL_FLOP: f64 = 2e6;

/// A program lowered, planned and ready to run from any thread.
///
/// Its `Display` lists the kernels of one run, one a line.
pub struct Compiled {
    program: Program,
    code: Code,
    pool: Arc<ThreadPool>,
    threads: usize,
    /// Memory of runs that have ended; each concurrent run has its own.
    idle: Mutex<Vec<Machine>>,
    /// Results of the last runs, the latest last: memory that is written again once nobody else holds it.
    results: Mutex<Vec<Arc<Tensor>>>,
}

/// Runs whose results are remembered: two, as what a step updates is the input of the next while that one writes its own.
const GENERATIONS: usize = 2;

/// What a kernel took in one run.
#[derive(Clone, Debug)]
pub struct KernelTime {
    /// What it does.
    pub kernel: String,
    /// From the end of the kernel before it to its own.
    pub seconds: f64,
    /// Floating-point operations: of contractions a multiply-add is two; of fused kernels one per element and operation.
    pub flop: f64,
    /// Bytes of its operands and results, each counted once.
    pub bytes: usize,
}

impl Compiled {
    pub(crate) fn new(program: Program, code: Code, pool: Arc<ThreadPool>) -> Self {
        let parallel = code.lowered.steps.iter().any(|s| match &s.work {
            Work::Fused(tape) => tape.tasks() > 1,
            Work::Contract(terms) => terms.iter().any(|t| t.flop() > PARALLEL_FLOP),
            _ => s.reads.iter().chain(&s.writes).any(|&s| code.lowered.storages[s].len > 32768),
        });
        let threads = if parallel { pool.current_num_threads() } else { 1 };
        Self { program, code, pool, threads, idle: Mutex::new(Vec::new()), results: Mutex::new(Vec::new()) }
    }

    pub(crate) fn bytes(&self) -> [usize; 2] {
        [self.code.memory.bytes, self.code.scratch_bytes(self.threads)]
    }

    /// Bytes of the arena that intermediate values share.
    pub fn arena_bytes(&self) -> usize {
        self.code.memory.bytes
    }

    /// Number of kernels that a run launches.
    pub fn kernels(&self) -> usize {
        self.code.lowered.steps.len()
    }

    /// Bytes that one run's kernels read and write, every operand and result counted once per kernel.
    pub fn bytes_moved(&self) -> usize {
        let storages = &self.code.lowered.storages;
        self.code.lowered.steps.iter().flat_map(|s| s.reads.iter().chain(&s.writes)).map(|&s| storages[s].bytes()).sum()
    }

    /// Runs once and times every kernel, in the order they run. `clock` gives seconds from any origin.
    ///
    /// # Errors
    /// As a run.
    pub fn profile(&self, inputs: &[&Buffer], clock: &(dyn Fn() -> f64 + Sync)) -> Result<Vec<KernelTime>, ExecError> {
        check_inputs(&self.program, inputs)?;
        let tensors = inputs.iter().map(|b| host(b)).collect::<Result<Vec<_>, _>>()?;
        let mut ends = Vec::with_capacity(self.kernels());
        let mut begin = clock();
        self.evaluate(inputs, &tensors, &mut |_| ends.push(clock()));
        let storages = &self.code.lowered.storages;
        let time = |(step, end): (&Step, f64)| {
            let seconds = end - std::mem::replace(&mut begin, end);
            let flop = match &step.work {
                Work::Contract(terms) => terms.iter().map(Contract::flop).sum(),
                Work::Fused(tape) => (tape.len * tape.ops.len()) as f64,
                _ => 0.0,
            };
            let bytes = step.reads.iter().chain(&step.writes).map(|&s| storages[s].bytes()).sum();
            KernelTime { kernel: step.work.to_string(), seconds, flop, bytes }
        };
        Ok(self.code.lowered.steps.iter().zip(ends).map(time).collect())
    }

    fn evaluate(&self, buffers: &[&Buffer], inputs: &[&Tensor], watch: &mut (dyn FnMut(usize) + Send)) -> Vec<Buffer> {
        let lowered = &self.code.lowered;
        let mut results: Vec<(usize, Tensor)> = Vec::new();
        for output in &lowered.outputs {
            let computed = lowered.storages[output.storage].origin == Origin::Step;
            if computed && results.iter().all(|r| r.0 != output.storage) {
                results.push((output.storage, self.memory(&output.ty)));
            }
        }
        let mut machine = self.idle().pop().unwrap_or_else(|| Machine::new(&self.code, self.threads));
        if self.threads > 1 {
            self.pool.install(|| machine.run(&self.code, inputs, &mut results, watch));
        } else {
            machine.run(&self.code, inputs, &mut results, watch);
        }
        self.idle().push(machine);
        let results: Vec<(usize, Arc<Tensor>)> = results.into_iter().map(|(s, t)| (s, Arc::new(t))).collect();
        self.remember(results.iter().map(|r| Arc::clone(&r.1)));
        let buffers = lowered.outputs.iter().map(|output| match lowered.storages[output.storage].origin {
            Origin::Input(i) if buffers[i].ty() == &output.ty => buffers[i].clone(),
            Origin::Input(i) => Buffer::new(output.ty.clone(), Arc::new(inputs[i].clone().reshape(output.ty.shape.clone()))),
            _ => {
                let found = results.iter().find(|r| r.0 == output.storage).map(|r| Arc::clone(&r.1));
                let tensor = found.expect("every computed output has its result");
                if tensor.shape() == output.ty.shape {
                    Buffer::new(output.ty.clone(), tensor)
                } else {
                    Buffer::new(output.ty.clone(), Arc::new(Tensor::clone(&tensor).reshape(output.ty.shape.clone())))
                }
            }
        });
        buffers.collect()
    }

    /// Memory for a result: an earlier run's that nobody holds any more, else new. Steps write every element of it.
    fn memory(&self, ty: &TensorType) -> Tensor {
        let mut results = lock(&self.results);
        let free = |t: &Arc<Tensor>| Arc::strong_count(t) == 1 && t.shape() == ty.shape && t.dtype() == ty.dtype;
        let found = results.iter().position(free).map(|i| results.remove(i));
        found.and_then(Arc::into_inner).unwrap_or_else(|| blank(ty))
    }

    /// Remembers the results of a run, and forgets those of long ago.
    fn remember(&self, new: impl ExactSizeIterator<Item = Arc<Tensor>>) {
        let most = GENERATIONS * new.len();
        let mut results = lock(&self.results);
        results.extend(new);
        let old = results.len().saturating_sub(most);
        results.drain(..old);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Machine>> {
        lock(&self.idle)
    }
}

impl Executable for Compiled {
    fn run(&self, inputs: &[&Buffer]) -> Result<Vec<Buffer>, ExecError> {
        check_inputs(&self.program, inputs)?;
        let tensors = inputs.iter().map(|b| host(b)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.evaluate(inputs, &tensors, &mut |_| {}))
    }

    fn peak_bytes(&self) -> usize {
        self.bytes().iter().sum()
    }
}

impl fmt::Display for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} kernels, peak {} bytes, {} bytes moved", self.kernels(), self.peak_bytes(), self.bytes_moved())?;
        self.code.lowered.steps.iter().try_for_each(|s| writeln!(f, "{:?} = {} {:?}", s.writes, s.work, s.reads))
    }
}

/// A list of idle memory is right at any time: nothing is broken by a thread that panicked.
fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A result before it is computed. Zeroed memory of the system's costs nothing until it is touched.
fn blank(ty: &TensorType) -> Tensor {
    let n = ty.len();
    let data = match ty.dtype {
        DType::F32 => Data::F32(vec![0.0; n]),
        DType::F64 => Data::F64(vec![0.0; n]),
        DType::I32 => Data::I32(vec![0; n]),
        DType::U32 => Data::U32(vec![0; n]),
        DType::Bool => Data::Bool(vec![false; n]),
    };
    Tensor::new(ty.shape.clone(), data)
}

/// The tensor behind a buffer.
pub(crate) fn host(buffer: &Buffer) -> Result<&Tensor, ExecError> {
    buffer.handle().ok_or_else(|| ExecError::ForeignBuffer { executor: crate::NAME.into(), ty: buffer.ty().clone() })
}
