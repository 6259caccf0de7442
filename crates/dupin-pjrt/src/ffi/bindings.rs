//! Types of the PJRT C API, version 0.81: written by `scripts/pjrt/bindings.py` from the API's public header, not by hand.

#![expect(non_snake_case, non_camel_case_types, non_upper_case_globals, reason = "the names of the header")]
#![allow(dead_code, reason = "fields that keep their place")]

use std::ffi::{c_char, c_int, c_void};
use std::mem::offset_of;
use std::ptr::{null, null_mut};

/// Version of the header.
pub(crate) const VERSION: (c_int, c_int) = (0, 81);

pub(crate) const PJRT_Error_Code_RESOURCE_EXHAUSTED: c_int = 8;
pub(crate) const PJRT_Error_Code_UNIMPLEMENTED: c_int = 12;
pub(crate) const PJRT_NamedValue_kInt64: c_int = 1;
pub(crate) const PJRT_Buffer_Type_PRED: c_int = 1;
pub(crate) const PJRT_Buffer_Type_S32: c_int = 4;
pub(crate) const PJRT_Buffer_Type_U32: c_int = 8;
pub(crate) const PJRT_Buffer_Type_F32: c_int = 11;
pub(crate) const PJRT_Buffer_Type_F64: c_int = 12;
pub(crate) const PJRT_HostBufferSemantics_kImmutableOnlyDuringCall: c_int = 0;
pub(crate) const PJRT_Buffer_MemoryLayout_Type_Tiled: c_int = 0;

/// The head of extensions, none of which is used.
pub(crate) type PJRT_Extension_Base = c_void;

