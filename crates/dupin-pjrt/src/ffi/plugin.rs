//! A plugin: a shared library with `GetPjrtApi`, its table of functions, its errors.

use std::ffi::{c_char, c_int};
use std::path::{Path, PathBuf};

use libloading::Library;

use super::bindings::{
    PJRT_Api, PJRT_Error, PJRT_Error_Destroy_Args, PJRT_Error_GetCode_Args, PJRT_Error_Message_Args, PJRT_Event,
    PJRT_Event_Await_Args, PJRT_Event_Destroy_Args, PJRT_Plugin_Initialize_Args, VERSION,
};
use crate::Error;

/// The oldest version of the C API that is understood: from here on the arguments of the functions used only grew.
pub(crate) const OLDEST: (c_int, c_int) = (VERSION.0, 54);

/// A loaded plugin. It stays loaded for the life of the process: XLA's threads do not survive being unloaded.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(super) table: *const PJRT_Api,
    path: PathBuf,
    version: (c_int, c_int),
}

// SAFETY: the table is constant, and the C API allows calls from any thread.
unsafe impl Send for Plugin {}
// SAFETY: as above.
unsafe impl Sync for Plugin {}

/// Arguments with room behind them. A plugin that is newer than the header may know more fields than we do and refuse arguments
/// that lack them; it finds zeros, which the C API defines as "not given". A plugin that is older reads what it knows.
#[repr(C)]
pub(super) struct Roomy<T> {
    pub(super) known: T,
    rest: [usize; ROOM / size_of::<usize>()],
}

/// Bytes behind the arguments that are known.
pub(super) const ROOM: usize = 128;

impl<T> Roomy<T> {
    pub(super) fn new(known: T) -> Self {
        Self { known, rest: [0; ROOM / size_of::<usize>()] }
    }
}

/// Calls a function of the table on arguments of its type, and gives the arguments back with what the function wrote.
macro_rules! call {
    ($plugin:expr, $function:ident, $args:expr) => {{
        let plugin: &$crate::ffi::plugin::Plugin = $plugin;
        let mut args = $crate::ffi::plugin::Roomy::new($args);
        args.known.struct_size += $crate::ffi::plugin::ROOM;
        let end = std::mem::offset_of!($crate::ffi::bindings::PJRT_Api, $function) + size_of::<usize>();
        // SAFETY: the table begins with its size.
        let has = unsafe { (*plugin.table).struct_size } >= end;
        // SAFETY: the table reaches as far as this entry; only the entry is read, not the whole struct, which may be longer than the table.
        let function = if has { unsafe { (&raw const (*plugin.table).$function).read() } } else { None };
        match function {
            Some(function) => {
                // SAFETY: the type of the arguments is that of the function; what they point to outlives the call (each caller says why).
                let error = unsafe { function((&raw mut args).cast()) };
                plugin.check(error, stringify!($function)).map(|()| args.known)
            }
            None => Err($crate::Error::Plugin {
                function: stringify!($function),
                code: $crate::ffi::bindings::PJRT_Error_Code_UNIMPLEMENTED,
                message: format!("the plugin {} does not have this function", plugin.path().display()),
            }),
        }
    }};
}
pub(super) use call;

impl Plugin {
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let failed = |reason: String| Error::Load { path: path.into(), reason };
        if !path.is_file() {
            return Err(failed("there is no such file".into()));
        }
        // SAFETY: loading runs the library's initialisers: the user named it as a plugin.
        let library = unsafe { Library::new(path) }.map_err(|e| failed(words(&e)))?;
        // SAFETY: the symbol has this type by the definition of a plugin.
        let get = unsafe { library.get::<unsafe extern "C" fn() -> *const PJRT_Api>(b"GetPjrtApi\0") };
        let get = *get.map_err(|_| Error::NoPlugin { path: path.into() })?;
        std::mem::forget(library);
        // SAFETY: the function takes nothing and gives a table that lives as long as the library, which is never unloaded.
        let table = unsafe { get() };
        if table.is_null() {
            return Err(failed("its function `GetPjrtApi` gives nothing".into()));
        }
        // SAFETY: size and version come first in every version of the table.
        let version = unsafe { ((*table).version.major, (*table).version.minor) };
        check_version(path, version)?;
        let plugin = Self { table, path: path.into(), version };
        match call!(&plugin, PJRT_Plugin_Initialize, PJRT_Plugin_Initialize_Args::new()) {
            Ok(_) => Ok(plugin),
            Err(e) => Err(failed(e.to_string())),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn version(&self) -> (c_int, c_int) {
        self.version
    }

    /// The error as a value; it is freed.
    pub(super) fn check(&self, error: *mut PJRT_Error, function: &'static str) -> Result<(), Error> {
        if error.is_null() {
            return Ok(());
        }
        let (mut message, mut code) = (PJRT_Error_Message_Args::new(), PJRT_Error_GetCode_Args::new());
        (message.error, code.error) = (error, error);
        let mut free = PJRT_Error_Destroy_Args::new();
        free.error = error;
        // SAFETY: these three come first in every version of the table; the error is live until the last of them, which frees it once.
        let text = unsafe {
            if let Some(f) = (&raw const (*self.table).PJRT_Error_Message).read() {
                f(&raw mut message);
            }
            if let Some(f) = (&raw const (*self.table).PJRT_Error_GetCode).read() {
                f(&raw mut code);
            }
            let text = text(message.message, message.message_size);
            if let Some(f) = (&raw const (*self.table).PJRT_Error_Destroy).read() {
                f(&raw mut free);
            }
            text
        };
        Err(Error::Plugin { function, code: code.code, message: text })
    }

    /// Waits for an event and frees it.
    pub(super) fn wait(&self, event: *mut PJRT_Event) -> Result<(), Error> {
        if event.is_null() {
            return Ok(());
        }
        let mut wait = PJRT_Event_Await_Args::new();
        wait.event = event;
        let done = call!(self, PJRT_Event_Await, wait);
        let mut free = PJRT_Event_Destroy_Args::new();
        free.event = event;
        call!(self, PJRT_Event_Destroy, free)?;
        done.map(|_| ())
    }
}

/// A text that a plugin gives, copied.
///
/// # Safety
/// `start` points to `size` readable bytes, or is null.
pub(super) unsafe fn text(start: *const c_char, size: usize) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(start.cast(), size) }).into_owned()
}

