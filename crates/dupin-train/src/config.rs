//! Everything that determines a run.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Settings of a run, as in `config.toml`. Texts are parsed where they are used; the file says what a person would type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Model specification, such as `mlp:784-256-256-10`.
    pub model: String,
    /// Activation, such as `gelu` or `relu~beta_gelu:4`.
    pub activation: String,
    /// Initialiser of the weights.
    pub init: String,
    /// Data set, such as `fashion-mini`.
    pub data: String,
    /// What is done to training examples, as in `crop:pad=4+flip+cutout:size=16+mixup:alpha=0.2`; `none` by default.
    pub augment: String,
    /// Loss: `ce`, `ce:SMOOTHING` or `mse`.
    pub loss: String,
    /// Objective, such as `psam:rho=0.1,nme=keep`.
    pub objective: String,
    /// Passes over the training data.
    pub epochs: usize,
    /// Examples per step.
    pub batch: usize,
    /// Pieces that the batch of a step is run in, one after the other: less memory, the same step.
    pub accumulate: usize,
    /// Optimizer, such as `sgd` or `adamw:beta2=0.95`.
    pub optimizer: String,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Momentum of `sgd`; the others have their own.
    pub momentum: f64,
    /// Whether momentum is Nesterov's.
    pub nesterov: bool,
    /// Weight decay: `weight_decay · θ` is added to the direction, or to the step of an optimizer whose decay is decoupled.
    pub weight_decay: f64,
    /// Which parameters decay: `all`, or `weights` without biases and normalisations.
    pub decay: String,
    /// Largest norm of the regularized direction; a longer one is scaled down to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Decay of an exponential moving average of the parameters, which is evaluated and saved beside them; none if 0.
    pub average: f64,
    /// `cosine[:floor=F]`, `linear[:floor=F]`, `step:at=E/E...[,factor=F]` or `constant`.
    pub schedule: String,
    /// Epochs of linear warm-up.
    pub warmup_epochs: f64,
    /// Seed of initialisation and data order.
    pub seed: u64,
    /// `f32` or `f64`.
    pub dtype: String,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            model: "mlp:784-256-256-10".into(),
            activation: "gelu".into(),
            init: "pytorch".into(),
            data: "fashion-mini".into(),
            augment: "none".into(),
            loss: "ce".into(),
            objective: "plain".into(),
            epochs: 10,
            batch: 128,
            accumulate: 1,
            optimizer: "sgd".into(),
            learning_rate: 0.1,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0,
            decay: "all".into(),
            clip_norm: None,
            average: 0.0,
            schedule: "cosine".into(),
            warmup_epochs: 0.0,
            seed: 0,
            dtype: "f32".into(),
        }
    }
}

impl TrainConfig {
    /// Checks the numbers; texts are checked by what parses them.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first that cannot be used.
    pub fn check(&self) -> Result<(), Error> {
        let positive = |setting, v: usize| if v > 0 { Ok(()) } else { Err(Error::setting(setting, &v, "it must be at least 1")) };
        positive("epochs", self.epochs)?;
        positive("batch", self.batch)?;
        positive("accumulate", self.accumulate)?;
        if self.accumulate > self.batch {
            return Err(Error::setting(
                "accumulate",
                &self.accumulate,
                format!("a batch of {} has no more pieces than examples", self.batch),
            ));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(Error::setting("learning_rate", &self.learning_rate, "it must be a positive number"));
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(Error::setting("momentum", &self.momentum, "it must be at least 0 and below 1"));
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return Err(Error::setting("weight_decay", &self.weight_decay, "it must be 0 or a positive number"));
        }
        if let Some(clip) = self.clip_norm.filter(|c| !(*c > 0.0 && c.is_finite())) {
            return Err(Error::setting("clip_norm", &clip, "it must be a positive number"));
        }
        if !(0.0..1.0).contains(&self.average) {
            return Err(Error::setting("average", &self.average, "it must be at least 0 and below 1, such as 0.999"));
        }
        if !(self.warmup_epochs >= 0.0 && self.warmup_epochs <= self.epochs as f64) {
            return Err(Error::setting(
                "warmup_epochs",
                &self.warmup_epochs,
                format!("it must lie between 0 and {} epochs", self.epochs),
            ));
        }
        Ok(())
    }

    /// The element type.
    ///
    /// # Errors
    /// [`Error::Setting`] for another word than `f32` or `f64`.
    pub fn dtype(&self) -> Result<dupin_ir::DType, Error> {
        dupin_ir::DType::parse(&self.dtype)
            .filter(|d| d.is_float())
            .ok_or_else(|| Error::setting("dtype", &self.dtype, "it must be `f32` or `f64`"))
    }
}
