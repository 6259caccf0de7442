//! The executor.

use std::path::Path;
use std::sync::Arc;

use dupin_ir::{Buffer, ExecError, Executable, Executor, Program, Tensor, check_inputs, stablehlo};

use crate::cache::Cache;
use crate::ffi::{Client, DeviceBuffer, Loaded, Plugin};
use crate::options::compile_options;
use crate::{Error, Options};

/// Code of "out of memory" in [`Error::Plugin`].
const RESOURCE_EXHAUSTED: i32 = 8;

/// Runs programs on a device of a PJRT plugin. Buffers live there; only [`Executor::upload`] and [`Executor::download`] move data.
///
/// Runs are queued: [`Executable::run`] may return before the results are computed, and reading one waits for it.
///
/// Equal inputs give equal bits on one device. Results agree with other executors to rounding; how `f32` products round is
/// [`Options::precision`].
#[derive(Debug)]
pub struct Pjrt {
    name: String,
    client: Arc<Client>,
    device: usize,
    options: Options,
    compile_options: Vec<u8>,
    cache: Option<Cache>,
}

/// What a plugin offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Such as `cpu`, `cuda`, `tpu`.
    pub platform: String,
    /// The compiler's version, in the plugin's words.
    pub platform_version: String,
    /// Version of the C API, such as `0.81`.
    pub api_version: String,
    /// Kind of each device.
    pub devices: Vec<String>,
}

impl Pjrt {
    /// Loads a plugin from its file and takes one of its devices.
    ///
    /// # Errors
    /// If the file is no plugin, one of an unknown version, finds no hardware, or lacks the device.
    pub fn load(path: &Path, options: &Options) -> Result<Self, Error> {
        let client = Arc::new(Client::new(Plugin::load(path)?)?);
        let count = client.device_count();
        if options.device >= count {
            return Err(Error::NoDevice { path: path.into(), count, index: options.device });
        }
        let platform = client.platform()?;
        let (id, kind) = client.device(options.device)?;
        let flags: &[(&str, bool)] = match platform.as_str() {
            // Sums by atomic additions would depend on their order; XLA's CPU and TPU compilers have none.
            "cuda" | "rocm" | "gpu" => &[("xla_gpu_deterministic_ops", true)],
            _ => &[],
        };
        let compile_options = compile_options(&[id], flags);
        let cache = match &options.cache {
            Some(folder) => {
                let version = format!("{platform}\n{}\n{kind}\n{:?}", client.platform_version()?, client.plugin().version());
                Some(Cache::new(folder.clone(), [version.as_bytes(), &compile_options].concat()))
            }
            None => None,
        };
        let name = format!("pjrt:{platform}");
        Ok(Self { name, client, device: options.device, options: options.clone(), compile_options, cache })
    }

    /// What the plugin offers.
    ///
    /// # Errors
    /// If the plugin does not say.
    pub fn describe(&self) -> Result<Description, Error> {
        let (major, minor) = self.client.plugin().version();
        let kinds = (0..self.client.device_count()).map(|i| Ok(self.client.device(i)?.1));
        Ok(Description {
            platform: self.client.platform()?,
            platform_version: self.client.platform_version()?,
            api_version: format!("{major}.{minor}"),
            devices: kinds.collect::<Result<_, Error>>()?,
        })
    }

    /// Buffers on devices that this process has not freed.
    pub fn live_buffers() -> usize {
        DeviceBuffer::live()
    }

    fn failed(&self, error: &Error) -> ExecError {
        let advice = match error {
            Error::Plugin { code: RESOURCE_EXHAUSTED, .. } => " (a smaller batch, or --block, needs less memory)",
            _ => "",
        };
        ExecError::Device { executor: self.name.clone(), message: format!("{error}{advice}") }
    }

    fn load_or_compile(&self, text: &str, outputs: usize) -> Result<Loaded, Error> {
        if let Some(cache) = &self.cache
            && let Some(bytes) = cache.get(text)
            && let Ok(loaded) = self.client.deserialize(&bytes)
            && loaded.outputs() == outputs
        {
            return Ok(loaded);
        }
        let loaded = self.client.compile(text, &self.compile_options)?;
        if let Some(cache) = &self.cache
            && let Ok(bytes) = loaded.serialize()
        {
            cache.put(text, &bytes);
        }
        Ok(loaded)
    }
}

impl Executor for Pjrt {
    fn name(&self) -> &str {
        &self.name
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError> {
        let text = stablehlo::print(program, self.options.precision);
        let outputs = program.outputs().len();
        let loaded = self.load_or_compile(&text, outputs).map_err(|e| self.failed(&e))?;
        if loaded.outputs() != outputs {
            let message = format!("it compiled a program of {outputs} results to one of {}", loaded.outputs());
            return Err(ExecError::Device { executor: self.name.clone(), message });
        }
        Ok(Box::new(Compiled { name: self.name.clone(), client: Arc::clone(&self.client), program: program.clone(), loaded }))
    }

    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError> {
        let buffer = self.client.upload(self.device, &tensor).map_err(|e| self.failed(&e))?;
        Ok(Buffer::new(tensor.ty(), Arc::new(buffer)))
    }

    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError> {
        own(&self.name, &self.client, buffer)?.download(buffer.ty()).map_err(|e| self.failed(&e))
    }

    fn wait(&self, buffers: &[Buffer]) -> Result<(), ExecError> {
        buffers.iter().try_for_each(|b| own(&self.name, &self.client, b)?.wait().map_err(|e| self.failed(&e)))
    }
}

struct Compiled {
    name: String,
    client: Arc<Client>,
    program: Program,
    loaded: Loaded,
}

impl Executable for Compiled {
    fn run(&self, inputs: &[&Buffer]) -> Result<Vec<Buffer>, ExecError> {
        check_inputs(&self.program, inputs)?;
        let inputs = inputs.iter().map(|b| own(&self.name, &self.client, b)).collect::<Result<Vec<_>, _>>()?;
        let failed = |e: Error| ExecError::Device { executor: self.name.clone(), message: e.to_string() };
        let outputs = self.loaded.run(&[inputs]).map_err(failed)?.remove(0);
        let types = self.program.outputs().iter().map(|&v| self.program.graph().ty(v).clone());
        Ok(outputs.into_iter().zip(types).map(|(buffer, ty)| Buffer::new(ty, Arc::new(buffer))).collect())
    }

    fn peak_bytes(&self) -> usize {
        self.loaded.memory().map_or(0, |m| m.temporaries)
    }
}

/// The device's buffer, if it is one of this client.
fn own<'a>(executor: &str, client: &Arc<Client>, buffer: &'a Buffer) -> Result<&'a DeviceBuffer, ExecError> {
    let found = buffer.handle::<DeviceBuffer>().filter(|b| b.belongs_to(client));
    found.ok_or_else(|| ExecError::ForeignBuffer { executor: executor.into(), ty: buffer.ty().clone() })
}