#[repr(C)]
pub(crate) struct PJRT_Buffer {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_Client {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_Device {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_DeviceDescription {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_Error {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_Event {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_Executable {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_ExecuteContext {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_LoadedExecutable {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_Memory {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_RecvCallbackInfo {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_SendCallbackInfo {
    opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct PJRT_SerializedExecutable {
    opaque: [u8; 0],
}

/// Structs of the C API, each with `new`: nothing set but the size, which is the end of the last field.
macro_rules! structs {
    ($($name:ident { $($field:ident: $ty:ty = $value:expr,)* })*) => { $(
        #[repr(C)]
        pub(crate) struct $name {
            pub(crate) struct_size: usize,
            pub(crate) extension_start: *mut PJRT_Extension_Base,
            $(pub(crate) $field: $ty,)*
        }

        impl $name {
            /// Nothing set but the size.
            pub(crate) const fn new() -> Self {
                let ends = [2 * size_of::<usize>() $(, offset_of!($name, $field) + size_of::<$ty>())*];
                Self { struct_size: ends[ends.len() - 1], extension_start: null_mut() $(, $field: $value)* }
            }
        }
    )* };
}

structs! {
    PJRT_Error_Destroy_Args {
        error: *mut PJRT_Error = null_mut(),
    }
    PJRT_Error_Message_Args {
        error: *const PJRT_Error = null(),
        message: *const c_char = null(),
        message_size: usize = 0,
    }
    PJRT_Error_GetCode_Args {
        error: *const PJRT_Error = null(),
        code: c_int = 0,
    }
    PJRT_Plugin_Initialize_Args {
    }
    PJRT_Event_Destroy_Args {
        event: *mut PJRT_Event = null_mut(),
    }
    PJRT_Event_Await_Args {
        event: *mut PJRT_Event = null_mut(),
    }
    PJRT_Client_Create_Args {
        create_options: *const PJRT_NamedValue = null(),
        num_options: usize = 0,
        kv_get_callback: Option<unsafe extern "C" fn()> = None,
        kv_get_user_arg: *mut c_void = null_mut(),
        kv_put_callback: Option<unsafe extern "C" fn()> = None,
        kv_put_user_arg: *mut c_void = null_mut(),
        client: *mut PJRT_Client = null_mut(),
        kv_try_get_callback: Option<unsafe extern "C" fn()> = None,
        kv_try_get_user_arg: *mut c_void = null_mut(),
    }
    PJRT_Client_Destroy_Args {
        client: *mut PJRT_Client = null_mut(),
    }
    PJRT_Client_PlatformName_Args {
        client: *mut PJRT_Client = null_mut(),
        platform_name: *const c_char = null(),
        platform_name_size: usize = 0,
    }
    PJRT_Client_PlatformVersion_Args {
        client: *mut PJRT_Client = null_mut(),
        platform_version: *const c_char = null(),
        platform_version_size: usize = 0,
    }
    PJRT_Client_AddressableDevices_Args {
        client: *mut PJRT_Client = null_mut(),
        addressable_devices: *const *mut PJRT_Device = null(),
        num_addressable_devices: usize = 0,
    }
    PJRT_Client_Compile_Args {
        client: *mut PJRT_Client = null_mut(),
        program: *const PJRT_Program = null(),
        compile_options: *const c_char = null(),
        compile_options_size: usize = 0,
        executable: *mut PJRT_LoadedExecutable = null_mut(),
    }
    PJRT_Client_BufferFromHostBuffer_Args {
        client: *mut PJRT_Client = null_mut(),
        data: *const c_void = null(),
        r#type: c_int = 0,
        dims: *const i64 = null(),
        num_dims: usize = 0,
        byte_strides: *const i64 = null(),
        num_byte_strides: usize = 0,
        host_buffer_semantics: c_int = 0,
        device: *mut PJRT_Device = null_mut(),
        memory: *mut PJRT_Memory = null_mut(),
        device_layout: *mut PJRT_Buffer_MemoryLayout = null_mut(),
        done_with_host_buffer: *mut PJRT_Event = null_mut(),
        buffer: *mut PJRT_Buffer = null_mut(),
    }
    PJRT_DeviceDescription_Id_Args {
        device_description: *mut PJRT_DeviceDescription = null_mut(),
        id: c_int = 0,
    }
    PJRT_DeviceDescription_Kind_Args {
        device_description: *mut PJRT_DeviceDescription = null_mut(),
        device_kind: *const c_char = null(),
        device_kind_size: usize = 0,
    }
    PJRT_Device_GetDescription_Args {
        device: *mut PJRT_Device = null_mut(),
        device_description: *mut PJRT_DeviceDescription = null_mut(),
    }
    PJRT_Executable_Destroy_Args {
        executable: *mut PJRT_Executable = null_mut(),
    }
    PJRT_Executable_Serialize_Args {
        executable: *const PJRT_Executable = null(),
        serialized_bytes: *const c_char = null(),
        serialized_bytes_size: usize = 0,
        serialized_executable: *mut PJRT_SerializedExecutable = null_mut(),
        serialized_executable_deleter: Option<unsafe extern "C" fn(*mut PJRT_SerializedExecutable)> = None,
    }
    PJRT_Executable_NumOutputs_Args {
        executable: *mut PJRT_Executable = null_mut(),
        num_outputs: usize = 0,
    }
    PJRT_LoadedExecutable_Destroy_Args {
        executable: *mut PJRT_LoadedExecutable = null_mut(),
    }
    PJRT_LoadedExecutable_GetExecutable_Args {
        loaded_executable: *mut PJRT_LoadedExecutable = null_mut(),
        executable: *mut PJRT_Executable = null_mut(),
    }
    PJRT_LoadedExecutable_Execute_Args {
        executable: *mut PJRT_LoadedExecutable = null_mut(),
        options: *mut PJRT_ExecuteOptions = null_mut(),
        argument_lists: *const *const *mut PJRT_Buffer = null(),
        num_devices: usize = 0,
        num_args: usize = 0,
        output_lists: *const *mut *mut PJRT_Buffer = null(),
        device_complete_events: *mut *mut PJRT_Event = null_mut(),
        execute_device: *mut PJRT_Device = null_mut(),
    }
    PJRT_Executable_DeserializeAndLoad_Args {
        client: *mut PJRT_Client = null_mut(),
        serialized_executable: *const c_char = null(),
        serialized_executable_size: usize = 0,
        loaded_executable: *mut PJRT_LoadedExecutable = null_mut(),
        overridden_serialized_compile_options: *const c_char = null(),
        overridden_serialized_compile_options_size: usize = 0,
    }
    PJRT_Buffer_Destroy_Args {
        buffer: *mut PJRT_Buffer = null_mut(),
    }
    PJRT_Buffer_ToHostBuffer_Args {
        src: *mut PJRT_Buffer = null_mut(),
        host_layout: *mut PJRT_Buffer_MemoryLayout = null_mut(),
        dst: *mut c_void = null_mut(),
        dst_size: usize = 0,
        event: *mut PJRT_Event = null_mut(),
    }
    PJRT_Buffer_ReadyEvent_Args {
        buffer: *mut PJRT_Buffer = null_mut(),
        event: *mut PJRT_Event = null_mut(),
    }
    PJRT_Executable_GetCompiledMemoryStats_Args {
        executable: *mut PJRT_Executable = null_mut(),
        generated_code_size_in_bytes: i64 = 0,
        argument_size_in_bytes: i64 = 0,
        output_size_in_bytes: i64 = 0,
        alias_size_in_bytes: i64 = 0,
        temp_size_in_bytes: i64 = 0,
        host_generated_code_size_in_bytes: i64 = 0,
        host_argument_size_in_bytes: i64 = 0,
        host_output_size_in_bytes: i64 = 0,
        host_alias_size_in_bytes: i64 = 0,
        host_temp_size_in_bytes: i64 = 0,
        peak_memory_in_bytes: i64 = 0,
    }
    PJRT_NamedValue {
        name: *const c_char = null(),
        name_size: usize = 0,
        r#type: c_int = 0,
        string_value: *const c_char = null(),
        value_size: usize = 0,
    }
    PJRT_Program {
        code: *mut c_char = null_mut(),
        code_size: usize = 0,
        format: *const c_char = null(),
        format_size: usize = 0,
    }
    PJRT_ExecuteOptions {
        send_callbacks: *mut *mut PJRT_SendCallbackInfo = null_mut(),
        recv_callbacks: *mut *mut PJRT_RecvCallbackInfo = null_mut(),
        num_send_ops: usize = 0,
        num_recv_ops: usize = 0,
        launch_id: c_int = 0,
        non_donatable_input_indices: *const i64 = null(),
        num_non_donatable_input_indices: usize = 0,
        context: *mut PJRT_ExecuteContext = null_mut(),
        call_location: *const c_char = null(),
        num_tasks: usize = 0,
        task_ids: *mut c_int = null_mut(),
        incarnation_ids: *mut i64 = null_mut(),
    }
    PJRT_Buffer_MemoryLayout_Tiled {
        minor_to_major: *const i64 = null(),
        minor_to_major_size: usize = 0,
        tile_dims: *const i64 = null(),
        tile_dim_sizes: *const usize = null(),
        num_tiles: usize = 0,
    }
    PJRT_Buffer_MemoryLayout {
        tiled: PJRT_Buffer_MemoryLayout_Tiled = PJRT_Buffer_MemoryLayout_Tiled::new(),
        r#type: c_int = 0,
    }
}

/// The table of functions. Older plugins have a shorter one, newer ones a longer one: its `struct_size` says.
#[repr(C)]
pub(crate) struct PJRT_Api {
    pub(crate) struct_size: usize,
    pub(crate) extension_start: *mut PJRT_Extension_Base,
    pub(crate) version: PJRT_Api_Version,
    pub(crate) PJRT_Error_Destroy: Option<unsafe extern "C" fn(*mut PJRT_Error_Destroy_Args)>,
    pub(crate) PJRT_Error_Message: Option<unsafe extern "C" fn(*mut PJRT_Error_Message_Args)>,
    pub(crate) PJRT_Error_GetCode: Option<unsafe extern "C" fn(*mut PJRT_Error_GetCode_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_Plugin_Initialize: Option<unsafe extern "C" fn(*mut PJRT_Plugin_Initialize_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Event_Destroy: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Event_Destroy: Option<unsafe extern "C" fn(*mut PJRT_Event_Destroy_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Event_Await: [Option<unsafe extern "C" fn()>; 2],
    pub(crate) PJRT_Event_Await: Option<unsafe extern "C" fn(*mut PJRT_Event_Await_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Client_Create: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Client_Create: Option<unsafe extern "C" fn(*mut PJRT_Client_Create_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_Client_Destroy: Option<unsafe extern "C" fn(*mut PJRT_Client_Destroy_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_Client_PlatformName: Option<unsafe extern "C" fn(*mut PJRT_Client_PlatformName_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Client_PlatformVersion: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Client_PlatformVersion:
        Option<unsafe extern "C" fn(*mut PJRT_Client_PlatformVersion_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Client_AddressableDevices: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Client_AddressableDevices:
        Option<unsafe extern "C" fn(*mut PJRT_Client_AddressableDevices_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Client_Compile: [Option<unsafe extern "C" fn()>; 3],
    pub(crate) PJRT_Client_Compile: Option<unsafe extern "C" fn(*mut PJRT_Client_Compile_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Client_BufferFromHostBuffer: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Client_BufferFromHostBuffer:
        Option<unsafe extern "C" fn(*mut PJRT_Client_BufferFromHostBuffer_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_DeviceDescription_Id: Option<unsafe extern "C" fn(*mut PJRT_DeviceDescription_Id_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_DeviceDescription_Kind: [Option<unsafe extern "C" fn()>; 2],
    pub(crate) PJRT_DeviceDescription_Kind:
        Option<unsafe extern "C" fn(*mut PJRT_DeviceDescription_Kind_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Device_GetDescription: [Option<unsafe extern "C" fn()>; 2],
    pub(crate) PJRT_Device_GetDescription: Option<unsafe extern "C" fn(*mut PJRT_Device_GetDescription_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Executable_Destroy: [Option<unsafe extern "C" fn()>; 10],
    pub(crate) PJRT_Executable_Destroy: Option<unsafe extern "C" fn(*mut PJRT_Executable_Destroy_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Executable_NumOutputs: [Option<unsafe extern "C" fn()>; 3],
    pub(crate) PJRT_Executable_NumOutputs: Option<unsafe extern "C" fn(*mut PJRT_Executable_NumOutputs_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Executable_Serialize: [Option<unsafe extern "C" fn()>; 4],
    pub(crate) PJRT_Executable_Serialize: Option<unsafe extern "C" fn(*mut PJRT_Executable_Serialize_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_LoadedExecutable_Destroy:
        Option<unsafe extern "C" fn(*mut PJRT_LoadedExecutable_Destroy_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_LoadedExecutable_GetExecutable:
        Option<unsafe extern "C" fn(*mut PJRT_LoadedExecutable_GetExecutable_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_LoadedExecutable_Execute: [Option<unsafe extern "C" fn()>; 3],
    pub(crate) PJRT_LoadedExecutable_Execute:
        Option<unsafe extern "C" fn(*mut PJRT_LoadedExecutable_Execute_Args) -> *mut PJRT_Error>,
    pub(crate) PJRT_Executable_DeserializeAndLoad:
        Option<unsafe extern "C" fn(*mut PJRT_Executable_DeserializeAndLoad_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Buffer_Destroy: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Buffer_Destroy: Option<unsafe extern "C" fn(*mut PJRT_Buffer_Destroy_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Buffer_ToHostBuffer: [Option<unsafe extern "C" fn()>; 11],
    pub(crate) PJRT_Buffer_ToHostBuffer: Option<unsafe extern "C" fn(*mut PJRT_Buffer_ToHostBuffer_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Buffer_ReadyEvent: [Option<unsafe extern "C" fn()>; 1],
    pub(crate) PJRT_Buffer_ReadyEvent: Option<unsafe extern "C" fn(*mut PJRT_Buffer_ReadyEvent_Args) -> *mut PJRT_Error>,
    unused_before_PJRT_Executable_GetCompiledMemoryStats: [Option<unsafe extern "C" fn()>; 23],
    pub(crate) PJRT_Executable_GetCompiledMemoryStats:
        Option<unsafe extern "C" fn(*mut PJRT_Executable_GetCompiledMemoryStats_Args) -> *mut PJRT_Error>,
    unused_before_the_end: [Option<unsafe extern "C" fn()>; 21],
}

/// Version of a plugin.
#[repr(C)]
pub(crate) struct PJRT_Api_Version {
    pub(crate) struct_size: usize,
    pub(crate) extension_start: *mut PJRT_Extension_Base,
    pub(crate) major: c_int,
    pub(crate) minor: c_int,
}
