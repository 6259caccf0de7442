//! Initial values: a function of seed, parameter name and element index, so that they depend neither on the order of
//! parameters nor on what else the network has.

use std::fmt;
use std::str::FromStr;

use dupin_ir::prim::rng::{Distribution, threefry2x32};
use dupin_ir::{DType, Tensor, TensorType};

use crate::error::Error;
use crate::network::{Network, Param, Role};

/// How weights and biases start. Normalisations start at scale 1 and shift 0 under all of them (but for [`Init::ResnetZero`]),
/// tables of tokens and places normal with deviation 0.02 (but for [`Init::Zeros`]).
///
/// Prints and parses by name, with an optional gain: `pytorch`, `he_normal`, `he_normal:0.5`.
///
/// # Source
/// He et al. (2015), arXiv 1502.01852; Glorot & Bengio (2010); LeCun et al. (1998), "Efficient BackProp". No normal is truncated.
/// The schemes that have a network's name are those of its reference code: torchvision for `resnet` and `vgg`, timm for `vit`, nanoGPT
/// for `gpt2`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Init {
    /// PyTorch's default of `nn.Linear` and `nn.Conv2d`: weights and biases uniform within `±1/√fan_in`.
    #[default]
    Pytorch,
    /// Weights normal with variance `2/fan_in`, biases 0.
    HeNormal,
    /// Weights uniform with variance `2/fan_in`, biases 0.
    HeUniform,
    /// Weights normal with variance `2/(fan_in + fan_out)`, biases 0.
    XavierNormal,
    /// Weights uniform with variance `2/(fan_in + fan_out)`, biases 0.
    XavierUniform,
    /// Weights normal with variance `1/fan_in`, biases 0.
    LecunNormal,
    /// Weights uniform with variance `1/fan_in`, biases 0.
    LecunUniform,
    /// Weights normal with variance `2/fan_out`, biases 0.
    HeFanOut,
    /// Convolutions as [`Init::HeFanOut`], dense layers as [`Init::Pytorch`].
    Resnet,
    /// The same, and the scale (without a normalisation the weight) that ends each residual branch 0: every block starts as its
    /// shortcut (Goyal et al., 2017, arXiv 1706.02677; torchvision's `zero_init_residual`).
    ResnetZero,
    /// Convolutions as [`Init::HeFanOut`], weights of dense layers normal with deviation 0.01, biases 0.
    Vgg,
    /// Weights of dense layers normal with deviation 0.02, biases 0, convolutions as [`Init::Pytorch`]. (timm's `trunc_normal_` cuts at
    /// ±2, a hundred deviations away.)
    Vit,
    /// Weights normal with deviation 0.02, those that end one of `r` residual branches with `0.02/√r`; biases 0.
    Gpt2,
    /// Weights, biases and tables 0.
    Zeros,
    /// Another one with all that it draws multiplied by a gain.
    Scaled(&'static Init, f64),
}

/// Names of those without a gain.
static NAMES: [(&str, Init); 14] = [
    ("pytorch", Init::Pytorch),
    ("he_normal", Init::HeNormal),
    ("he_uniform", Init::HeUniform),
    ("xavier_normal", Init::XavierNormal),
    ("xavier_uniform", Init::XavierUniform),
    ("lecun_normal", Init::LecunNormal),
    ("lecun_uniform", Init::LecunUniform),
    ("he_fan_out", Init::HeFanOut),
    ("resnet", Init::Resnet),
    ("resnet_zero", Init::ResnetZero),
    ("vgg", Init::Vgg),
    ("vit", Init::Vit),
    ("gpt2", Init::Gpt2),
    ("zeros", Init::Zeros),
];

