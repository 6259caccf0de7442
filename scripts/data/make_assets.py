#!/usr/bin/env python3
"""Makes the data sets that the crate `dupin-data` embeds, or checks that they are what this script makes.

    python3 scripts/data/make_assets.py            writes crates/dupin-data/assets
    python3 scripts/data/make_assets.py --check    compares instead, exits 1 on a difference

Inputs (their SHA-256 are checked below, so other inputs are refused, not silently used):
  digits         `sklearn.datasets.load_digits()` of scikit-learn: the 1,797 images of the test part of UCI
                 "Optical Recognition of Handwritten Digits" (any version that has this set, such as 1.9.1).
  fashion-mini   the four files of Fashion-MNIST, from Debian's package `dataset-fashion-mnist`
                 (--fashion-mnist DIR, by default /usr/share/datasets/fashion-mnist).

Choice of examples, always without a random number:
  digits         360 of 1,797 for testing. Class c with n_c examples gives t_c of them, t_c = 360 n_c / 1797
                 rounded by largest remainder (ties to the smaller class), spread evenly: the j-th example of
                 its class (from 0) is a test example when floor((j+1) t_c / n_c) > floor(j t_c / n_c).
                 Neighbours in the file tend to share a writer, so the parts share writers, as in a
                 shuffled split; taking the end of the file would test on other writers.
  fashion-mini   the first 800 examples of each class of the train part, the first 200 of the test part.
Both are kept in the order of the file they come from.

The output is IDX (http://yann.lecun.com/exdb/mnist/), gzipped with a header that is fixed byte by byte (time 0).
The compressed bytes come from zlib at level 9 (made with zlib 1.2.13). Another zlib may pack the same content
differently, so `--check` tells a difference of content (an error) from one of packing (only said).
"""
import argparse
import gzip
import hashlib
import pathlib
import struct
import sys
import zlib

import numpy as np

ASSETS = pathlib.Path(__file__).resolve().parents[2] / "crates" / "dupin-data" / "assets"
SHA256 = {
    "digits images": "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3",
    "digits labels": "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0",
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def verified(name: str, content: bytes) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        sys.exit(f"error: input `{name}` has SHA-256 {found}, expected {SHA256[name]}: these are not the documented data")
    return content


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def packed(content: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    body = deflate.compress(content) + deflate.flush()
    header = b"\x1f\x8b\x08\x00" + b"\x00\x00\x00\x00" + b"\x02\xff"  # no name, time 0, best compression, no system
    return header + body + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def digits():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images, labels = bunch.images.astype(np.uint8), bunch.target.astype(np.uint8)
    verified("digits images", images.tobytes())
    verified("digits labels", labels.tobytes())

    want = 360
    count = np.bincount(labels, minlength=10)
    share, rest = np.divmod(want * count, len(labels))
    by_remainder = sorted(range(10), key=lambda c: (-rest[c], c))
    for c in by_remainder[: want - share.sum()]:
        share[c] += 1
    seen, test = np.zeros(10, int), np.zeros(len(labels), bool)
    for i, c in enumerate(labels):
        j, t, n = seen[c], share[c], count[c]
        test[i] = (j + 1) * t // n > j * t // n
        seen[c] += 1
    return (images[~test], labels[~test]), (images[test], labels[test])


def fashion_mini(folder: pathlib.Path):
    def part(prefix: str, per_class: int):
        def content(kind: str, header: int) -> np.ndarray:
            name = f"{prefix}-{kind}-ubyte"
            return np.frombuffer(verified(name, gzip.decompress((folder / f"{name}.gz").read_bytes())), np.uint8, offset=header)

        images, labels = content("images-idx3", 16).reshape(-1, 28, 28), content("labels-idx1", 8)
        keep = np.sort(np.concatenate([np.flatnonzero(labels == c)[:per_class] for c in range(10)]))
        return images[keep], labels[keep]

    return part("train", 800), part("t10k", 200)


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the embedded data sets of dupin-data.")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    parser.add_argument("--fashion-mnist", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
    args = parser.parse_args()

    files = {}
    for name, (train, test) in {"digits": digits(), "fashion-mini": fashion_mini(args.fashion_mnist)}.items():
        for prefix, (images, labels) in {"train": train, "t10k": test}.items():
            files[f"{name}/{prefix}-images-idx3-ubyte.gz"] = idx(images)
            files[f"{name}/{prefix}-labels-idx1-ubyte.gz"] = idx(labels)
        unit = train[0].astype(np.float64) / (16 if name == "digits" else 255)
        print(f"{name}: {len(train[1])} train, {len(test[1])} test; train mean {unit.mean():.6f}, std {unit.std():.6f}")

    sums = "".join(f"{hashlib.sha256(packed(c)).hexdigest()}  {f}\n" for f, c in files.items()).encode()
    if not args.check:
        for file, content in files.items():
            (ASSETS / file).parent.mkdir(parents=True, exist_ok=True)
            (ASSETS / file).write_bytes(packed(content))
        (ASSETS / "SHA256SUMS").write_bytes(sums)
        print(f"wrote {len(files)} files and SHA256SUMS to {ASSETS}")
        return

    failed = False
    for file, content in files.items():
        committed = (ASSETS / file).read_bytes()
        if committed == packed(content):
            continue
        if gzip.decompress(committed) == content:
            print(f"{file}: same content, packed differently (zlib here is {zlib.ZLIB_RUNTIME_VERSION})")
        else:
            failed = True
            print(f"error: {file}: the committed content is not what this script makes")
    print("the check failed" if failed else "all contents agree")
    sys.exit(failed)


if __name__ == "__main__":
    main()
