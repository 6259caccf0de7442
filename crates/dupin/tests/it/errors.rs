//! Bad luck: wrong flags, files and folders. Always an error that says what to do, exit code 2, nothing half-written.

use super::{dupin, fails, fresh, small_run, text};

#[test]
fn wrong_words_are_explained() {
    let d = fresh();
    let message = |args: &[&str]| fails(d.path(), args);
    assert!(message(&["trian"]).contains("unrecognized subcommand 'trian'"));
    let m = message(&["train", "--act", "gelo", "--data", "digits", "--model", "mlp:64-10"]);
    assert!(m.starts_with("error: `activation` cannot be `gelo`: `gelo` is not an activation"), "{m}");
    let m = message(&["train", "--objective", "sma", "--data", "digits", "--model", "mlp:64-10"]);
    assert!(m.contains("there is no objective `sma`; known are plain, sam, psam") && m.contains("hint: "), "{m}");
    let m = message(&["train", "--data", "fashion-mni"]);
    assert!(m.starts_with("error: ") && m.contains("fashion-mini"), "{m}");
    let m = message(&["train", "--data", "digits", "--model", "mlp:64-x"]);
    assert!(m.starts_with("error: cannot use the model"), "{m}");
    let m = message(&["train", "--data", "digits", "--model", "cnn"]);
    assert!(m.contains("takes examples of shape [32, 32, 3]"), "{m}");
    let m = message(&["split", "--data", "digits"]);
    assert!(m.contains("give a trained network by `--checkpoint FILE` or a fresh one by `--model SPEC`"), "{m}");
    let m = message(&["split", "--data", "digits", "--model", "mlp:64-10", "--dtype", "f16"]);
    assert!(m.contains("it must be f32 or f64"), "{m}");
    let m = message(&["split", "--data", "digits", "--model", "mlp:64-10", "--examples", "9999999"]);
    assert!(m.starts_with("error: "), "{m}");
}

#[test]
fn wrong_checkpoints_are_explained() {
    let d = fresh();
    small_run(d.path(), &[]);
    let split = |file: &str| fails(d.path(), &["split", "--data", "digits", "--checkpoint", file]);
    assert!(split("nowhere.safetensors").contains("nowhere.safetensors"));
    std::fs::write(d.path().join("noise"), b"not a safetensors file, by any means").unwrap();
    assert!(split("noise").contains("noise"));
    let model = std::fs::read(d.path().join("run/model.safetensors")).unwrap();
    std::fs::write(d.path().join("cut"), &model[..model.len() / 2]).unwrap();
    assert!(split("cut").contains("cut"));
    let m = fails(d.path(), &["split", "--data", "digits", "--checkpoint", "run/model.safetensors", "--model", "mlp:64-17-10"]);
    assert!(m.contains("0.weight"), "{m}");
    // A state that was cut short or belongs to another run does not resume.
    let state = d.path().join("run/state.safetensors");
    let bytes = std::fs::read(&state).unwrap();
    std::fs::write(&state, &bytes[..100]).unwrap();
    assert!(fails(d.path(), &["train", "--resume", "run"]).contains("state.safetensors"));
    std::fs::write(&state, &bytes).unwrap();
    let config = d.path().join("run/config.toml");
    let changed = std::fs::read_to_string(&config).unwrap().replace("seed = 0", "seed = 1");
    std::fs::write(&config, changed).unwrap();
    assert!(fails(d.path(), &["train", "--resume", "run"]).contains("it belongs to a run with other settings"));
    std::fs::write(&config, "epochs = 'many'").unwrap();
    assert!(fails(d.path(), &["train", "--resume", "run"]).contains("is not a run's configuration"));
}

#[test]
fn a_folder_that_cannot_be_made_stops_a_run_before_it_begins() {
    let d = fresh();
    std::fs::write(d.path().join("file"), "").unwrap();
    let m = fails(d.path(), &["train", "--data", "digits", "--model", "mlp:64-10", "--out", "file/run"]);
    assert!(m.starts_with("error: the folder file/run cannot be made"), "{m}");
    assert!(fails(d.path(), &["train", "--resume", "nowhere"]).contains("nowhere/config.toml cannot be read"));
}

#[test]
fn help_teaches_and_data_sets_are_listed() {
    let d = fresh();
    let out = dupin(d.path(), &["--help"]);
    assert!(out.status.success());
    let help = text(&out.stdout);
    for word in ["train", "split", "reproduce", "bench", "Exit codes: 0 done, 1 a check failed, 2 could not run."] {
        assert!(help.contains(word), "{word}");
    }
    let train = text(&dupin(d.path(), &["train", "--help"]).stdout);
    assert!(train.contains("psam:rho=R,nme=drop") && train.contains("relu~bump:HEIGHT:WIDTH"));
    let list = text(&dupin(d.path(), &["data", "list"]).stdout);
    assert!(list.contains("fashion-mini") && list.contains("mnist:DIR"));
}
