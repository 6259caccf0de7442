//! Weight files: safetensors with PyTorch's names and layouts, so that `load_state_dict` reads what is saved here.
//!
//! A file appears whole or not at all: it is written beside its place, flushed to the disk and renamed. The same tensors and
//! metadata give the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use dupin_ir::{DType, Data, Tensor};

use crate::error::{Error, TensorProblem};
use crate::layout::{Layout, from_pytorch, to_pytorch};
use crate::network::Network;

mod decode;

pub use decode::{File, read};

/// Text that travels with the tensors of a file.
pub type Metadata = BTreeMap<String, String>;

/// The state of a network from a file, in the graph's layouts and the order that the network lists.
#[derive(Clone, Debug)]
pub struct Weights {
    /// One tensor per parameter.
    pub params: Vec<Tensor>,
    /// One tensor per buffer.
    pub buffers: Vec<Tensor>,
    /// What was saved with them.
    pub metadata: Metadata,
}

impl Network {
    /// Parameters and buffers with their names, in PyTorch's layouts: what [`save`] takes.
    ///
    /// # Panics
    /// If there are not as many of each as the network lists, or a shape is not the listed one.
    pub fn to_pytorch(&self, params: &[Tensor], buffers: &[Tensor]) -> Vec<(String, Tensor)> {
        assert_eq!(params.len(), self.params().len(), "`{}` has one tensor per parameter", self.spec());
        assert_eq!(buffers.len(), self.buffers().len(), "`{}` has one tensor per buffer", self.spec());
        let placed = |name: &String, shape: &[usize], layout, tensor: &Tensor| {
            assert_eq!(tensor.shape(), shape, "`{name}` has another shape than the network's");
            (name.clone(), to_pytorch(tensor, layout))
        };
        let params = self.params().iter().zip(params).map(|(p, t)| placed(&p.name, &p.shape, p.layout, t));
        let buffers = self.buffers().iter().zip(buffers).map(|(s, t)| placed(&s.name, &s.shape, Layout::Same, t));
        params.chain(buffers).collect()
    }

    /// Takes the network's parameters and buffers out of named tensors in PyTorch's layouts, converted to `dtype`. The inverse of
    /// [`Network::to_pytorch`]; names ending in `num_batches_tracked` are PyTorch's own and left alone.
    ///
    /// # Errors
    /// Everything that does not fit: missing, unexpected, of another shape, no floats.
    ///
    /// # Panics
    /// If `dtype` is not a float type.
    pub fn from_pytorch(
        &self,
        tensors: &BTreeMap<String, Tensor>,
        dtype: DType,
    ) -> Result<(Vec<Tensor>, Vec<Tensor>), Vec<TensorProblem>> {
        assert!(dtype.is_float(), "parameters are floats, not {dtype}");
        let mut problems = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        let mut take = |name: &String, shape: &[usize], layout: Layout| {
            known.insert(name.clone());
            let (name, expected) = (name.clone(), layout.pytorch_shape(shape));
            let problem = match tensors.get(&name) {
                None => TensorProblem::Missing { name, expected },
                Some(t) if t.shape() != expected => TensorProblem::Shape { name, expected, found: t.shape().to_vec() },
                Some(t) if !t.dtype().is_float() => TensorProblem::DType { name, found: t.dtype() },
                Some(t) => return Some(from_pytorch(&t.convert(dtype), layout)),
            };
            problems.push(problem);
            None
        };
        let params: Vec<_> = self.params().iter().filter_map(|p| take(&p.name, &p.shape, p.layout)).collect();
        let buffers: Vec<_> = self.buffers().iter().filter_map(|s| take(&s.name, &s.shape, Layout::Same)).collect();
        for (name, tensor) in tensors {
            if !known.contains(name) && name.rsplit('.').next() != Some("num_batches_tracked") {
                problems.push(TensorProblem::Unexpected { name: name.clone(), found: tensor.shape().to_vec() });
            }
        }
        if problems.is_empty() { Ok((params, buffers)) } else { Err(problems) }
    }
}

/// Loads a network's parameters and buffers. `F16`, `BF16`, `F32` and `F64` are converted to `dtype`.
///
/// # Errors
/// Those of [`read`]; [`Error::Mismatch`] with every tensor that does not fit the network.
///
/// # Panics
/// If `dtype` is not a float type.
pub fn load(path: &Path, network: &Network, dtype: DType) -> Result<Weights, Error> {
    let File { tensors, metadata } = read(path)?;
    match network.from_pytorch(&tensors, dtype) {
        Ok((params, buffers)) => Ok(Weights { params, buffers, metadata }),
        Err(problems) => {
            let (path, model, saved) = (path.into(), network.spec().into(), metadata.get("model").cloned());
            Err(Error::Mismatch { path, model, saved, problems })
        }
    }
}

/// Saves named tensors in PyTorch's layouts (see [`Network::to_pytorch`] and [`to_pytorch`]). Integers are written as `I64`, which
/// PyTorch wants of class labels.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written; what was at `path` before is then still there.
///
/// # Panics
/// If two tensors share a name, or one is called `__metadata__`.
pub fn save(path: &Path, tensors: &[(String, Tensor)], metadata: &Metadata) -> Result<(), Error> {
    write_atomically(path, &encode(tensors, metadata))
}

/// The bytes of a file: length of the header, header, tensors, those of large elements first so that all are aligned.
fn encode(tensors: &[(String, Tensor)], metadata: &Metadata) -> Vec<u8> {
    let mut order: Vec<&(String, Tensor)> = tensors.iter().collect();
    order.sort_by_key(|(_, t)| std::cmp::Reverse(element(t.dtype()).1));
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, tensor) in &order {
        let (dtype, size) = element(tensor.dtype());
        let start = end;
        end += size * tensor.len();
        let entry = serde_json::json!({ "dtype": dtype, "shape": tensor.shape(), "data_offsets": [start, end] });
        let before = header.insert(name.clone(), entry);
        assert!(before.is_none() && name != "__metadata__", "a file can hold `{name}` once");
    }
    if !metadata.is_empty() {
        header.insert("__metadata__".into(), serde_json::json!(metadata));
    }
    let mut header = serde_json::Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = Vec::with_capacity(8 + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for (_, tensor) in order {
        append(&mut bytes, tensor.data());
    }
    bytes
}

/// Name and size in bytes of an element on disk.
fn element(dtype: DType) -> (&'static str, usize) {
    match dtype {
        DType::F32 => ("F32", 4),
        DType::F64 => ("F64", 8),
        DType::I32 => ("I64", 8),
        DType::U32 => ("U32", 4),
        DType::Bool => ("BOOL", 1),
    }
}

fn append(bytes: &mut Vec<u8>, data: &Data) {
    match data {
        Data::F32(v) => v.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
        Data::F64(v) => v.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
        Data::I32(v) => v.iter().for_each(|&x| bytes.extend(i64::from(x).to_le_bytes())),
        Data::U32(v) => v.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
        Data::Bool(v) => bytes.extend(v.iter().map(|&x| u8::from(x))),
    }
}

/// Writes beside `path`, flushes to the disk and renames, so that whoever reads sees the old file or the new one.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".dupin-").suffix(".tmp");
        // A temporary file is private by default; weights should get what the user's mask leaves, as any other file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        // The name lives in the folder: it lasts once that is flushed. Where a folder cannot be opened there is nothing to flush.
        fs::File::open(folder).map_or(Ok(()), |f| if cfg!(unix) { f.sync_all() } else { Ok(()) })
    };
    write().map_err(|source| Error::Io { action: "write", path: path.into(), source })
}
