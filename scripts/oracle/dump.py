"""The dump format: one safetensors file with a problem, its parameters, probes and their products.

Metadata: model, activation, loss, dtype ("F32" or "F64"), mode ("train" or "eval"), and net, the `net:` that
the model stands for, where that is another text. Tensors: input,
target, weights, logits, loss, param/<name>, buffer/<name>, grad/<name>, and for k = 0, 1, ...
probe<k>/<name>, hv<k>/<name>, gv<k>/<name>, nv<k>/<name> and, in fixtures, third<k>/<name>.
"""

import json

import jax.numpy as jnp
import numpy as np
from safetensors import safe_open

from model import Problem, parse_model

CODES = {"float64": "F64", "float32": "F32", "int64": "I64"}


def write(path, metadata, tensors):
    """Write a safetensors file whose bytes depend on its content only.

    The safetensors package writes the metadata in the order of a hash map, so two runs would differ.
    """
    header, blobs, offset = {"__metadata__": dict(sorted(metadata.items()))}, [], 0
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        blob = array.tobytes()  # row-major, whatever the strides
        header[name] = {"dtype": CODES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the format aligns the data to 8 bytes
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(blobs)


def read(path):
    """Metadata and tensors; floating point tensors are widened to float64."""
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        metadata = file.metadata() or {}
    return metadata, {
        name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in tensors.items()}


def group(tensors, prefix):
    """The tensors `prefix/<name>` as a dictionary by name."""
    return {name.removeprefix(prefix + "/"): jnp.asarray(array)
            for name, array in tensors.items() if name.startswith(prefix + "/")}


def problem(metadata, tensors):
    """The `Problem` of a dump; `ValueError` says what the file lacks."""
    missing = {"model", "activation", "loss", "mode"} - metadata.keys() | {"input", "target", "weights"} - tensors.keys()
    if missing:
        raise ValueError(f"the file lacks {', '.join(sorted(missing))}")
    if metadata["mode"] not in ("train", "eval"):
        raise ValueError(f"mode is {metadata['mode']!r}, expected 'train' or 'eval'")
    model = parse_model(metadata.get("net", metadata["model"]), metadata["activation"])
    for kind, shapes in (("param", model.params), ("buffer", model.buffers)):
        found = {name: array.shape for name, array in group(tensors, kind).items()}
        if found != shapes:
            wrong = sorted(name for name in found.keys() | shapes.keys() if found.get(name) != shapes.get(name))
            raise ValueError("; ".join(f"{kind}/{n} is {found.get(n)}, expected {shapes.get(n)}" for n in wrong))
    if tensors["input"].shape[1:] != model.input_shape:
        raise ValueError(f"input is {tensors['input'].shape}, expected [n, {', '.join(map(str, model.input_shape))}]")
    return Problem(model, metadata["loss"], metadata["mode"] == "train", group(tensors, "buffer"),
                   *(jnp.asarray(tensors[name]) for name in ("input", "target", "weights")))
