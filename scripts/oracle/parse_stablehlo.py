"""Reads testdata/golden/stablehlo.mlir with the parser and the verifier that JAX ships: `python scripts/oracle/parse_stablehlo.py`.

Needs `pip install jax` (0.10.2 was used). Prints the number of modules, or fails at the first that is not StableHLO.
"""

import pathlib
import re

from jax._src.interpreters import mlir
from jax._src.lib.mlir import ir

path = pathlib.Path(__file__).parents[2] / "testdata/golden/stablehlo.mlir"
modules = re.split(r"^(?=// )", path.read_text(), flags=re.M)[2:]
context = mlir.make_ir_context()
with context:
    for text in modules:
        try:
            ir.Module.parse(text).operation.verify()
        except Exception as error:
            raise SystemExit(f"{text}\n{error}")
print(f"{len(modules)} modules are StableHLO")
