//! The executor.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dupin_ir::{Buffer, ExecError, Executable, Executor, Program, Tensor, check_inputs, stablehlo};

use crate::cache::Cache;
use crate::ffi::{Client, DeviceBuffer, Loaded, Plugin};
use crate::options::compile_options;
use crate::{Error, Options};

/// Code of "out of memory" in [`Error::Plugin`].
const RESOURCE_EXHAUSTED: i32 = 8;

/// Runs programs on one or more devices of a PJRT plugin. Buffers live there; only uploads and downloads move data.
///
/// Runs are queued: [`Executable::run`] may return before the results are computed, and reading one waits for it.
///
/// Several devices are replicas: each runs every program on its own buffers, and
/// [`AllReduce`](dupin_ir::prim::AllReduce) sums over them inside the program, by the plugin's own collective operations.
///
/// Equal inputs give equal bits on one device. Results agree with other executors to rounding; how `f32` products round is
/// [`Options::precision`].
#[derive(Debug)]
pub struct Pjrt {
    name: String,
    shared: Arc<Shared>,
    options: Options,
    /// How programs are written for this platform.
    text: stablehlo::Options,
    compile_options: Vec<u8>,
    cache: Option<Cache>,
}

/// What buffers and programs of an executor have in common.
#[derive(Debug)]
struct Shared {
    client: Arc<Client>,
    /// Held while a program is queued on several devices: programs that wait for each other's sums must come in one order on all.
    queue: Mutex<()>,
}

/// The handle of a buffer: a tensor on each replica.
type Replicas = Vec<DeviceBuffer>;

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

/// The plugin's devices, at least as many as `wanted` if it computes on the host's processors and can divide them.
fn client(plugin: Plugin, wanted: usize) -> Result<Client, Error> {
    let client = Client::new(plugin.clone(), &[])?;
    if client.device_count() >= wanted || client.platform()? != "cpu" {
        return Ok(client);
    }
    // Known to XLA's CPU plugins; one that does not know it keeps the devices that it has.
    Ok(Client::new(plugin, &[("cpu_device_count", wanted as i64)]).unwrap_or(client))
}

impl Pjrt {
    /// Loads a plugin from its file and takes some of its devices.
    ///
    /// # Errors
    /// If the file is no plugin, one of an unknown version, finds no hardware, or lacks a device; if a device is named twice, or none.
    pub fn load(path: &Path, options: &Options) -> Result<Self, Error> {
        let devices = &options.devices;
        if devices.is_empty() || devices.iter().enumerate().any(|(i, d)| devices[..i].contains(d)) {
            return Err(Error::Devices { devices: devices.clone() });
        }
        let client = Arc::new(client(Plugin::load(path)?, devices.len())?);
        let count = client.device_count();
        if let Some(&index) = devices.iter().find(|&&d| d >= count) {
            return Err(Error::NoDevice { path: path.into(), count, index });
        }
        let platform = client.platform()?;
        let described = devices.iter().map(|&d| client.device(d)).collect::<Result<Vec<_>, _>>()?;
        let (ids, kinds): (Vec<i64>, Vec<String>) = described.into_iter().unzip();
        let flags: &[(&str, bool)] = match platform.as_str() {
            // Sums by atomic additions would depend on their order; XLA's CPU and TPU compilers have none.
            "cuda" | "rocm" | "gpu" => &[("xla_gpu_deterministic_ops", true)],
            _ => &[],
        };
        let compile_options = compile_options(&ids, flags);
        let cache = match &options.cache {
            Some(folder) => {
                let (kinds, api) = (kinds.join(", "), client.plugin().version());
                let version = format!("{platform}\n{}\n{kinds}\n{api:?}", client.platform_version()?);
                Some(Cache::new(folder.clone(), [version.as_bytes(), &compile_options].concat()))
            }
            None => None,
        };
        // XLA's CPU compiler multiplies the zeros in holes (five times the time in f32 at worst, fifteen in f64); on GPUs a convolution
        // with holes is what cuDNN's input gradient is recognised by.
        let text = stablehlo::Options { precision: options.precision, replicas: devices.len(), holes: platform != "cpu" };
        let name = format!("pjrt:{platform}");
        let shared = Arc::new(Shared { client, queue: Mutex::new(()) });
        Ok(Self { name, shared, options: options.clone(), text, compile_options, cache })
    }

