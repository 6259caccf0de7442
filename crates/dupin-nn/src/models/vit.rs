//! Vision transformers (Dosovitskiy et al., 2021, arXiv 2010.11929), as timm has them.

use super::image::Image;
use super::{Args, Model};
use crate::error::ModelProblem as Problem;
use crate::parse::Fail;

pub(super) static VIT: Model = Model {
    names: &["vit", "vit-tiny", "vit-small", "vit-base"],
    form: "vit[:CLASSES][,input=CxHxW][,patch=P][,dim=D][,depth=L][,heads=H][,mlp=M][,pool=cls|mean] (also vit-tiny, vit-small, vit-base)",
    summary: "vision transformer; vit: 10 classes, 1x28x28, dim 64, depth 4, 4 heads; the others 1000 classes, 3x224x224 and the sizes of those names; \
              mlp 4·dim, patches of the largest P up to 16 that gives 4x4 or more; timm's names",
    options: &["input", "patch", "dim", "depth", "heads", "mlp", "pool"],
    expand,
};

/// What timm adds to variances.
pub(super) const EPSILON: &str = "1e-6";

fn expand(args: &Args) -> Result<String, Fail> {
    let (classes, input, dim, depth, heads) = match args.name.text {
        "vit" => (10, [1, 28, 28], 64, 4, 4),
        "vit-tiny" => (1000, [3, 224, 224], 192, 12, 3),
        "vit-small" => (1000, [3, 224, 224], 384, 12, 6),
        _ => (1000, [3, 224, 224], 768, 12, 12),
    };
    let classes = args.value("the number of classes", classes)?;
    let image = Image::of(args, input)?;
    let patch = patch(args, image)?;
    let dim = args.number("dim", dim)?;
    let depth = args.number("depth", depth)?;
    let heads = heads_of(args, dim, heads)?;
    let mlp = args.number("mlp", 4 * dim)?;
    let pool = args.choice("pool", &["cls", "mean"], "cls")?;

    let block = |i| {
        format!(
            "blocks.{i}=seq(=res(norm1=ln{EPSILON},attn=seq(qkv=fc{},attn{heads},proj=fc{dim})),\
             =res(norm2=ln{EPSILON},mlp=seq(fc1=fc{mlp},act,fc2=fc{dim}))),",
            3 * dim
        )
    };
    let blocks: String = (0..depth).map(block).collect();
    // timm normalises all tokens and then takes the first: the same numbers.
    let (token, end) = if pool == "cls" { ("cls_token=cls,", "first,norm") } else { ("", "gap,fc_norm") };
    let input = image.text();
    Ok(format!(
        "net:{input},patch_embed.proj=conv{dim}k{patch}s{patch}p0,tokens,{token}pos_embed=pos,{blocks}{end}=ln{EPSILON},head=fc{classes}"
    ))
}

/// `patch=P`, which divides both sides.
pub(super) fn patch(args: &Args, image: Image) -> Result<usize, Fail> {
    let divides = |p: usize| image.height.is_multiple_of(p) && image.width.is_multiple_of(p);
    let most = (image.height.min(image.width) / 4).clamp(1, 16);
    let default = (1..=most).rev().find(|&p| divides(p)).unwrap_or(1);
    let patch = args.number("patch", default)?;
    if divides(patch) {
        return Ok(patch);
    }
    let at = args.option("patch").map_or(args.name.range(), |value| value.range());
    Err((at, Problem::Patch { patch, height: image.height, width: image.width }))
}

/// `heads=H`, which share the features.
pub(super) fn heads_of(args: &Args, dim: usize, default: usize) -> Result<usize, Fail> {
    let heads = args.number("heads", default)?;
    if dim.is_multiple_of(heads) {
        return Ok(heads);
    }
    let at = args.option("heads").or_else(|| args.option("dim")).map_or(args.name.range(), |value| value.range());
    Err((at, Problem::DimHeads { heads, dim }))
}
