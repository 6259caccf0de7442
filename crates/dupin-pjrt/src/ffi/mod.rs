//! Everything that touches the C API, behind safe types that free what they own.
//!
//! [`Plugin`] is the library and its table of functions, [`Client`] a plugin's devices, [`DeviceBuffer`] and [`Loaded`] what lives on
//! them. Each keeps what it needs alive. The C API may be called from any thread.

#![allow(unsafe_code, reason = "calls into a shared library; each block says why it is sound")]

mod bindings;
mod buffer;
mod client;
mod executable;
mod plugin;

pub(crate) use buffer::DeviceBuffer;
pub(crate) use client::Client;
pub(crate) use executable::Loaded;
pub(crate) use plugin::Plugin;
