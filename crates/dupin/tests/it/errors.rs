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
    // States that were cut short, this one and the one before it, or that belong to another run do not resume.
    let state = d.path().join("run/state.safetensors");
    let bytes = std::fs::read(&state).unwrap();
    std::fs::write(&state, &bytes[..100]).unwrap();
    std::fs::write(d.path().join("run/state.previous.safetensors"), &bytes[..100]).unwrap();
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

/// Tokens for a model of numbers, and the other way, are refused before anything is computed.
#[test]
fn text_and_numbers_are_kept_apart() {
    let d = fresh();
    let split = |model: &str, data: &str| fails(d.path(), &["split", "--model", model, "--data", data]);
    let m = split("char:70", "digits@50");
    assert!(m.contains("the model `char:70` reads tokens, the data set `digits@50/train` has numbers"), "{m}");
    let m = split("mlp:64-70", "shakespeare@2");
    assert!(m.contains("the model `mlp:64-70` reads numbers") && m.contains("has tokens: text"), "{m}");
    let m = split("char:20", "shakespeare@2");
    assert!(m.contains("has 20 outputs"), "{m}");
    let m = split("vgg11:10,input=1x8x8", "digits@50");
    assert!(m.contains("cannot use the model `vgg11:10,input=1x8x8`: a window of 2x2 does not fit into a map of 1x1"), "{m}");
}

#[test]
fn help_teaches_and_data_sets_are_listed() {
    let d = fresh();
    let out = dupin(d.path(), &["--help"]);
    assert!(out.status.success());
    let help = text(&out.stdout);
    for word in
        ["train", "split", "reproduce", "bench", "Exit codes: 0 done, 1 a check failed, 2 could not run, 130 interrupted."]
    {
        assert!(help.contains(word), "{word}");
    }
    let train = text(&dupin(d.path(), &["train", "--help"]).stdout);
    assert!(train.contains("psam:rho=R,nme=drop") && train.contains("relu~bump:HEIGHT:WIDTH"));
    for word in ["wrn-DEPTH-WIDTH", "vit[:CLASSES]", "attn<H>", "resnet_zero"] {
        assert!(train.contains(word), "{word}");
    }
    let list = text(&dupin(d.path(), &["data", "list"]).stdout);
    assert!(list.contains("fashion-mini") && list.contains("mnist:DIR"));
}

#[test]
fn devices_that_cannot_be_used_say_what_to_install() {
    let d = fresh();
    let split = |device: &str| fails(d.path(), &["split", "--model", "mlp:64-10", "--data", "digits@50", "--device", device]);
    let m = split("gpu");
    assert!(m.contains("a device is `cpu`, `pjrt`, `pjrt:NAME` such as `pjrt:cuda`, or `pjrt:FILE`"), "{m}");
    let m = split("pjrt:cuda:0,0");
    assert!(m.contains("device 0 is in `0,0` twice: each can be a replica once"), "{m}");
    let m = fails(d.path(), &["split", "--model", "mlp:64-10", "--data", "digits@50", "--precision", "bf16"]);
    assert!(
        m.starts_with("error: the native executor computes products of f32 in f32: `--precision bf16` goes with `--device pjrt`"),
        "{m}"
    );
    let m = split("pjrt:abacus");
    assert!(m.starts_with("error: no PJRT plugin has the name `abacus`; names are cuda, rocm, tpu, oneapi, cpu"), "{m}");
    std::fs::write(d.path().join("plugin.so"), b"not a library").unwrap();
    for (device, reason) in
        [("pjrt:./nowhere.so", "there is no such file"), ("pjrt:./plugin.so", "cannot be loaded as a PJRT plugin: ")]
    {
        let m = split(device);
        assert!(m.starts_with("error: ./") && m.contains(reason), "{m}");
        assert!(
            m.contains("hint: `dupin devices` lists the plugins that are there and what to install for those that are not"),
            "{m}"
        );
    }
    let list = super::succeeds(d.path(), &["devices"]);
    assert!(list.contains("pjrt:cuda") && list.contains("Plugins were looked for in"), "{list}");
    for row in super::succeeds(d.path(), &["devices", "--json"]).lines() {
        assert!(row.starts_with("{\"device\":\""), "{row}");
    }
}