impl Init {
    /// Names that parse, without gains.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// What a parameter's elements are drawn from, and the standard deviation; `None` if they are constant. `branches` is the number of
    /// residual branches of the network.
    fn spread(self, param: &Param, branches: usize) -> Option<(Distribution, f64)> {
        use Distribution::{Normal, Uniform};
        let (fan_in, fan_out) = (param.fan_in as f64, param.fan_out as f64);
        let is_convolution = param.of_convolution;
        let is_weight = match param.role {
            Role::NormWeight | Role::NormBias => return None,
            Role::Weight => true,
            Role::Bias => false,
            Role::Embedding => {
                return match self {
                    Self::Zeros => None,
                    Self::Scaled(base, gain) => base.spread(param, branches).map(|(d, deviation)| (d, gain * deviation)),
                    _ => Some((Normal, 0.02)),
                };
            }
        };
        match self {
            Self::Scaled(base, gain) => {
                base.spread(param, branches).map(|(distribution, deviation)| (distribution, gain * deviation))
            }
            // A uniform number within ±a has variance a²/3.
            Self::Pytorch => Some((Uniform, (1.0 / (3.0 * fan_in)).sqrt())),
            Self::ResnetZero if is_weight && param.ends_branch => None,
            Self::Resnet | Self::ResnetZero if !is_convolution => Self::Pytorch.spread(param, branches),
            Self::Vit if is_convolution => Self::Pytorch.spread(param, branches),
            _ if !is_weight => None,
            Self::HeNormal => Some((Normal, (2.0 / fan_in).sqrt())),
            Self::HeUniform => Some((Uniform, (2.0 / fan_in).sqrt())),
            Self::XavierNormal => Some((Normal, (2.0 / (fan_in + fan_out)).sqrt())),
            Self::XavierUniform => Some((Uniform, (2.0 / (fan_in + fan_out)).sqrt())),
            Self::LecunNormal => Some((Normal, (1.0 / fan_in).sqrt())),
            Self::LecunUniform => Some((Uniform, (1.0 / fan_in).sqrt())),
            Self::HeFanOut | Self::Resnet | Self::ResnetZero => Some((Normal, (2.0 / fan_out).sqrt())),
            Self::Vgg if is_convolution => Some((Normal, (2.0 / fan_out).sqrt())),
            Self::Vgg => Some((Normal, 0.01)),
            Self::Gpt2 if param.ends_branch => Some((Normal, 0.02 / (branches as f64).sqrt())),
            Self::Vit | Self::Gpt2 => Some((Normal, 0.02)),
            Self::Zeros => None,
        }
    }

    /// What the elements of a parameter are that is not drawn.
    fn constant(self, param: &Param) -> f64 {
        match (self, param.role) {
            (Self::Scaled(base, _), _) => base.constant(param),
            (Self::ResnetZero, Role::NormWeight) if param.ends_branch => 0.0,
            (_, Role::NormWeight) => 1.0,
            _ => 0.0,
        }
    }

    /// The initial value of one parameter.
    fn tensor(self, param: &Param, branches: usize, seed: u64, dtype: DType) -> Tensor {
        let ty = TensorType::new(dtype, param.shape.clone());
        let Some((distribution, deviation)) = self.spread(param, branches) else {
            return Tensor::from_f64(&ty, &vec![self.constant(param); ty.len()]);
        };
        let key = key(seed, &param.name);
        // Always drawn with the mantissa of f64, so that the f32 values are the f64 ones rounded.
        let values: Vec<f64> = (0..ty.len() as u64)
            .map(|i| {
                let draw = distribution.draw(key, i, DType::F64);
                let standard = if distribution == Distribution::Uniform { (2.0 * draw - 1.0) * 3f64.sqrt() } else { draw };
                deviation * standard
            })
            .collect();
        Tensor::from_f64(&ty, &values)
    }
}

/// A generator's key for a parameter: Threefry of the name's hash under the seed.
fn key(seed: u64, name: &str) -> [u32; 2] {
    // FNV-1a, 64 bits.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    threefry2x32(halves(seed), halves(hash))
}

fn halves(v: u64) -> [u32; 2] {
    [v as u32, (v >> 32) as u32]
}

impl Network {
    /// Initial parameters, in the order of [`Network::params`]; the `f32` ones are the `f64` ones rounded.
    ///
    /// Element `i` (row-major in the graph's layout) is a function of `seed`, the parameter's name and `i`. Uniform schemes give the
    /// same bits on every platform, normal ones up to the last bit of the platform's logarithm and cosine.
    ///
    /// # Panics
    /// If `dtype` is not a float type.
    pub fn initialize(&self, init: Init, seed: u64, dtype: DType) -> Vec<Tensor> {
        assert!(dtype.is_float(), "parameters are floats, not {dtype}");
        let branches = self.params().iter().filter(|p| p.ends_branch).count();
        self.params().iter().map(|p| init.tensor(p, branches, seed, dtype)).collect()
    }

    /// Initial buffers, in the order of [`Network::buffers`].
    pub fn initial_buffers(&self, dtype: DType) -> Vec<Tensor> {
        let filled = |s: &crate::BufferSpec| {
            let ty = TensorType::new(dtype, s.shape.clone());
            Tensor::from_f64(&ty, &vec![s.initial; ty.len()])
        };
        self.buffers().iter().map(filled).collect()
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Scaled(base, gain) = self {
            return write!(f, "{base}:{gain}");
        }
        let (name, _) = NAMES.iter().find(|(_, init)| init == self).expect("every scheme without a gain has a name");
        f.write_str(name)
    }
}

impl FromStr for Init {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, gain) = text.split_once(':').map_or((text, None), |(name, gain)| (name, Some(gain)));
        let (_, base) = NAMES.iter().find(|(n, _)| *n == name).ok_or_else(|| Error::UnknownInit { text: text.into() })?;
        let Some(gain) = gain else { return Ok(*base) };
        match gain.parse::<f64>() {
            Ok(g) if g.is_finite() && g >= 0.0 => Ok(Self::Scaled(base, g)),
            _ => Err(Error::Gain { text: text.into(), gain: gain.into() }),
        }
    }
}
