//! `dupin devices`: what can compute.

use clap::Args;
use serde::Serialize;

use crate::output::{Context, line};

/// List what can compute: this machine's processors, and the PJRT plugins that are installed or could be.
#[derive(Args, Debug)]
pub(crate) struct Devices {
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

/// What there is under a name of `--device`.
#[derive(Debug, Serialize)]
struct Row {
    device: String,
    hardware: String,
    file: Option<String>,
    /// Why it cannot be used, and what to do.
    problem: Option<String>,
}

impl Devices {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let hardware = format!("this machine's processors, {} threads", ctx.thread_count());
        #[cfg_attr(not(feature = "pjrt"), expect(unused_mut, reason = "plugins follow"))]
        let mut rows = vec![Row { device: "cpu".into(), hardware, file: None, problem: None }];
        #[cfg(feature = "pjrt")]
        rows.extend(plugins(&crate::device::packages()));
        let width = rows.iter().map(|r| r.device.len()).max().unwrap_or(0);
        for row in rows {
            if self.json {
                line(&serde_json::to_string(&row)?)?;
                continue;
            }
            let problem = row.problem.map_or_else(String::new, |p| format!(": {p}"));
            line(&format!("{:width$}  {}{problem}", row.device, row.hardware))?;
            if let Some(file) = row.file {
                line(&format!("{:width$}  {file}", ""))?;
            }
        }
        #[cfg(feature = "pjrt")]
        if !self.json {
            let folders: Vec<String> = crate::device::packages().iter().map(|p| p.display().to_string()).collect();
            line(&format!("\nPlugins were looked for in {}.", folders.join(", ")))?;
            line("Any other plugin: `--device pjrt:FILE`, or DUPIN_PJRT_PLUGIN=FILE and `--device pjrt`.")?;
        }
        Ok(true)
    }
}

#[cfg(feature = "pjrt")]
fn plugins(packages: &[std::path::PathBuf]) -> impl Iterator<Item = Row> {
    use dupin::pjrt::{Options, Pjrt, locate::KNOWN};
    KNOWN.iter().map(|known| {
        let (device, hardware) = (format!("pjrt:{}", known.name), known.hardware.to_string());
        let Some(file) = known.find(packages) else {
            let problem = format!("not installed, `pip install {}`", known.package);
            return Row { device, hardware, file: None, problem: Some(problem) };
        };
        let path = Some(file.display().to_string());
        match Pjrt::load(&file, &Options::default()).and_then(|device| device.describe()) {
            Ok(d) => {
                let kind = d.devices.first().map_or("", String::as_str);
                let hardware = format!("{} x {kind}, platform {}, PJRT C API {}", d.devices.len(), d.platform, d.api_version);
                Row { device, hardware, file: path, problem: None }
            }
            Err(e) => Row { device, hardware, file: path, problem: Some(format!("cannot be used: {e}")) },
        }
    })
}
