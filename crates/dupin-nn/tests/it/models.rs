//! Names, shapes and errors of the model language.

use dupin_nn::{Activation, Layout, Network, Role};

use crate::net;

/// Names and PyTorch shapes, as `named_parameters()` of the same `nn.Sequential` lists them.
fn listed(net: &Network) -> Vec<(String, Vec<usize>)> {
    net.params().iter().map(|p| (p.name.clone(), p.layout.pytorch_shape(&p.shape))).collect()
}

fn expect(spec: &str, expected: &[(&str, &[usize])]) {
    let expected: Vec<(String, Vec<usize>)> = expected.iter().map(|(n, s)| ((*n).to_owned(), s.to_vec())).collect();
    assert_eq!(listed(&net(spec)), expected, "{spec}");
}

#[test]
fn dense_models_are_sequential() {
    let widths: &[(&str, &[usize])] = &[
        ("0.weight", &[256, 784]),
        ("0.bias", &[256]),
        ("2.weight", &[256, 256]),
        ("2.bias", &[256]),
        ("4.weight", &[10, 256]),
        ("4.bias", &[10]),
    ];
    expect("mlp:784-256-256-10", widths);
    expect("net:784,fc256,act,fc256,act,fc10", widths);
    assert_eq!(net("mlp:784-256-256-10").param_count(), 269_322);
    expect("logistic:784-10", &[("0.weight", &[10, 784]), ("0.bias", &[10])]);
}

/// Layers `("conv", in, out, kernel, stride)` and `("fc", in, out)` of the reference workloads, with their modules' indices:
/// activations, pooling and flattening take indices of their own, global pooling two.
#[test]
fn lenet_and_cnn_are_the_reference_workloads() {
    expect(
        "lenet",
        &[
            ("0.weight", &[16, 1, 5, 5]),
            ("0.bias", &[16]),
            ("2.weight", &[32, 16, 5, 5]),
            ("2.bias", &[32]),
            ("4.weight", &[32, 32, 5, 5]),
            ("4.bias", &[32]),
            ("7.weight", &[120, 32 * 7 * 7]),
            ("7.bias", &[120]),
            ("9.weight", &[10, 120]),
            ("9.bias", &[10]),
        ],
    );
    expect(
        "cnn",
        &[
            ("0.weight", &[32, 3, 3, 3]),
            ("0.bias", &[32]),
            ("2.weight", &[32, 32, 3, 3]),
            ("2.bias", &[32]),
            ("4.weight", &[64, 32, 3, 3]),
            ("4.bias", &[64]),
            ("6.weight", &[64, 64, 3, 3]),
            ("6.bias", &[64]),
            ("8.weight", &[128, 64, 3, 3]),
            ("8.bias", &[128]),
            ("10.weight", &[128, 128, 3, 3]),
            ("10.bias", &[128]),
            ("14.weight", &[10, 128]),
            ("14.bias", &[10]),
        ],
    );
    let (lenet, cnn) = (net("lenet"), net("cnn"));
    assert_eq!((lenet.param_count(), cnn.param_count()), (228_370, 288_298));
    assert_eq!((lenet.input_shape(), cnn.input_shape()), ([28, 28, 1].as_slice(), [32, 32, 3].as_slice()));
    assert_eq!((lenet.spec(), lenet.outputs(), lenet.has_batch_norm()), ("lenet", 10, false));
}

#[test]
fn residual_blocks_and_normalisations_have_pytorchs_names() {
    let spec = "net:2x6x4,conv3nobias,bn,act,res(conv4s2nobias,bn,act,conv4g2|conv4k1s2p0nobias,bn),ln,gap,fc3";
    expect(
        spec,
        &[
            ("0.weight", &[3, 2, 3, 3]),
            ("1.weight", &[3]),
            ("1.bias", &[3]),
            ("3.body.0.weight", &[4, 3, 3, 3]),
            ("3.body.1.weight", &[4]),
            ("3.body.1.bias", &[4]),
            ("3.body.3.weight", &[4, 2, 3, 3]),
            ("3.body.3.bias", &[4]),
            ("3.shortcut.0.weight", &[4, 3, 1, 1]),
            ("3.shortcut.1.weight", &[4]),
            ("3.shortcut.1.bias", &[4]),
            ("4.weight", &[4, 3, 2]),
            ("4.bias", &[4, 3, 2]),
            ("7.weight", &[3, 4]),
            ("7.bias", &[3]),
        ],
    );
    let net = net(spec);
    let buffers: Vec<_> = net.buffers().iter().map(|s| (s.name.as_str(), s.shape[0], s.initial)).collect();
    let expected = [
        ("1.running_mean", 3, 0.0),
        ("1.running_var", 3, 1.0),
        ("3.body.1.running_mean", 4, 0.0),
        ("3.body.1.running_var", 4, 1.0),
        ("3.shortcut.1.running_mean", 4, 0.0),
        ("3.shortcut.1.running_var", 4, 1.0),
    ];
    assert_eq!(buffers, expected);
    let grouped = net.params().iter().find(|p| p.name == "3.body.3.weight").unwrap();
    // In the graph [h, w, in/groups, out]; fans as PyTorch's `_calculate_fan_in_and_fan_out`.
    assert_eq!((grouped.shape.as_slice(), grouped.fan_in, grouped.fan_out), ([3, 3, 2, 4].as_slice(), 18, 36));
    assert_eq!((grouped.layout, grouped.role, grouped.layer.as_str()), (Layout::Kernel, Role::Weight, "3.body.3"));
}

