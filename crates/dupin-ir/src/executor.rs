//! What every executor offers: compile a program, hold buffers, run.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::error::ExecError;
use crate::program::Program;
use crate::tensor::Tensor;
use crate::types::TensorType;

/// A tensor where an executor keeps it: host memory for the native one, device memory for others.
///
/// Cloning shares the contents; buffers are never changed in place, but for [`Executor::compile_replacing`].
#[derive(Clone)]
pub struct Buffer {
    ty: TensorType,
    handle: Arc<dyn Any + Send + Sync>,
}

impl Buffer {
    /// Wraps an executor's own handle.
    pub fn new(ty: TensorType, handle: Arc<dyn Any + Send + Sync>) -> Self {
        Self { ty, handle }
    }

    /// Element type and shape.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Whether another clone of it exists, whose holder may still read it.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.handle) > 1
    }

    /// The handle, if it is an executor's `T`.
    pub fn handle<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.handle.downcast_ref()
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({})", self.ty)
    }
}

/// Compiles and runs programs.
pub trait Executor: Send + Sync {
    /// Name for messages and records, such as `cpu`.
    fn name(&self) -> &str;

    /// Compiles a program.
    ///
    /// # Errors
    /// [`ExecError::OutOfMemory`] if the memory plan is over a set limit; [`ExecError::Device`] for what a device reports.
    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError>;

    /// Compiles a program whose results take the place of inputs: `replaced` are pairs of an input's and a result's position, of one type.
    ///
    /// A run may then use the memory of such an input for the result, if no clone of the buffer exists and the run succeeds: the buffer must
    /// not be read after it. An executor of which [`Executor::replaces`] is false leaves all inputs as they are.
    ///
    /// # Errors
    /// As [`Executor::compile`].
    fn compile_replacing(&self, program: &Program, _replaced: &[(usize, usize)]) -> Result<Box<dyn Executable>, ExecError> {
        self.compile(program)
    }

    /// Whether [`Executor::compile_replacing`] saves memory, so that a state of which only the next is needed exists once.
    fn replaces(&self) -> bool {
        false
    }

    /// Puts a tensor where programs can take it: on every replica.
    ///
    /// # Errors
    /// [`ExecError::Device`] for what a device reports.
    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError>;

    /// Brings a buffer back to the host; of several replicas, that of the first.
    ///
    /// # Errors
    /// [`ExecError::ForeignBuffer`] if another executor made it; [`ExecError::Device`] for what a device reports.
    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError>;

    /// Devices that run every program side by side. A buffer holds one tensor on each, all of its type.
    ///
    /// [`Executor::upload`] gives all replicas the same tensor; what differs between them comes by [`Executor::upload_each`], and what
    /// they share again by [`AllReduce`](crate::prim::AllReduce) inside the program.
    fn replicas(&self) -> usize {
        1
    }

    /// Puts a tensor on each replica, in their order; all have one type.
    ///
    /// # Errors
    /// [`ExecError::Device`] for what a device reports.
    ///
    /// # Panics
    /// If there are not as many tensors as replicas, or they differ in type.
    fn upload_each(&self, mut tensors: Vec<Tensor>) -> Result<Buffer, ExecError> {
        assert_eq!(tensors.len(), 1, "an executor of one replica takes one tensor");
        self.upload(tensors.remove(0))
    }

    /// Brings back what each replica holds.
    ///
    /// # Errors
    /// As [`Executor::download`].
    fn download_each(&self, buffer: &Buffer) -> Result<Vec<Tensor>, ExecError> {
        Ok(vec![self.download(buffer)?])
    }

    /// Waits until these buffers are computed. An executor whose runs return when they are done has nothing to wait for.
    ///
    /// # Errors
    /// [`ExecError::Device`] for what a run that was under way reports.
    fn wait(&self, _buffers: &[Buffer]) -> Result<(), ExecError> {
        Ok(())
    }

    /// Uploads, runs once and downloads: for tests and one-off values.
    ///
    /// # Errors
    /// As [`Executor::compile`], [`Executable::run`].
    fn evaluate(&self, program: &Program, inputs: &[Tensor]) -> Result<Vec<Tensor>, ExecError> {
        let executable = self.compile(program)?;
        let inputs = inputs.iter().map(|t| self.upload(t.clone())).collect::<Result<Vec<_>, _>>()?;
        let outputs = executable.run(&inputs.iter().collect::<Vec<_>>())?;
        outputs.iter().map(|b| self.download(b)).collect()
    }
}

