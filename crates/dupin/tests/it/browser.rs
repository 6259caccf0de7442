//! The report in a real browser, where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{fresh, succeeds, text};

const FILE: &str = "\
title = \"two lines\"
seeds = 2
[train]
model = \"mlp:64-4-10\"
data = \"digits@100\"
epochs = 2
[measure]
examples = 50
traces = 1
spectrum = 4
[axes]
rho = [0.1, 0.2]
[[arm]]
name = \"SGD\"
[[arm]]
name = \"SAM\"
grid = [\"rho\"]
train = { objective = \"sam:rho={rho}\" }
zero = \"SGD\"
[[claim]]
id = \"C1\"
text = \"A claim.\"
effect_is = \"a difference\"
metric = \"test_accuracy\"
effect = [[\"SAM\", 1.0], [\"SGD\", -1.0]]
rule = \"positive\"
least = 0.01
[[chart]]
kind = \"line\"
title = \"line\"
caption = \"c\"
arms = [\"SAM\"]
x = \"rho\"
x_label = \"rho\"
y_label = \"accuracy\"
[[chart]]
kind = \"curves\"
title = \"curves\"
caption = \"c\"
arms = [\"SGD\", \"SAM\"]
metrics = [\"train_loss\"]
y_label = \"loss\"
[[chart]]
kind = \"spectrum\"
title = \"spectrum\"
caption = \"c\"
arms = [\"SAM\"]
x_label = \"eigenvalue\"
y_label = \"density\"
[[chart]]
kind = \"layers\"
title = \"layers\"
caption = \"c\"
arms = [\"SGD\"]
y_label = \"trace\"
";

#[expect(clippy::disallowed_methods, reason = "a browser is where the machine has it; without one the test says so")]
fn chromium() -> Option<PathBuf> {
    let places = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&places).flat_map(|p| names.map(|n| p.join(n))).find(|p| p.is_file())
}

/// The page as the browser has it after its script ran, and what it complained of.
fn open(browser: &Path, folder: &Path, page: &Path) -> (String, String) {
    let out = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser runs");
    (text(&out.stdout), text(&out.stderr))
}

/// No complaint on the console, no request beyond the file, every figure drawn, tables that can be sorted.
#[test]
fn the_report_works_in_a_browser() {
    let Some(browser) = chromium() else {
        eprintln!("not run: there is no Chromium on this machine");
        return;
    };
    let d = fresh();
    std::fs::write(d.path().join("two.toml"), FILE).unwrap();
    succeeds(d.path(), &["reproduce", "two.toml", "--out", "out", "--quiet"]);
    let page = d.path().join("out/report.html");
    let (dom, complaints) = open(&browser, d.path(), &page);
    assert!(!complaints.contains("CONSOLE"), "{complaints}");
    // The page's own script put buttons into the headings of tables with more than one row.
    assert!(dom.contains("<button type=\"button\">"), "the script did not run: {}", &dom[..dom.len().min(2000)]);
    let figures: Vec<&str> = dom.split("<figure ").skip(1).collect();
    assert_eq!(figures.len(), 4);
    for f in figures {
        let svg = f.split("</svg>").next().unwrap();
        let shapes = svg.matches("<polyline").count() + svg.matches("<polygon").count();
        assert!(shapes > 5 && !svg.contains("nothing to draw"), "an empty figure: {}", &svg[..svg.len().min(600)]);
    }
    // A figure can be saved: as an SVG that stands alone, and as pixels of twice its size.
    assert_eq!(dom.matches("class=\"save\"").count(), 4);
    let html = std::fs::read_to_string(&page).unwrap();
    let saving = "const chart = document.querySelector('svg.chart');
        Promise.all([picture(chart).text(), pixels(chart).then(createImageBitmap)]).then(([text, image]) => {
          const alone = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
          document.title = `${alone.tagName} ${alone.getAttribute('width')} as ${image.width} pixels`;
        });
        </script>";
    std::fs::write(&page, html.replacen("</script>", saving, 1)).unwrap();
    // Pixels are made on another thread, which the browser does not wait for before it shows what it has.
    let titled = (0..20).any(|_| {
        let (dom, complaints) = open(&browser, d.path(), &page);
        assert!(!complaints.contains("CONSOLE"), "{complaints}");
        dom.contains("<title>svg 440 as 880 pixels</title>")
    });
    assert!(titled, "no figure was saved");
    std::fs::write(&page, &html).unwrap();
    // The page's policy forbids whatever would reach for the network, and the browser says so on the console: with a picture from
    // elsewhere there is a complaint, so that its absence above means that there was no request.
    let reaching = html.replacen("<main id=\"main\">", "<main id=\"main\"><img src=\"http://127.0.0.1:9/x.png\" alt=\"\">", 1);
    assert_ne!(html, reaching);
    std::fs::write(&page, reaching).unwrap();
    let (_, complaints) = open(&browser, d.path(), &page);
    assert!(complaints.contains("CONSOLE") && complaints.contains("127.0.0.1:9"), "{complaints}");
}