#[test]
fn options_change_what_they_name() {
    // floor((9 + 2·1 - 4)/3) + 1 = 3 rows, floor((7 + 2·1 - 4)/3) + 1 = 2 columns, then 2x2 windows: 2x1 with stride 1.
    expect("net:2x9x7,conv5k4s3p1nobias,maxpool2s1,flatten,fc3nobias", &[("0.weight", &[5, 2, 4, 4]), ("3.weight", &[3, 10])]);
    // The order of options is free.
    assert_eq!(listed(&net("net:2x9x7,conv4p1g2s3k5,gap,fc2")), listed(&net("net:2x9x7,conv4k5s3p1g2,gap,fc2")));
    // Pooling steps by its window.
    expect("net:1x7x7,avgpool3,flatten,fc2", &[("2.weight", &[2, 4]), ("2.bias", &[2])]);
}

/// Every error of the language: the text, the model, and the part that is to blame underlined.
#[test]
fn errors_point_at_the_part_and_say_what_to_do() {
    let models = [
        "mpl:784-10",
        "resnet19",
        "wrn-28",
        "wrn-15-2",
        "resnet18:10,imput=3x32x32",
        "resnet18:10,norm=batch",
        "resnet18:ten",
        "resnet18:10,20",
        "vgg11:10,width=8,width=9",
        "vgg11:10,input=3x16x16",
        "vgg16:10,input=3x32x32,head=mlp",
        "vit:10,patch=5",
        "vit:10,dim=64,heads=5",
        "vit:10,input=28x28",
        "char:65,depth=0",
        "transformer",
        "lenet:28",
        "mlp",
        "mlp:784",
        "mlp:784-big-10",
        "mlp:784--10",
        "logistic:784-20-10",
        "mlp:0-10",
        "mlp:784-99999999999999999999-10",
        "net:",
        "net:64",
        "net:1x28,fc10",
        "net:0x28x28,gap,fc10",
        "net:64, fc10",
        "net:64,,fc10",
        "net:64,fc32,relo,fc10",
        "net:64,linear32,act,fc10",
        "net:3x8x8,Conv16,gap,fc10",
        "net:3x8x8,dropout,gap,fc10",
        "net:64,fc32,softplus:-1,fc10",
        "net:64,fc32,beta_gelu,fc10",
        "net:3x8x8,conv,gap,fc10",
        "net:3x8x8,conv16q3,gap,fc10",
        "net:3x8x8,conv16k,gap,fc10",
        "net:3x8x8,conv16k3k5,gap,fc10",
        "net:3x8x8,conv16s0,gap,fc10",
        "net:3x8x8,conv16nobiask3,gap,fc10",
        "net:64,fc32bias,fc10",
        "net:3x8x8,gap2,fc10",
        "net:3x8x8,maxpool2k3,gap,fc10",
        "net:64,conv16,fc10",
        "net:64,gap,fc10",
        "net:3x8x8,conv16,act,fc10",
        "net:3x8x8,conv16k9p0,gap,fc10",
        "net:3x8x8,maxpool3,maxpool3,gap,fc10",
        "net:3x8x8,maxpool3p2,gap,fc10",
        "net:3x8x8,conv16g2,gap,fc10",
        "net:4x8x8,conv6g4,gap,fc10",
        "net:3x8x8,res(conv16),gap,fc10",
        "net:8,res(fc8|fc8|fc8),fc10",
        "net:8,res(fc8,act,fc8),fc10)",
        "net:8,res(fc8,act,fc8,fc10",
        "net:8,res,fc10",
        "net:8,res(),fc10",
        "net:3x8x8,conv16,act",
        "net:10,act",
        "net:tokens8v16,fc10",
        "net:tokens8v16,pos,fc10",
        "net:tokens8,embed4",
        "net:tokensv16,embed4",
        "net:tokens8v16,embed4,embed4",
        "net:8,embed4,fc10",
        "net:tokens8v16,embed4,bn,fc10",
        "net:tokens8v16,embed4,attn2,fc10",
        "net:tokens8v16,embed4,attn,fc10",
        "net:tokens8v16,embed4,fc6,unembed",
        "net:tokens8v16,embed4,lnx,unembed",
        "net:1x8x8,conv4,tokens,unembed",
        "net:1x8x8,conv4,tokens,fc10",
        "net:1x8x8,conv4,cls,gap,fc10",
        "net:1x8x8,conv4,gn3,gap,fc10",
        "net:8,a=fc8,a=fc8,fc10",
        "net:8,a..b=fc8,fc10",
        "net:8,=fc8,=act,fc10",
        "net:8,seq(fc8,fc10",
        "net:1000000,fc1000000,fc10",
        "net:1000000x1000000x1000000,gap,fc10",
        "net:1x1000x1000,conv1000000k1p0,gap,fc10",
        "net:1x8x8,conv1000000k1000000p1000000,gap,fc10",
        "net:1x8x8,conv1000000000000k3,gap,fc10",
        "net:3x32x32,conv16,act,conv16,act,conv16,act,conv16,act,conv16,act,convolution16,act,conv16,act,conv16,act,conv16,act,gap,fc10",
    ];
    let relu: Activation = "relu".parse().unwrap();
    let error = |m: &str| Network::parse(m, relu).err().unwrap_or_else(|| panic!("`{m}` has no error"));
    let found: String = models.iter().map(|m| error(m).to_string() + "\n\n").collect();
    let golden = include_str!("../golden/model_errors.txt");
    assert!(found == golden, "all of it:\n{found}");
}

