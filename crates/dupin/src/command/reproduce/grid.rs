//! What is trained: nets, activations, methods, radii and seeds.

use serde::Serialize;

/// How a net is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// Plain SGD.
    Plain,
    /// Sharpness-aware minimization.
    Sam,
    /// Gradient penalty.
    Psam,
    /// Gradient penalty whose update lacks the nonlinear modeling error.
    PsamWithoutNme,
}

impl Method {
    pub(crate) const ALL: [Self; 4] = [Self::Plain, Self::Sam, Self::Psam, Self::PsamWithoutNme];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Plain => "SGD",
            Self::Sam => "SAM",
            Self::Psam => "PSAM",
            Self::PsamWithoutNme => "PSAM without NME",
        }
    }

    pub(crate) fn has_rho(self) -> bool {
        self != Self::Plain
    }
}

/// A net of the grid.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Net {
    pub(crate) name: &'static str,
    pub(crate) model: &'static str,
    pub(crate) parameters: usize,
}

/// The experiment's settings, fixed before it is run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) data: &'static str,
    nets: Vec<Net>,
    pub(crate) rhos: Vec<f64>,
    pub(crate) seeds: u64,
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) learning_rate: f64,
    pub(crate) momentum: f64,
    pub(crate) schedule: &'static str,
    pub(crate) init: &'static str,
    /// Examples, and passes of structured probes, of each net's split.
    pub(crate) split_examples: usize,
    pub(crate) split_probes: usize,
}

/// Activations under every method, then those that only change φ'' and so matter to the penalty alone.
const ACTIVATIONS: [&str; 2] = ["relu", "gelu"];
const INTERVENTIONS: [&str; 2] = ["gelu~none", "relu~beta_gelu:4"];

/// One net to train.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Trial {
    pub(crate) net: &'static str,
    pub(crate) model: &'static str,
    pub(crate) activation: &'static str,
    pub(crate) method: Method,
    pub(crate) rho: f64,
    pub(crate) seed: u64,
}

impl Settings {
    /// Minutes on two cores.
    pub(crate) fn quick() -> Self {
        let net = |name, model: &'static str| {
            let network = dupin::nn::Network::parse(model, "relu".parse().expect("relu is an activation"))
                .expect("the grid's nets are well-formed");
            Net { name, model, parameters: network.param_count() }
        };
        Self {
            data: "fashion-mini@2000",
            nets: vec![
                net("CNN", "net:1x28x28,conv16s2,act,conv32s2,act,conv32,act,flatten,fc10"),
                net("MLP", "mlp:784-128-128-10"),
            ],
            // Were 0.1 and 0.3 at first; lowered once a run showed that the ReLU CNN does not train with SAM at 0.3.
            rhos: vec![0.1, 0.2],
            seeds: 3,
            epochs: 8,
            batch: 128,
            learning_rate: 0.05,
            momentum: 0.9,
            schedule: "cosine",
            init: "pytorch",
            split_examples: 500,
            split_probes: 4,
        }
    }

    pub(crate) fn nets(&self) -> &[Net] {
        &self.nets
    }

    /// The whole grid, in a fixed order.
    pub(crate) fn trials(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        for net in &self.nets {
            let mut add = |activation, method: Method, rho| {
                let make = |seed| Trial { net: net.name, model: net.model, activation, method, rho, seed };
                trials.extend((0..self.seeds).map(make));
            };
            for activation in ACTIVATIONS {
                add(activation, Method::Plain, 0.0);
                for method in [Method::Sam, Method::Psam, Method::PsamWithoutNme] {
                    self.rhos.iter().for_each(|&rho| add(activation, method, rho));
                }
            }
            for activation in INTERVENTIONS {
                self.rhos.iter().for_each(|&rho| add(activation, Method::Psam, rho));
            }
        }
        trials
    }
}

impl Trial {
    /// As typed on the command line.
    pub(crate) fn objective(&self) -> String {
        match self.method {
            Method::Plain => "plain".into(),
            Method::Sam => format!("sam:rho={}", self.rho),
            Method::Psam => format!("psam:rho={},nme=keep", self.rho),
            Method::PsamWithoutNme => format!("psam:rho={},nme=drop", self.rho),
        }
    }

    pub(crate) fn same_but_seed(&self, other: &Self) -> bool {
        Self { seed: 0, ..self.clone() } == Self { seed: 0, ..other.clone() }
    }

    /// Relative cost: forward passes per step, times the net's own cost.
    pub(crate) fn cost(&self) -> usize {
        let passes = match self.method {
            Method::Plain => 3,
            Method::Sam => 6,
            Method::Psam => 9,
            Method::PsamWithoutNme => 7,
        };
        passes * if self.net == "CNN" { 6 } else { 1 }
    }
}
