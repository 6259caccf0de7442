//! What computes: the value of `--device`.

use std::str::FromStr;

/// Where programs run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// The native executor.
    Cpu,
    /// A device of a PJRT plugin.
    Plugin(Plugin),
}

/// A device of a PJRT plugin, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// A name, a file, or neither: whatever is found.
    which: Option<String>,
    /// The device's position among the plugin's.
    index: usize,
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').map_or((text, None), |(k, r)| (k, Some(r)));
        match (kind, rest) {
            ("cpu", None) => Ok(Self::Cpu),
            ("pjrt", None) => Ok(Self::Plugin(Plugin { which: None, index: 0 })),
            ("pjrt", Some(rest)) => {
                // A number at the end is the device, whatever stands before it: `1`, `cuda:1`, `/lib/plugin.so:1`.
                let (which, index) = match rest.rsplit_once(':').map_or(("", rest), |(w, i)| (w, i)) {
                    (which, last) if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) => {
                        (which, last.parse().map_err(|_| format!("`{last}` is too large for the number of a device"))?)
                    }
                    _ => (rest, 0),
                };
                Ok(Self::Plugin(Plugin { which: (!which.is_empty()).then(|| which.to_string()), index }))
            }
            _ => {
                Err("a device is `cpu`, `pjrt`, `pjrt:NAME` such as `pjrt:cuda`, or `pjrt:FILE`; `:N` at the end takes device N"
                    .into())
            }
        }
    }
}

#[cfg(not(feature = "pjrt"))]
impl Plugin {
    pub(crate) fn load(&self) -> anyhow::Result<Box<dyn dupin::ir::Executor>> {
        anyhow::bail!("this build of dupin has no PJRT plugins: build it with `--features pjrt`")
    }
}

#[cfg(feature = "pjrt")]
pub(crate) use with_plugins::packages;

#[cfg(feature = "pjrt")]
mod with_plugins {
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    use anyhow::{Context as _, bail};
    use dupin::ir::Executor;
    use dupin::pjrt::locate::{self, KNOWN, Known};
    use dupin::pjrt::{Options, Pjrt};

    use super::Plugin;

    impl Plugin {
        pub(crate) fn load(&self) -> anyhow::Result<Box<dyn Executor>> {
            let options = Options { device: self.index, cache: cache(), ..Options::default() };
            Ok(Box::new(Pjrt::load(&self.file()?, &options)?))
        }

        /// The plugin's file.
        fn file(&self) -> anyhow::Result<PathBuf> {
            let which = match &self.which {
                None => match variable("DUPIN_PJRT_PLUGIN") {
                    Some(file) => return Ok(file),
                    None => None,
                },
                Some(file) if Path::new(file).components().count() > 1 || Path::new(file).extension().is_some() => {
                    return Ok(file.into());
                }
                Some(name) => Some(Known::named(name).with_context(|| {
                    let names: Vec<&str> = KNOWN.iter().map(|k| k.name).collect();
                    format!(
                        "no PJRT plugin has the name `{name}`; names are {}, and `pjrt:FILE` takes any file",
                        names.join(", ")
                    )
                })?),
            };
            let packages = packages();
            if let Some((_, file)) = locate::find(which.map(|k| k.name), &packages) {
                return Ok(file);
            }
            let wanted = which.map_or_else(String::new, |k| format!(" for {} ({})", k.name, k.hardware));
            let known: Vec<&Known> = which.map_or_else(|| KNOWN.iter().collect(), |k| vec![k]);
            let install: Vec<String> = known.iter().map(|k| format!("`pip install {}` ({})", k.package, k.hardware)).collect();
            bail!(
                "no PJRT plugin{wanted} was found in the {} folders of Python packages; install one by {}, or give its file by \
                 `--device pjrt:FILE`",
                packages.len(),
                install.join(", ")
            )
        }
    }

    /// Folders where `pip` puts packages: of the active environment, of the `python3` on the path (which knows them best), of the user.
    pub(crate) fn packages() -> Vec<PathBuf> {
        let roots = ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(|v| variable(v));
        let mut out: Vec<PathBuf> = roots.flat_map(|root| locate::packages_of(&root)).collect();
        for python in ["python3", "python"] {
            let asked =
                Command::new(python).args(["-c", "import sys; print('\\n'.join(sys.path))"]).stdin(Stdio::null()).output();
            if let Ok(answer) = asked.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()) {
                out.extend(
                    answer.lines().map(PathBuf::from).filter(|p| p.ends_with("site-packages") || p.ends_with("dist-packages")),
                );
            }
        }
        out.extend(variable("HOME").iter().flat_map(|home| locate::packages_of(&home.join(".local"))));
        let mut seen = std::collections::BTreeSet::new();
        out.retain(|p| seen.insert(p.clone()));
        out
    }

    /// Where compiled programs are kept: `DUPIN_CACHE` if it is set (empty for nowhere), else the user's cache.
    fn cache() -> Option<PathBuf> {
        if let Some(folder) = variable("DUPIN_CACHE") {
            return (!folder.as_os_str().is_empty()).then(|| folder.join("pjrt"));
        }
        let user = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
        Some(user.join("dupin").join("pjrt"))
    }

    #[expect(clippy::disallowed_methods, reason = "the rim, where settings of the environment are read")]
    fn variable(name: &str) -> Option<PathBuf> {
        std::env::var_os(name).map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_parsed() {
        let plugin = |which: Option<&str>, index| Device::Plugin(Plugin { which: which.map(Into::into), index });
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!("pjrt".parse(), Ok(plugin(None, 0)));
        assert_eq!("pjrt:3".parse(), Ok(plugin(None, 3)));
        assert_eq!("pjrt:cuda".parse(), Ok(plugin(Some("cuda"), 0)));
        assert_eq!("pjrt:cuda:12".parse(), Ok(plugin(Some("cuda"), 12)));
        assert_eq!("pjrt:/a/b.so".parse(), Ok(plugin(Some("/a/b.so"), 0)));
        assert_eq!("pjrt:/a:b/c.so:1".parse(), Ok(plugin(Some("/a:b/c.so"), 1)));
        assert!("gpu".parse::<Device>().is_err_and(|e| e.starts_with("a device is `cpu`, `pjrt`")));
        assert!("pjrt:99999999999999999999".parse::<Device>().is_err_and(|e| e.contains("too large")));
    }
}