    /// What the plugin offers.
    ///
    /// # Errors
    /// If the plugin does not say.
    pub fn describe(&self) -> Result<Description, Error> {
        let client = &self.shared.client;
        let (major, minor) = client.plugin().version();
        let kinds = (0..client.device_count()).map(|i| Ok(client.device(i)?.1));
        Ok(Description {
            platform: client.platform()?,
            platform_version: client.platform_version()?,
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
        let client = &self.shared.client;
        if let Some(cache) = &self.cache
            && let Some(bytes) = cache.get(text)
            && let Ok(loaded) = client.deserialize(&bytes)
            && loaded.outputs() == outputs
        {
            return Ok(loaded);
        }
        let loaded = client.compile(text, &self.compile_options)?;
        if let Some(cache) = &self.cache
            && let Ok(bytes) = loaded.serialize()
        {
            cache.put(text, &bytes);
        }
        Ok(loaded)
    }

    /// A tensor for each replica, copied to it.
    fn copied<'t>(&self, tensors: impl Iterator<Item = &'t Tensor>) -> Result<Arc<Replicas>, ExecError> {
        let copy = |(&device, tensor): (&usize, &Tensor)| self.shared.client.upload(device, tensor);
        let each = self.options.devices.iter().zip(tensors).map(copy).collect::<Result<Replicas, _>>();
        each.map(Arc::new).map_err(|e| self.failed(&e))
    }
}

impl Executor for Pjrt {
    fn name(&self) -> &str {
        &self.name
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError> {
        self.compile_replacing(program, &[])
    }

    fn replaces(&self) -> bool {
        true
    }

    fn compile_replacing(&self, program: &Program, replaced: &[(usize, usize)]) -> Result<Box<dyn Executable>, ExecError> {
        let text = stablehlo::print_replacing(program, &self.text, replaced);
        let replaced = replaced.iter().map(|r| r.0).collect();
        let outputs = program.outputs().len();
        let loaded = self.load_or_compile(&text, outputs).map_err(|e| self.failed(&e))?;
        if loaded.outputs() != outputs {
            let message = format!("it compiled a program of {outputs} results to one of {}", loaded.outputs());
            return Err(ExecError::Device { executor: self.name.clone(), message });
        }
        let (name, shared, replicas) = (self.name.clone(), Arc::clone(&self.shared), self.replicas());
        Ok(Box::new(Compiled { name, shared, replicas, program: program.clone(), loaded, replaced }))
    }

    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError> {
        Ok(Buffer::new(tensor.ty(), self.copied(std::iter::repeat(&tensor))?))
    }

    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError> {
        own(&self.name, &self.shared, buffer)?[0].download(buffer.ty()).map_err(|e| self.failed(&e))
    }

    fn replicas(&self) -> usize {
        self.options.devices.len()
    }

    fn upload_each(&self, tensors: Vec<Tensor>) -> Result<Buffer, ExecError> {
        assert_eq!(tensors.len(), self.replicas(), "every replica takes one tensor");
        let ty = tensors[0].ty();
        assert!(tensors.iter().all(|t| t.ty() == ty), "replicas take tensors of one type");
        Ok(Buffer::new(ty, self.copied(tensors.iter())?))
    }

    fn download_each(&self, buffer: &Buffer) -> Result<Vec<Tensor>, ExecError> {
        let each = own(&self.name, &self.shared, buffer)?.iter().map(|b| b.download(buffer.ty()));
        each.collect::<Result<_, _>>().map_err(|e| self.failed(&e))
    }

    fn wait(&self, buffers: &[Buffer]) -> Result<(), ExecError> {
        for buffer in buffers {
            own(&self.name, &self.shared, buffer)?.iter().try_for_each(DeviceBuffer::wait).map_err(|e| self.failed(&e))?;
        }
        Ok(())
    }
}

struct Compiled {
    name: String,
    shared: Arc<Shared>,
    replicas: usize,
    program: Program,
    loaded: Loaded,
    /// Inputs whose memory results take.
    replaced: Vec<usize>,
}

impl Executable for Compiled {
    fn run(&self, inputs: &[&Buffer]) -> Result<Vec<Buffer>, ExecError> {
        check_inputs(&self.program, inputs)?;
        // What somebody else may still read is copied by the plugin.
        let kept: Vec<i64> = self.replaced.iter().filter(|&&i| inputs[i].is_shared()).map(|&i| i as i64).collect();
        let inputs = inputs.iter().map(|b| own(&self.name, &self.shared, b)).collect::<Result<Vec<_>, _>>()?;
        let lists: Vec<Vec<&DeviceBuffer>> = (0..self.replicas).map(|r| inputs.iter().map(|i| &i[r]).collect()).collect();
        let lock = (self.replicas > 1).then(|| self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner));
        let outputs = self.loaded.run(&lists, &kept);
        drop(lock);
        let outputs = outputs.map_err(|e| ExecError::Device { executor: self.name.clone(), message: e.to_string() })?;
        let mut lists: Vec<_> = outputs.into_iter().map(Vec::into_iter).collect();
        let types = self.program.outputs().iter().map(|&v| self.program.graph().ty(v).clone());
        let gathered = |ty| Buffer::new(ty, Arc::new(lists.iter_mut().filter_map(Iterator::next).collect::<Replicas>()));
        Ok(types.map(gathered).collect())
    }

    fn peak_bytes(&self) -> usize {
        self.loaded.memory().map_or(0, |m| m.temporaries)
    }
}

/// The buffer on each replica, if it is one of this executor.
fn own<'a>(executor: &str, shared: &Shared, buffer: &'a Buffer) -> Result<&'a Replicas, ExecError> {
    let found = buffer.handle::<Replicas>().filter(|each| each.iter().all(|b| b.belongs_to(&shared.client)));
    found.ok_or_else(|| ExecError::ForeignBuffer { executor: executor.into(), ty: buffer.ty().clone() })
}
