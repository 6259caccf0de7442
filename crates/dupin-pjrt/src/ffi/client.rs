//! A plugin's devices: compiling for them, copying to them.

use std::ffi::c_int;
use std::sync::Arc;

use dupin_ir::{DType, Data, Tensor};

use super::bindings::{
    PJRT_Buffer_Type_F32, PJRT_Buffer_Type_F64, PJRT_Buffer_Type_PRED, PJRT_Buffer_Type_S32, PJRT_Buffer_Type_U32, PJRT_Client,
    PJRT_Client_AddressableDevices_Args, PJRT_Client_BufferFromHostBuffer_Args, PJRT_Client_Compile_Args,
    PJRT_Client_Create_Args, PJRT_Client_Destroy_Args, PJRT_Client_PlatformName_Args, PJRT_Client_PlatformVersion_Args,
    PJRT_Device, PJRT_Device_GetDescription_Args, PJRT_DeviceDescription_Id_Args, PJRT_DeviceDescription_Kind_Args,
    PJRT_Executable_DeserializeAndLoad_Args, PJRT_HostBufferSemantics_kImmutableOnlyDuringCall, PJRT_NamedValue,
    PJRT_NamedValue_kInt64, PJRT_Program,
};
use super::executable::Loaded;
use super::plugin::{Plugin, call, text};
use super::{DeviceBuffer, plugin};
use crate::Error;

/// The devices of a plugin.
#[derive(Debug)]
pub(crate) struct Client {
    pub(super) plugin: Plugin,
    pub(super) raw: *mut PJRT_Client,
    devices: Vec<*mut PJRT_Device>,
}

// SAFETY: the C API allows calls on a client and its devices from any thread.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Drop for Client {
    fn drop(&mut self) {
        let mut free = PJRT_Client_Destroy_Args::new();
        free.client = self.raw;
        // Buffers and executables hold the client: it goes last. There is nobody to tell of an error.
        let _ = call!(&self.plugin, PJRT_Client_Destroy, free);
    }
}

impl Client {
    /// Makes the plugin find its devices. `options` are those that its makers document for it, by name.
    pub(crate) fn new(plugin: Plugin, options: &[(&str, i64)]) -> Result<Self, Error> {
        let named = |&(name, value): &(&str, i64)| {
            let mut option = PJRT_NamedValue::new();
            (option.name, option.name_size) = (name.as_ptr().cast(), name.len());
            option.r#type = PJRT_NamedValue_kInt64;
            // The field is a union of which the header's first member stands for all: the integer takes the place of the pointer.
            option.string_value = std::ptr::without_provenance(value as usize);
            option.value_size = 1;
            option
        };
        let named: Vec<PJRT_NamedValue> = options.iter().map(named).collect();
        let mut args = PJRT_Client_Create_Args::new();
        (args.create_options, args.num_options) = (named.as_ptr(), named.len());
        // Options and their names outlive the call.
        let raw = call!(&plugin, PJRT_Client_Create, args)?.client;
        let mut client = Self { plugin, raw, devices: Vec::new() };
        let mut args = PJRT_Client_AddressableDevices_Args::new();
        args.client = raw;
        let found = call!(&client.plugin, PJRT_Client_AddressableDevices, args)?;
        if found.num_addressable_devices > 0 {
            // SAFETY: the plugin gives that many devices, which live as long as the client.
            client.devices =
                unsafe { std::slice::from_raw_parts(found.addressable_devices, found.num_addressable_devices) }.to_vec();
        }
        Ok(client)
    }

    pub(crate) fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Such as `cpu`, `cuda`, `tpu`.
    pub(crate) fn platform(&self) -> Result<String, Error> {
        let mut args = PJRT_Client_PlatformName_Args::new();
        args.client = self.raw;
        let found = call!(&self.plugin, PJRT_Client_PlatformName, args)?;
        // SAFETY: the plugin's text lives as long as the client.
        Ok(unsafe { text(found.platform_name, found.platform_name_size) })
    }

    /// The compiler's version, in the plugin's words.
    pub(crate) fn platform_version(&self) -> Result<String, Error> {
        let mut args = PJRT_Client_PlatformVersion_Args::new();
        args.client = self.raw;
        let found = call!(&self.plugin, PJRT_Client_PlatformVersion, args)?;
        // SAFETY: the plugin's text lives as long as the client.
        Ok(unsafe { text(found.platform_version, found.platform_version_size) })
    }

