//! Where plugins are: a table of those that are known, and how `pip` places them.

use std::path::{Path, PathBuf};

/// A plugin that Python packages carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What a user calls the device, such as `cuda`.
    pub name: &'static str,
    /// What it computes on.
    pub hardware: &'static str,
    /// What to install with `pip install`.
    pub package: &'static str,
    /// Where the file lies under a folder of packages; `*` stands for any one folder name's rest.
    files: &'static [&'static str],
}

/// Every plugin that is looked for, in order of preference where the name is left out.
pub const KNOWN: &[Known] = &[
    Known {
        name: "cuda",
        hardware: "NVIDIA GPU",
        package: "jax-cuda13-pjrt",
        files: &["jax_plugins/xla_cuda*/xla_cuda_plugin.so"],
    },
    Known { name: "rocm", hardware: "AMD GPU", package: "jax-rocm7-pjrt", files: &["jax_plugins/xla_rocm*/xla_rocm_plugin.so"] },
    Known { name: "tpu", hardware: "Google TPU", package: "libtpu", files: &["libtpu/libtpu.so"] },
    Known {
        name: "oneapi",
        hardware: "Intel GPU",
        package: "intel-extension-for-openxla",
        files: &["jax_plugins/intel_extension_for_openxla/pjrt_plugin_xpu.so"],
    },
    Known {
        name: "cpu",
        hardware: "any x86-64 processor",
        package: "lammps-jax-pjrt-cpu",
        files: &["lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"],
    },
];

impl Known {
    /// The plugin of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|k| k.name == name)
    }

    /// The first of its files in these folders of packages.
    pub fn find(&self, packages: &[PathBuf]) -> Option<PathBuf> {
        packages.iter().find_map(|folder| self.files.iter().find_map(|pattern| matching(folder, pattern)))
    }
}

/// The plugin of a name, or of any name, in order of [`KNOWN`].
pub fn find(name: Option<&str>, packages: &[PathBuf]) -> Option<(&'static Known, PathBuf)> {
    KNOWN.iter().filter(|k| name.is_none_or(|n| n == k.name)).find_map(|k| Some((k, k.find(packages)?)))
}

/// Folders of packages of a Python environment: `lib/python3.*/site-packages` and `dist-packages` below its root, the newest first.
pub fn packages_of(environment: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for lib in ["lib", "lib64", "Lib"].map(|l| environment.join(l)) {
        out.extend(["site-packages", "dist-packages"].map(|p| lib.join(p)));
        let mut versions: Vec<PathBuf> = entries(&lib).into_iter().filter(|p| name_of(p).starts_with("python3")).collect();
        versions.sort_by_key(|p| std::cmp::Reverse(name_of(p).split('.').nth(1).and_then(|n| n.parse::<u32>().ok())));
        out.extend(versions.iter().flat_map(|v| ["site-packages", "dist-packages"].map(|p| v.join(p))));
    }
    out.retain(|p| p.is_dir());
    out
}

/// The first file under `folder` that `pattern` names.
fn matching(folder: &Path, pattern: &str) -> Option<PathBuf> {
    let (first, rest) = pattern.split_once('/').map_or((pattern, None), |(f, r)| (f, Some(r)));
    let candidates = match first.split_once('*') {
        None => vec![folder.join(first)],
        Some((before, after)) => {
            let fits = |p: &PathBuf| name_of(p).starts_with(before) && name_of(p).ends_with(after);
            let mut found: Vec<PathBuf> = entries(folder).into_iter().filter(fits).collect();
            found.sort();
            found.reverse();
            found
        }
    };
    candidates.into_iter().find_map(|p| match rest {
        Some(rest) => matching(&p, rest),
        None => p.is_file().then_some(p),
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map_or_else(|_| Vec::new(), |e| e.flatten().map(|e| e.path()).collect())
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_found_where_pip_puts_them() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let old = put("lib/python3.9/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so");
        let packages = packages_of(root.path());
        assert_eq!(find(None, &packages).unwrap(), (&KNOWN[0], old));
        let new = put("lib/python3.12/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so");
        let newest = put("lib/python3.12/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so");
        let packages = packages_of(root.path());
        assert_eq!(find(Some("cuda"), &packages).unwrap().1, newest);
        std::fs::remove_file(newest).unwrap();
        assert_eq!(find(Some("cuda"), &packages).unwrap().1, new);
        let cpu = put("lib/python3.9/site-packages/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so");
        assert_eq!(find(Some("cpu"), &packages).unwrap().1, cpu);
        assert_eq!(find(Some("tpu"), &packages), None);
        assert_eq!(Known::named("cpu").unwrap().package, "lammps-jax-pjrt-cpu");
    }
}