fn words(error: &libloading::Error) -> String {
    // The system's own message, without the library's name for the call that failed.
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn check_version(path: &Path, found: (c_int, c_int)) -> Result<(), Error> {
    if found.0 == OLDEST.0 && found >= OLDEST { Ok(()) } else { Err(Error::Version { path: path.into(), found, oldest: OLDEST }) }
}

#[cfg(test)]
mod tests {
    use super::super::bindings;
    use super::*;

    #[test]
    fn versions_outside_of_the_range_are_refused_with_what_to_do() {
        let message = |found| check_version(Path::new("/lib/old.so"), found).unwrap_err().to_string();
        assert_eq!(
            message((0, 40)),
            "the PJRT plugin /lib/old.so speaks version 0.40 of the C API; versions from 0.54 below 1.0 are understood: install a newer release of it"
        );
        assert!(message((1, 0)).ends_with("install an older release of it"));
        assert!(check_version(Path::new("x"), (0, 54)).is_ok() && check_version(Path::new("x"), VERSION).is_ok());
        assert!(check_version(Path::new("x"), (0, 200)).is_ok());
    }

    /// Sizes that a C compiler gives the structs of the header (`bindings.py --check`).
    #[test]
    fn sizes_are_those_of_the_header() {
        use bindings::*;
        let sizes = [
            ("PJRT_Error_Destroy_Args", PJRT_Error_Destroy_Args::new().struct_size, 24),
            ("PJRT_Error_Message_Args", PJRT_Error_Message_Args::new().struct_size, 40),
            ("PJRT_Error_GetCode_Args", PJRT_Error_GetCode_Args::new().struct_size, 28),
            ("PJRT_Plugin_Initialize_Args", PJRT_Plugin_Initialize_Args::new().struct_size, 16),
            ("PJRT_Event_Destroy_Args", PJRT_Event_Destroy_Args::new().struct_size, 24),
            ("PJRT_Event_Await_Args", PJRT_Event_Await_Args::new().struct_size, 24),
            ("PJRT_Client_Create_Args", PJRT_Client_Create_Args::new().struct_size, 88),
            ("PJRT_Client_Destroy_Args", PJRT_Client_Destroy_Args::new().struct_size, 24),
            ("PJRT_Client_PlatformName_Args", PJRT_Client_PlatformName_Args::new().struct_size, 40),
            ("PJRT_Client_PlatformVersion_Args", PJRT_Client_PlatformVersion_Args::new().struct_size, 40),
            ("PJRT_Client_AddressableDevices_Args", PJRT_Client_AddressableDevices_Args::new().struct_size, 40),
            ("PJRT_Client_Compile_Args", PJRT_Client_Compile_Args::new().struct_size, 56),
            ("PJRT_Client_BufferFromHostBuffer_Args", PJRT_Client_BufferFromHostBuffer_Args::new().struct_size, 120),
            ("PJRT_DeviceDescription_Id_Args", PJRT_DeviceDescription_Id_Args::new().struct_size, 28),
            ("PJRT_DeviceDescription_Kind_Args", PJRT_DeviceDescription_Kind_Args::new().struct_size, 40),
            ("PJRT_Device_GetDescription_Args", PJRT_Device_GetDescription_Args::new().struct_size, 32),
            ("PJRT_Buffer_Destroy_Args", PJRT_Buffer_Destroy_Args::new().struct_size, 24),
            ("PJRT_Buffer_ToHostBuffer_Args", PJRT_Buffer_ToHostBuffer_Args::new().struct_size, 56),
            ("PJRT_NamedValue", PJRT_NamedValue::new().struct_size, 56),
            ("PJRT_Program", PJRT_Program::new().struct_size, 48),
            ("PJRT_ExecuteOptions", PJRT_ExecuteOptions::new().struct_size, 112),
            ("PJRT_Buffer_MemoryLayout_Tiled", PJRT_Buffer_MemoryLayout_Tiled::new().struct_size, 56),
            ("PJRT_Buffer_MemoryLayout", PJRT_Buffer_MemoryLayout::new().struct_size, 76),
        ];
        for (name, found, expected) in sizes {
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(size_of::<PJRT_Api>(), 984);
    }
}