    pub(crate) fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// The device's number in its plugin, which programs are assigned to, and its kind, such as `NVIDIA H100`.
    pub(crate) fn device(&self, index: usize) -> Result<(i64, String), Error> {
        let mut args = PJRT_Device_GetDescription_Args::new();
        args.device = self.devices[index];
        let description = call!(&self.plugin, PJRT_Device_GetDescription, args)?.device_description;
        let (mut id, mut kind) = (PJRT_DeviceDescription_Id_Args::new(), PJRT_DeviceDescription_Kind_Args::new());
        (id.device_description, kind.device_description) = (description, description);
        let id = call!(&self.plugin, PJRT_DeviceDescription_Id, id)?.id;
        let kind = call!(&self.plugin, PJRT_DeviceDescription_Kind, kind)?;
        // SAFETY: the plugin's text lives as long as the device.
        Ok((i64::from(id), unsafe { text(kind.device_kind, kind.device_kind_size) }))
    }

    /// Compiles StableHLO text under a serialized `CompileOptionsProto`.
    pub(crate) fn compile(self: &Arc<Self>, stablehlo: &str, options: &[u8]) -> Result<Loaded, Error> {
        let mut program = PJRT_Program::new();
        // The plugin reads the code only, although the field is declared mutable for other uses of the struct.
        program.code = stablehlo.as_ptr().cast_mut().cast();
        program.code_size = stablehlo.len();
        (program.format, program.format_size) = (b"mlir".as_ptr().cast(), 4);
        let mut program = plugin::Roomy::new(program);
        program.known.struct_size += plugin::ROOM;
        let mut args = PJRT_Client_Compile_Args::new();
        args.client = self.raw;
        args.program = &raw const program.known;
        (args.compile_options, args.compile_options_size) = (options.as_ptr().cast(), options.len());
        // Text, options and program outlive the call, after which the plugin needs none of them.
        let raw = call!(&self.plugin, PJRT_Client_Compile, args)?.executable;
        Loaded::new(raw, Arc::clone(self))
    }

    /// An executable that [`Loaded::serialize`] wrote.
    pub(crate) fn deserialize(self: &Arc<Self>, bytes: &[u8]) -> Result<Loaded, Error> {
        let mut args = PJRT_Executable_DeserializeAndLoad_Args::new();
        args.client = self.raw;
        (args.serialized_executable, args.serialized_executable_size) = (bytes.as_ptr().cast(), bytes.len());
        // The bytes outlive the call.
        let raw = call!(&self.plugin, PJRT_Executable_DeserializeAndLoad, args)?.loaded_executable;
        Loaded::new(raw, Arc::clone(self))
    }

    /// Copies a tensor to a device.
    pub(crate) fn upload(self: &Arc<Self>, device: usize, tensor: &Tensor) -> Result<DeviceBuffer, Error> {
        let dims: Vec<i64> = tensor.shape().iter().map(|&n| n as i64).collect();
        let mut args = PJRT_Client_BufferFromHostBuffer_Args::new();
        args.client = self.raw;
        args.data = match tensor.data() {
            Data::F32(v) => v.as_ptr().cast(),
            Data::F64(v) => v.as_ptr().cast(),
            Data::I32(v) => v.as_ptr().cast(),
            Data::U32(v) => v.as_ptr().cast(),
            Data::Bool(v) => v.as_ptr().cast(),
        };
        args.r#type = element(tensor.dtype());
        (args.dims, args.num_dims) = (dims.as_ptr(), dims.len());
        args.host_buffer_semantics = PJRT_HostBufferSemantics_kImmutableOnlyDuringCall;
        args.device = self.devices[device];
        // The plugin copies the elements, dense and row-major, before the call returns; shape and elements outlive it.
        let done = call!(&self.plugin, PJRT_Client_BufferFromHostBuffer, args)?;
        let buffer = DeviceBuffer::new(done.buffer, Arc::clone(self));
        self.plugin.wait(done.done_with_host_buffer)?;
        Ok(buffer)
    }
}

fn element(dtype: DType) -> c_int {
    match dtype {
        DType::F32 => PJRT_Buffer_Type_F32,
        DType::F64 => PJRT_Buffer_Type_F64,
        DType::I32 => PJRT_Buffer_Type_S32,
        DType::U32 => PJRT_Buffer_Type_U32,
        DType::Bool => PJRT_Buffer_Type_PRED,
    }
}