/// An executor behind a pointer is one: what is chosen at run time serves where one is asked for.
impl<E: Executor + ?Sized> Executor for Box<E> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError> {
        (**self).compile(program)
    }

    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError> {
        (**self).upload(tensor)
    }

    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError> {
        (**self).download(buffer)
    }

    fn compile_replacing(&self, program: &Program, replaced: &[(usize, usize)]) -> Result<Box<dyn Executable>, ExecError> {
        (**self).compile_replacing(program, replaced)
    }

    fn replaces(&self) -> bool {
        (**self).replaces()
    }

    fn replicas(&self) -> usize {
        (**self).replicas()
    }

    fn upload_each(&self, tensors: Vec<Tensor>) -> Result<Buffer, ExecError> {
        (**self).upload_each(tensors)
    }

    fn download_each(&self, buffer: &Buffer) -> Result<Vec<Tensor>, ExecError> {
        (**self).download_each(buffer)
    }

    fn wait(&self, buffers: &[Buffer]) -> Result<(), ExecError> {
        (**self).wait(buffers)
    }
}

/// A compiled program.
pub trait Executable: Send + Sync {
    /// Runs it. Equal inputs give equal bits, whatever the number of threads.
    ///
    /// # Errors
    /// If the inputs are not as the program declares, or the device fails.
    fn run(&self, inputs: &[&Buffer]) -> Result<Vec<Buffer>, ExecError>;

    /// Peak of the memory plan in bytes, inputs and outputs not counted.
    fn peak_bytes(&self) -> usize;
}

/// Uploads batches that run side by side, each a list of tensors: one batch on each replica, in their order. Where there are fewer
/// batches than replicas, the last one stands in for those that are missing; whoever adds up results leaves these out.
///
/// # Errors
/// As [`Executor::upload_each`].
///
/// # Panics
/// If there is no batch, or more than replicas, or they differ in number or type of tensors.
pub fn upload_spread(executor: &dyn Executor, mut batches: Vec<Vec<Tensor>>) -> Result<Vec<Buffer>, ExecError> {
    let replicas = executor.replicas();
    assert!(batches.len() <= replicas, "there are {} batches for {replicas} replicas", batches.len());
    let last = batches.last().expect("at least one batch runs").clone();
    batches.resize(replicas, last);
    let mut lists: Vec<_> = batches.into_iter().map(Vec::into_iter).collect();
    let mut out = Vec::new();
    loop {
        let each: Vec<Tensor> = lists.iter_mut().filter_map(Iterator::next).collect();
        if each.is_empty() {
            return Ok(out);
        }
        out.push(executor.upload_each(each)?);
    }
}

/// Checks inputs against what a program declares.
///
/// # Errors
/// [`ExecError::InputCount`] or [`ExecError::InputType`].
pub fn check_inputs(program: &Program, inputs: &[&Buffer]) -> Result<(), ExecError> {
    if inputs.len() != program.inputs().len() {
        return Err(ExecError::InputCount { expected: program.inputs().len(), found: inputs.len() });
    }
    for (index, (&v, buffer)) in program.inputs().iter().zip(inputs).enumerate() {
        let node = program.graph().node(v);
        if &node.ty != buffer.ty() {
            let name = if let crate::prim::Prim::Input(i) = &node.prim { i.name.clone() } else { String::new() };
            return Err(ExecError::InputType { index, name, expected: node.ty.clone(), found: buffer.ty().clone() });
        }
    }
    Ok(())
}

/// The reference evaluator as an executor: slow, in `f64` throughout, what other executors are checked against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

struct ReferenceExecutable(Program);

impl Executor for Reference {
    #[expect(clippy::unnecessary_literal_bound, reason = "the trait's signature")]
    fn name(&self) -> &str {
        "reference"
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError> {
        Ok(Box::new(ReferenceExecutable(program.clone())))
    }

    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError> {
        Ok(Buffer::new(tensor.ty(), Arc::new(tensor)))
    }

    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError> {
        host(buffer, self.name()).cloned()
    }
}

impl Executable for ReferenceExecutable {
    fn run(&self, inputs: &[&Buffer]) -> Result<Vec<Buffer>, ExecError> {
        check_inputs(&self.0, inputs)?;
        let tensors = inputs.iter().map(|b| host(b, "reference")).collect::<Result<Vec<_>, _>>()?;
        crate::reference::evaluate_tensors(&self.0, &tensors).into_iter().map(|t| Reference.upload(t)).collect()
    }

    fn peak_bytes(&self) -> usize {
        self.0.graph().nodes().iter().map(|n| n.ty.len() * 8).sum()
    }
}

fn host<'a>(buffer: &'a Buffer, executor: &str) -> Result<&'a Tensor, ExecError> {
    buffer.handle().ok_or_else(|| ExecError::ForeignBuffer { executor: executor.into(), ty: buffer.ty().clone() })
}
