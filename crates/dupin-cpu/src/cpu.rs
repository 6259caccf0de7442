//! The executor.

use std::num::NonZero;
use std::sync::Arc;

use dupin_ir::{Buffer, ExecError, Executable, Executor, Program, Tensor};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::kernel::machine::Code;
use crate::run::{Compiled, host};

/// Name of the executor.
pub(crate) const NAME: &str = "cpu";

/// Runs programs on this machine's processors, on a thread pool of its own.
///
/// Results do not depend on the number of threads. Buffers are host tensors: uploading and downloading copy nothing but what
/// [`Executor::download`] returns by value.
///
/// # Examples
/// ```
/// use dupin_cpu::Cpu;
/// use dupin_ir::{Builder, DType, Executor, Tensor, TensorType};
/// let mut b = Builder::new();
/// let x = b.input("x", TensorType::new(DType::F32, [3]));
/// let y = b.exp(x);
/// let program = b.program(&[x], &[y])?;
/// let out = Cpu::new(Some(2))?.evaluate(&program, &[Tensor::f32([3], vec![0.0, 1.0, f32::NEG_INFINITY])])?;
/// assert_eq!(out[0], Tensor::f32([3], vec![1.0, std::f32::consts::E, 0.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cpu {
    pool: Arc<ThreadPool>,
    limit: Option<usize>,
}

impl Cpu {
    /// An executor with `threads` threads; `None` takes as many as the machine offers.
    ///
    /// # Errors
    /// [`ExecError::Device`] if the system starts no threads.
    pub fn new(threads: Option<usize>) -> Result<Self, ExecError> {
        let offered = || std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = threads.unwrap_or_else(offered).max(1);
        let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("dupin-cpu-{i}")).build();
        let pool = pool.map_err(|e| ExecError::Device {
            executor: NAME.into(),
            message: format!("its {threads} threads did not start: {e}"),
        })?;
        Ok(Self { pool: Arc::new(pool), limit: None })
    }

    /// The same executor, refusing programs whose memory plan needs more than `bytes`.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// [`Executor::compile`], with the compiled program's own type, which prints its kernels.
    ///
    /// # Errors
    /// [`ExecError::OutOfMemory`] if the memory plan is over the limit.
    pub fn compile_plan(&self, program: &Program) -> Result<Compiled, ExecError> {
        let mut lowered = crate::lower::lower(program);
        let memory = crate::plan::plan(&mut lowered);
        let compiled = Compiled::new(program.clone(), Code::new(lowered, memory), Arc::clone(&self.pool));
        let [arena, scratch] = compiled.bytes();
        match self.limit {
            Some(limit) if arena + scratch > limit => {
                // The arena grows with the batch, the scratch of the threads hardly does.
                let fitting_percent = 100 * limit.saturating_sub(scratch) / arena.max(1);
                Err(ExecError::OutOfMemory { needed: arena + scratch, limit, fitting_percent })
            }
            _ => Ok(compiled),
        }
    }
}

impl Executor for Cpu {
    fn name(&self) -> &str {
        NAME
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError> {
        Ok(Box::new(self.compile_plan(program)?))
    }

    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError> {
        Ok(Buffer::new(tensor.ty(), Arc::new(tensor)))
    }

    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError> {
        host(buffer).cloned()
    }
}
