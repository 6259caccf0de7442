//! From the bytes of a file to tensors.

use std::collections::BTreeMap;
use std::path::Path;

use dupin_ir::{Data, Tensor};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use super::Metadata;
use crate::error::Error;

/// The contents of a weight file, as they lie on disk.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Tensors by name. Half precision is widened to `f32`, small and 64-bit integers are `i32`.
    pub tensors: BTreeMap<String, Tensor>,
    /// Text that was saved with them.
    pub metadata: Metadata,
}

/// Reads a safetensors file.
///
/// # Errors
/// [`Error::Io`], [`Error::NotSafetensors`], [`Error::Truncated`]; [`Error::Unreadable`] for element types that have no counterpart here.
pub fn read(path: &Path) -> Result<File, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Io { action: "read", path: path.into(), source })?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(path, &bytes, &e))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| malformed(path, &bytes, &e))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        let unreadable = || Error::Unreadable { path: path.into(), name: name.into(), dtype: view.dtype().to_string() };
        let data = elements(&view).ok_or_else(unreadable)?;
        tensors.insert(name.to_owned(), Tensor::new(view.shape(), data));
    }
    let metadata = header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    Ok(File { tensors, metadata })
}

/// The elements of a tensor, if Dupin has their type.
fn elements(view: &TensorView) -> Option<Data> {
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F64 => Data::F64(each(bytes, f64::from_le_bytes)),
        Dtype::F32 => Data::F32(each(bytes, f32::from_le_bytes)),
        Dtype::F16 => Data::F32(each(bytes, |b| half(u16::from_le_bytes(b)))),
        // The upper half of an f32.
        Dtype::BF16 => Data::F32(each(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))),
        Dtype::I64 => {
            Data::I32(each(bytes, i64::from_le_bytes).into_iter().map(|v| i32::try_from(v).ok()).collect::<Option<_>>()?)
        }
        Dtype::I32 => Data::I32(each(bytes, i32::from_le_bytes)),
        Dtype::I16 => Data::I32(each(bytes, |b| i16::from_le_bytes(b).into())),
        Dtype::I8 => Data::I32(each(bytes, |b| i8::from_le_bytes(b).into())),
        Dtype::U8 => Data::I32(each(bytes, |b| u8::from_le_bytes(b).into())),
        Dtype::U32 => Data::U32(each(bytes, u32::from_le_bytes)),
        Dtype::BOOL => Data::Bool(each(bytes, |[b]| b != 0)),
        _ => return None,
    })
}

fn each<const N: usize, T>(bytes: &[u8], f: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.chunks_exact(N).map(|c| f(c.try_into().expect("chunks_exact gives chunks of N"))).collect()
}

/// An IEEE 754 half. Every one is exactly an `f32`.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        // Zeros and subnormals are whole multiples of 2^-24.
        0 => f32::from_bits((fraction as f32 * 2f32.powi(-24)).to_bits() | sign),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// Why the bytes are no safetensors file, in words that say what to do.
fn malformed(path: &Path, bytes: &[u8], error: &SafeTensorError) -> Error {
    let found = bytes.len() as u64;
    if let Some(expected) = announced(bytes).filter(|&n| n > found) {
        return Error::Truncated { path: path.into(), expected, found };
    }
    let reason = if bytes.is_empty() {
        "it is empty".into()
    } else if bytes.starts_with(b"PK") || bytes.starts_with(&[0x80, 2]) {
        "it looks like a file of `torch.save`; in Python, `safetensors.torch.save_file(torch.load(FILE, map_location=\"cpu\"), NEW)` converts the state dict".into()
    } else if let Some(expected) = announced(bytes).filter(|&n| n < found) {
        format!("{} bytes follow behind its last tensor", found - expected)
    } else {
        format!("{error}; a safetensors file starts with the length of a JSON header")
    };
    Error::NotSafetensors { path: path.into(), reason }
}

/// Bytes that a file must have by its header, if it has one; if the header is cut, bytes up to its end.
fn announced(bytes: &[u8]) -> Option<u64> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = u64::from_le_bytes(*length);
    // Other formats have anything here: a header is a JSON object of a sane size.
    if rest.first() != Some(&b'{') || length > 100_000_000 {
        return None;
    }
    let Some(header) = rest.get(..length as usize) else { return Some(8 + length) };
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    let ends = header.iter().filter(|(name, _)| *name != "__metadata__").map(|(_, t)| t.get("data_offsets")?.get(1)?.as_u64());
    let last = ends.collect::<Option<Vec<u64>>>()?.into_iter().max().unwrap_or(0);
    last.checked_add(8 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        let known = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ];
        for (bits, value) in known {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!(half(0x8000).to_bits(), (-0.0_f32).to_bits());
    }
}
