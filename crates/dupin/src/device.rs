//! What computes: the value of `--device`.

use std::str::FromStr;

use dupin::ir::stablehlo::Precision;

/// Where programs run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// The native executor.
    Cpu,
    /// One or more devices of a PJRT plugin.
    Plugin(Plugin),
}

/// Devices of a PJRT plugin, as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// A name, a file, or neither: whatever is found.
    which: Option<String>,
    /// The devices' positions among the plugin's: each is a replica.
    indices: Vec<usize>,
}

/// More devices than any machine has.
const MOST_DEVICES: usize = 1024;

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').map_or((text, None), |(k, r)| (k, Some(r)));
        match (kind, rest) {
            ("cpu", None) => Ok(Self::Cpu),
            ("pjrt", None) => Ok(Self::Plugin(Plugin { which: None, indices: vec![0] })),
            ("pjrt", Some(rest)) => {
                // Numbers at the end are devices, whatever stands before them: `1`, `cuda:0-3`, `/lib/plugin.so:0,2`.
                let (which, indices) = match rest.rsplit_once(':').unwrap_or(("", rest)) {
                    (which, list) if is_list(list) => (which, positions(list)?),
                    _ => (rest, vec![0]),
                };
                Ok(Self::Plugin(Plugin { which: (!which.is_empty()).then(|| which.to_string()), indices }))
            }
            _ => Err(
                "a device is `cpu`, `pjrt`, `pjrt:NAME` such as `pjrt:cuda`, or `pjrt:FILE`; `:N` at the end takes device N, \
                      `:0-3` or `:0,2` several"
                    .into(),
            ),
        }
    }
}

fn is_list(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'-')
}

/// The devices that a list such as `0,2` or `0-3` names, each once.
fn positions(list: &str) -> Result<Vec<usize>, String> {
    let number = |text: &str| match text.parse::<usize>() {
        Ok(n) if n < MOST_DEVICES => Ok(n),
        Err(_) if text.is_empty() => Err(format!("a number is missing in the devices `{list}`")),
        _ => Err(format!("`{text}` is too large for the number of a device")),
    };
    let mut out = Vec::new();
    for item in list.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            return Err(format!("the devices `{item}` run backwards"));
        }
        for i in first..=last {
            if out.contains(&i) {
                return Err(format!("device {i} is in `{list}` twice: each can be a replica once"));
            }
            out.push(i);
        }
    }
    Ok(out)
}

/// The precision that `--precision` names.
pub(crate) fn precision(text: &str) -> Result<Precision, String> {
    let names: Vec<&str> = Precision::ALL.iter().map(|p| p.name()).collect();
    let found = Precision::ALL.into_iter().find(|p| p.name() == text);
    found.ok_or_else(|| format!("precisions are {}", names.join(", ")))
}

#[cfg(not(feature = "pjrt"))]
impl Plugin {
    pub(crate) fn load(&self, _: Precision) -> anyhow::Result<Box<dyn dupin::ir::Executor>> {
        let (which, count) = (self.which.as_deref().unwrap_or("any"), self.indices.len());
        anyhow::bail!("this build of dupin has no PJRT plugins ({which}, {count} devices): build it with `--features pjrt`")
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

    use super::{Plugin, Precision};

    impl Plugin {
        pub(crate) fn load(&self, precision: Precision) -> anyhow::Result<Box<dyn Executor>> {
            let options = Options { devices: self.indices.clone(), precision, cache: cache() };
            Ok(Box::new(Pjrt::load(&self.file()?, &options)?))
        }

        /// The plugin's file.
        fn file(&self) -> anyhow::Result<PathBuf> {
            let which = match &self.which {
                None => match variable("DUPIN_PJRT_PLUGIN").filter(|file| !file.as_os_str().is_empty()) {
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
        let plugin = |which: Option<&str>, indices: &[usize]| {
            Ok(Device::Plugin(Plugin { which: which.map(Into::into), indices: indices.to_vec() }))
        };
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!("pjrt".parse(), plugin(None, &[0]));
        assert_eq!("pjrt:3".parse(), plugin(None, &[3]));
        assert_eq!("pjrt:cuda".parse(), plugin(Some("cuda"), &[0]));
        assert_eq!("pjrt:cuda:12".parse(), plugin(Some("cuda"), &[12]));
        assert_eq!("pjrt:cuda:0-3".parse(), plugin(Some("cuda"), &[0, 1, 2, 3]));
        assert_eq!("pjrt:0,5-6,2".parse(), plugin(None, &[0, 5, 6, 2]));
        assert_eq!("pjrt:/a/b.so".parse(), plugin(Some("/a/b.so"), &[0]));
        assert_eq!("pjrt:/a:b/c.so:1".parse(), plugin(Some("/a:b/c.so"), &[1]));
        let message = |text: &str| text.parse::<Device>().unwrap_err();
        assert!(message("gpu").starts_with("a device is `cpu`, `pjrt`"));
        assert!(message("pjrt:99999999999999999999").contains("too large"));
        assert!(message("pjrt:cuda:0-99999999").contains("too large"));
        assert_eq!(message("pjrt:cpu:0,1,0-2"), "device 0 is in `0,1,0-2` twice: each can be a replica once");
        assert_eq!(message("pjrt:cpu:3-1"), "the devices `3-1` run backwards");
        assert_eq!(message("pjrt:cpu:0,"), "a number is missing in the devices `0,`");
    }

    #[test]
    fn precisions_are_parsed() {
        assert_eq!(precision("tf32"), Ok(Precision::Tf32));
        assert_eq!(precision("f16"), Err("precisions are f32, tf32, bf16".into()));
    }
}
