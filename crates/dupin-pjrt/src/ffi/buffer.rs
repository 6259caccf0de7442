//! A tensor on a device.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dupin_ir::{DType, Data, Tensor, TensorType};

use super::Client;
use super::bindings::{
    PJRT_Buffer, PJRT_Buffer_Destroy_Args, PJRT_Buffer_MemoryLayout, PJRT_Buffer_MemoryLayout_Type_Tiled,
    PJRT_Buffer_ReadyEvent_Args, PJRT_Buffer_ToHostBuffer_Args,
};
use super::plugin::call;
use crate::Error;

/// A tensor on a device, freed with its last owner. It may still be on its way: whoever reads it waits.
#[derive(Debug)]
pub(crate) struct DeviceBuffer {
    pub(super) raw: *mut PJRT_Buffer,
    pub(super) client: Arc<Client>,
}

/// Buffers that are not freed yet: what the test of leaks looks at.
static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the C API allows calls on a buffer from any thread.
unsafe impl Send for DeviceBuffer {}
// SAFETY: as above.
unsafe impl Sync for DeviceBuffer {}

impl Drop for DeviceBuffer {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
        let mut free = PJRT_Buffer_Destroy_Args::new();
        free.buffer = self.raw;
        // There is nobody to tell of an error.
        let _ = call!(&self.client.plugin, PJRT_Buffer_Destroy, free);
    }
}

impl DeviceBuffer {
    pub(super) fn new(raw: *mut PJRT_Buffer, client: Arc<Client>) -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self { raw, client }
    }

    /// Number of buffers that exist in this process.
    pub(crate) fn live() -> usize {
        LIVE.load(Ordering::Relaxed)
    }

    /// Whether it lives on a device of this client.
    pub(crate) fn belongs_to(&self, client: &Arc<Client>) -> bool {
        Arc::ptr_eq(&self.client, client)
    }

    /// Waits until it is computed.
    pub(crate) fn wait(&self) -> Result<(), Error> {
        let mut args = PJRT_Buffer_ReadyEvent_Args::new();
        args.buffer = self.raw;
        let event = call!(&self.client.plugin, PJRT_Buffer_ReadyEvent, args)?.event;
        self.client.plugin.wait(event)
    }

    /// The elements, row-major. `ty` is the type of the buffer.
    pub(crate) fn download(&self, ty: &TensorType) -> Result<Tensor, Error> {
        if ty.dtype == DType::Bool {
            let mut bytes = vec![0_u8; ty.len()];
            self.copy_to(ty, bytes.as_mut_ptr().cast())?;
            return Ok(Tensor::new(ty.shape.clone(), Data::Bool(bytes.into_iter().map(|b| b != 0).collect())));
        }
        let mut tensor = Tensor::zeros(ty);
        let start = match tensor.data_mut() {
            Data::F32(v) => v.as_mut_ptr().cast(),
            Data::F64(v) => v.as_mut_ptr().cast(),
            Data::I32(v) => v.as_mut_ptr().cast(),
            Data::U32(v) => v.as_mut_ptr().cast(),
            Data::Bool(_) => unreachable!("truth values are read as bytes above"),
        };
        self.copy_to(ty, start)?;
        Ok(tensor)
    }

    /// Fills the bytes of a value of type `ty` at `start`.
    fn copy_to(&self, ty: &TensorType, start: *mut c_void) -> Result<(), Error> {
        let minor_to_major: Vec<i64> = (0..ty.rank() as i64).rev().collect();
        let mut layout = PJRT_Buffer_MemoryLayout::new();
        layout.r#type = PJRT_Buffer_MemoryLayout_Type_Tiled;
        (layout.tiled.minor_to_major, layout.tiled.minor_to_major_size) = (minor_to_major.as_ptr(), minor_to_major.len());
        let mut args = PJRT_Buffer_ToHostBuffer_Args::new();
        args.src = self.raw;
        args.host_layout = &raw mut layout;
        (args.dst, args.dst_size) = (start, ty.bytes());
        // Both callers have room for that many bytes and do not touch it until the event says that it is filled.
        let event = call!(&self.client.plugin, PJRT_Buffer_ToHostBuffer, args)?.event;
        self.client.plugin.wait(event)
    }
}
