//! A compiled program on its devices.

use std::sync::Arc;

use super::bindings::{
    PJRT_Buffer, PJRT_Executable, PJRT_Executable_Destroy_Args, PJRT_Executable_GetCompiledMemoryStats_Args,
    PJRT_Executable_NumOutputs_Args, PJRT_Executable_Serialize_Args, PJRT_ExecuteOptions, PJRT_LoadedExecutable,
    PJRT_LoadedExecutable_Destroy_Args, PJRT_LoadedExecutable_Execute_Args, PJRT_LoadedExecutable_GetExecutable_Args,
};
use super::plugin::{self, call};
use super::{Client, DeviceBuffer};
use crate::Error;

/// A compiled program, loaded on its devices.
#[derive(Debug)]
pub(crate) struct Loaded {
    raw: *mut PJRT_LoadedExecutable,
    /// What does not depend on devices; owned.
    executable: *mut PJRT_Executable,
    outputs: usize,
    client: Arc<Client>,
}

/// What a run needs, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemoryStats {
    /// Intermediate values.
    pub(crate) temporaries: usize,
}

// SAFETY: the C API allows calls on an executable from any thread.
unsafe impl Send for Loaded {}
// SAFETY: as above.
unsafe impl Sync for Loaded {}

impl Drop for Loaded {
    fn drop(&mut self) {
        // There is nobody to tell of an error.
        if !self.executable.is_null() {
            let mut free = PJRT_Executable_Destroy_Args::new();
            free.executable = self.executable;
            let _ = call!(&self.client.plugin, PJRT_Executable_Destroy, free);
        }
        let mut free = PJRT_LoadedExecutable_Destroy_Args::new();
        free.executable = self.raw;
        let _ = call!(&self.client.plugin, PJRT_LoadedExecutable_Destroy, free);
    }
}

impl Loaded {
    pub(super) fn new(raw: *mut PJRT_LoadedExecutable, client: Arc<Client>) -> Result<Self, Error> {
        let mut loaded = Self { raw, executable: std::ptr::null_mut(), outputs: 0, client };
        let mut args = PJRT_LoadedExecutable_GetExecutable_Args::new();
        args.loaded_executable = raw;
        loaded.executable = call!(&loaded.client.plugin, PJRT_LoadedExecutable_GetExecutable, args)?.executable;
        let mut args = PJRT_Executable_NumOutputs_Args::new();
        args.executable = loaded.executable;
        loaded.outputs = call!(&loaded.client.plugin, PJRT_Executable_NumOutputs, args)?.num_outputs;
        Ok(loaded)
    }

    /// Results of a run per device.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Starts a run with `inputs[d]` on device `d` of those that it was compiled for. What it gives may still be computed.
    ///
    /// Inputs whose memory the program gives to results are invalid after it, which the plugin says to who reads them; but not those
    /// at the positions `kept`.
    ///
    /// # Panics
    /// If the devices are given different numbers of inputs.
    pub(crate) fn run(&self, inputs: &[Vec<&DeviceBuffer>], kept: &[i64]) -> Result<Vec<Vec<DeviceBuffer>>, Error> {
        let arguments = inputs.first().map_or(0, Vec::len);
        assert!(inputs.iter().all(|i| i.len() == arguments), "every device takes the same inputs");
        let lists: Vec<Vec<*mut PJRT_Buffer>> = inputs.iter().map(|list| list.iter().map(|b| b.raw).collect()).collect();
        let starts: Vec<*const *mut PJRT_Buffer> = lists.iter().map(Vec::as_ptr).collect();
        let mut results: Vec<Vec<*mut PJRT_Buffer>> = inputs.iter().map(|_| vec![std::ptr::null_mut(); self.outputs]).collect();
        let result_starts: Vec<*mut *mut PJRT_Buffer> = results.iter_mut().map(Vec::as_mut_ptr).collect();
        let mut options = plugin::Roomy::new(PJRT_ExecuteOptions::new());
        options.known.struct_size += plugin::ROOM;
        (options.known.non_donatable_input_indices, options.known.num_non_donatable_input_indices) = (kept.as_ptr(), kept.len());
        let mut args = PJRT_LoadedExecutable_Execute_Args::new();
        args.executable = self.raw;
        args.options = &raw mut options.known;
        (args.argument_lists, args.num_devices, args.num_args) = (starts.as_ptr(), inputs.len(), arguments);
        args.output_lists = result_starts.as_ptr();
        // Lists and options outlive the call; each list of results has room for as many as the executable gives. An input that was donated
        // is still ours to destroy.
        call!(&self.client.plugin, PJRT_LoadedExecutable_Execute, args)?;
        let own = |raw: *mut PJRT_Buffer| DeviceBuffer::new(raw, Arc::clone(&self.client));
        Ok(results.into_iter().map(|list| list.into_iter().map(own).collect()).collect())
    }

    /// Bytes from which [`Client::deserialize`] makes it again.
    pub(crate) fn serialize(&self) -> Result<Vec<u8>, Error> {
        let mut args = PJRT_Executable_Serialize_Args::new();
        args.executable = self.executable;
        let found = call!(&self.client.plugin, PJRT_Executable_Serialize, args)?;
        let bytes = if found.serialized_bytes.is_null() {
            Vec::new()
        } else {
            // SAFETY: the plugin's bytes live until they are freed, once, just below.
            unsafe { std::slice::from_raw_parts(found.serialized_bytes.cast::<u8>(), found.serialized_bytes_size) }.to_vec()
        };
        if let Some(free) = found.serialized_executable_deleter {
            // SAFETY: as above.
            unsafe { free(found.serialized_executable) };
        }
        Ok(bytes)
    }

    pub(crate) fn memory(&self) -> Result<MemoryStats, Error> {
        let mut args = PJRT_Executable_GetCompiledMemoryStats_Args::new();
        args.executable = self.executable;
        let found = call!(&self.client.plugin, PJRT_Executable_GetCompiledMemoryStats, args)?;
        Ok(MemoryStats { temporaries: found.temp_size_in_bytes.max(0) as usize })
    }
}
