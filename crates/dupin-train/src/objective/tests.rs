//! Specifications: what is read, what is refused, and how it is said.

use super::*;

const STRENGTH: &str =
    "`rho` must be a number that is 0 or positive, or a schedule such as `linear(0..0.1)` or `cosine(0..0.1)@0..0.5`";

#[test]
fn specifications_round_trip() {
    for text in [
        "plain",
        "sam:rho=0.05,normalized=yes",
        "sam:rho=0.05,normalized=no",
        "asam:rho=0.5,eta=0.02",
        "functional_sam:rho=0.1",
        "gsam:rho=0.1,alpha=0.4",
        "looksam:rho=0.1,k=3,alpha=0.5",
        "sam:rho=linear(0..0.1),normalized=yes,m=16",
        "asam:rho=cosine(0.5..1)@0.1..0.9,eta=0.01,m=4",
        "gp:lambda=linear(0..0.1)@0..0.25,nme=keep",
        "weight_noise:sigma=0.01,points=1,layerwise=no,m=8",
        "psam:rho=0.1,nme=keep",
        "psam:rho=0.1,nme=drop",
        "psam:rho=2,nme=only,fd=0.01",
        "gp:lambda=0.1,nme=drop",
        "weight_noise:sigma=0.01,points=2,layerwise=yes",
        "hessian_trace:lambda=0.1,probes=5,distribution=rademacher",
        "gn_trace:lambda=0.1,labels=sampled,stop=yes",
        "gn_trace:lambda=0.1,stop=no",
        "gn_trace:lambda=0.1,labels=none,stop=yes,per_example=yes",
        "nme_trace:lambda=0.1,probes=1,distribution=gaussian",
        "sam:rho=0.1,normalized=yes+gp:lambda=0.1,nme=keep+gp:lambda=0.2,nme=only",
    ] {
        assert_eq!(parse(text).unwrap().spec(), text);
    }
}

#[test]
fn options_have_their_defaults() {
    for (text, whole) in [
        ("sam:rho=1e+1", "sam:rho=10,normalized=yes"),
        ("asam:rho=1", "asam:rho=1,eta=0.01"),
        ("psam:rho=0.1", "psam:rho=0.1,nme=keep"),
        ("gp:lambda=-0", "gp:lambda=0,nme=keep"),
        ("weight_noise:sigma=0.1", "weight_noise:sigma=0.1,points=1,layerwise=no"),
        ("hessian_trace:lambda=1", "hessian_trace:lambda=1,probes=1,distribution=gaussian"),
        ("gn_trace:lambda=1", "gn_trace:lambda=1,labels=sampled,stop=yes"),
        (
            "psam:rho=0.1,nme=drop + weight_noise:sigma=0.01",
            "psam:rho=0.1,nme=drop+weight_noise:sigma=0.01,points=1,layerwise=no",
        ),
    ] {
        assert_eq!(parse(text).unwrap().spec(), whole);
    }
}

#[test]
fn wrong_specifications_are_explained() {
    for (text, why) in [
        (
            "sma",
            "there is no objective `sma`; known are plain, sam, psam, asam, functional_sam, gsam, looksam, gp, weight_noise, hessian_trace, gn_trace, \
             nme_trace",
        ),
        ("sam:r=1", "the option `rho` is missing, as in `rho=0.1`"),
        ("sam:rho=1,nme=drop", "there is no option `nme` here"),
        ("sam:rho=1,rho=2", "the option `rho` is given twice"),
        ("sam:rho=1,normalized=maybe", "`normalized` must be yes or no"),
        ("psam:rho=x", STRENGTH),
        ("psam:rho=inf", STRENGTH),
        ("psam:rho=cosine(0..1)@2..3", STRENGTH),
        ("psam:rho=1,nme=no", "`nme` must be keep, drop or only"),
        ("psam:rho=1,fd=0", "`fd` must be a positive number"),
        ("psam:rho", "options are written `name=value`, separated by commas"),
        ("asam:rho=1,eta=-1", "`eta` must be a number that is 0 or positive"),
        ("gsam:rho=1", "the option `alpha` is missing, as in `alpha=0.1`"),
        ("gp:rho=1", "the option `lambda` is missing, as in `lambda=0.1`"),
        ("weight_noise:sigma=1,points=3", "`points` must be 1 or 2"),
        ("hessian_trace:lambda=1,probes=0", "`probes` must be a whole number from 1 to 64"),
        ("hessian_trace:lambda=1,probes=1.5", "`probes` must be a whole number from 1 to 64"),
        ("nme_trace:lambda=1,distribution=uniform", "`distribution` must be gaussian or rademacher"),
        ("gn_trace:lambda=1,labels=given", "`labels` must be sampled or none"),
        (
            "gn_trace:lambda=1,labels=sampled,stop=no",
            "labels that are sampled are held fixed: leave out `labels=sampled`, or take `stop=yes`",
        ),
        (
            "sam:rho=1+weight_noise:sigma=1",
            "`sam` and `weight_noise` both say where the gradient is taken; a sum can have one such term and any penalties",
        ),
        (
            "gp:lambda=1+asam:rho=1+functional_sam:rho=1",
            "`asam` and `functional_sam` both say where the gradient is taken; a sum can have one such term and any penalties",
        ),
        (
            "sam:rho=1,m=4+weight_noise:sigma=1,m=2",
            "`sam` and `weight_noise` both say where the gradient is taken; a sum can have one such term and any penalties",
        ),
        ("sam:rho=1,m=0", "`m` must be a whole number from 1"),
        ("looksam:rho=1,k=0", "`k` must be a whole number from 1 to 1000000"),
        ("gp:lambda=1+plain", "`plain` adds nothing to a sum; leave it out"),
        (
            "gp:lambda=1+",
            "there is no objective ``; known are plain, sam, psam, asam, functional_sam, gsam, looksam, gp, weight_noise, hessian_trace, gn_trace, \
             nme_trace",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), format!("`objective` cannot be `{text}`: {why}"));
    }
}
