//! The StableHLO text of every primitive, against `testdata/golden/stablehlo.mlir`. `DUPIN_BLESS=1 cargo test -p dupin-ir --test stablehlo`
//! rewrites it after a change that is meant; `scripts/oracle/parse_stablehlo.py` has JAX's parser and verifier read it.

use std::fmt::Write as _;

use dupin_ir::contract::{legal, program};
use dupin_ir::stablehlo::{self, Options};

#[test]
fn every_primitive_has_its_golden_text() {
    let mut text =
        String::from("// The legal samples of every primitive. Written by the test `every_primitive_has_its_golden_text`.\n");
    for sample in legal() {
        let module = stablehlo::print(&program(&sample), &Options::default());
        let _ = write!(text, "\n// {} `{}`\n{module}", sample.prim.rules().name(), sample.name);
    }
    let path = format!("{}/../../testdata/golden/stablehlo.mlir", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "how a person asks a test to rewrite its golden file")]
    if std::env::var_os("DUPIN_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let line = golden.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
    assert!(golden == text, "stablehlo.mlir differs from line {}: DUPIN_BLESS=1 rewrites it if that is meant", line + 1);
}