#[test]
fn nesting_is_limited_before_the_stack_is() {
    let nested = |depth: usize| format!("net:8,{}fc8{},fc10", "res(".repeat(depth), ")".repeat(depth));
    assert_eq!(net(&nested(32)).params().len(), 4);
    for depth in [33, 100_000] {
        let message = Network::parse(&nested(depth), "relu".parse().unwrap()).unwrap_err().to_string();
        assert!(message.starts_with("cannot use the model: blocks are nested more than 32 deep\n"), "{}", &message[..100]);
    }
}

/// A model that is cut or changed anywhere is read or refused, never a panic.
#[test]
fn mangled_models_do_not_panic() {
    let spec = "net:2x9x7,conv4k3s2p1g2nobias,bn,softplus:2,res(conv4,act|conv4k1p0),avgpool2s1p1,flatten,ln,fc3é";
    let relu: Activation = "relu".parse().unwrap();
    let mut read = 0;
    for (i, c) in spec.char_indices() {
        read += usize::from(Network::parse(&spec[..i], relu).is_ok());
        for replacement in ["", "(", ")", "|", ",", "x", "9", "-", "\u{1b}", "é", "18446744073709551615"] {
            let mangled = format!("{}{replacement}{}", &spec[..i], &spec[i + c.len_utf8()..]);
            match Network::parse(&mangled, relu) {
                Ok(_) => read += 1,
                Err(e) => assert!(e.to_string().lines().count() >= 3, "{e}"),
            }
        }
    }
    assert!(read > 0);
}

/// The networks' known numbers of parameters. ResNets, VGGs: torchvision's documentation; wide residual networks: the sums of the
/// definition (36.5 million for 28-10 in the paper); transformers: timm.
#[test]
fn known_models_have_their_known_numbers_of_parameters() {
    let known = [
        ("resnet18", 11_689_512),
        ("resnet34", 21_797_672),
        ("resnet50", 25_557_032),
        ("resnet101", 44_549_160),
        ("vgg11", 132_863_336),
        ("vgg11:1000,norm=bn", 132_868_840),
        ("vgg16", 138_357_544),
        ("vgg19:1000,norm=bn", 143_678_248),
        ("wrn-28-10", 36_479_194),
        ("wrn-16-4", 2_748_890),
        ("wrn-40-2", 2_243_546),
        ("vit-tiny", 5_717_416),
        ("vit-small", 22_050_664),
        ("vit-base", 86_567_656),
        ("mixer:1000,input=3x224x224,patch=16,dim=512,depth=8,tokens=256,channels=2048", 18_528_264),
    ];
    for (spec, parameters) in known {
        assert_eq!(net(spec).param_count(), parameters, "{spec}");
    }
}
