//! What can go wrong with a plugin.

use std::path::PathBuf;

/// A plugin that cannot be used, or what it reports.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system cannot load the file.
    #[error("{} cannot be loaded as a PJRT plugin: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A shared library, but no plugin.
    #[error("{} is a shared library but no PJRT plugin: it has no function `GetPjrtApi`", path.display())]
    NoPlugin {
        /// The file.
        path: PathBuf,
    },
    /// A plugin of another age.
    #[error(
        "the PJRT plugin {} speaks version {}.{} of the C API; versions from {}.{} below {}.0 are understood: install {} release of it",
        path.display(), found.0, found.1, oldest.0, oldest.1, oldest.0 + 1, if found < oldest { "a newer" } else { "an older" }
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version, major and minor.
        found: (i32, i32),
        /// The oldest version that is understood.
        oldest: (i32, i32),
    },
    /// There is no such device.
    #[error(
        "the PJRT plugin {} has {count} {}, there is no device {index}",
        path.display(), if *count == 1 { "device (0)".into() } else { format!("devices (0 to {})", count.saturating_sub(1)) }
    )]
    NoDevice {
        /// The file.
        path: PathBuf,
        /// Devices that there are.
        count: usize,
        /// The one asked for.
        index: usize,
    },
    /// The devices that were asked for are no set of replicas.
    #[error("each device can be a replica once, and one is the least: {devices:?} were asked for")]
    Devices {
        /// The positions asked for.
        devices: Vec<usize>,
    },
    /// What the plugin reports.
    #[error("{function}: {message}")]
    Plugin {
        /// The function of the C API that failed.
        function: &'static str,
        /// The code, as in gRPC: 8 is out of memory, 12 not implemented.
        code: i32,
        /// The plugin's words.
        message: String,
    },
}
