#!/usr/bin/env python3
"""Makes the fixtures of this folder: small checkpoints in every container, protocol and element type.

Run with PyTorch 1.13, numpy 1.24 and PyYAML 6 in this folder; every file is rewritten. Classes of packages that need
not be installed (omegaconf, fairseq) are stand-ins with the names and the state that the real ones pickle.
Element k of every tensor's storage is k, so that the tests can compute what they expect.
"""
import argparse
import collections
import io
import json
import pickle
import struct
import sys
import tarfile
import types
import zipfile

import numpy as np
import torch
import yaml


def stand_in(path, **members):
    """A class that pickles as `path` and whose instances have the given attributes."""
    module, name = path.rsplit(".", 1)
    parts = module.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[: i + 1]), types.ModuleType(".".join(parts[: i + 1])))
    cls = type(name, (), {"__module__": module})
    setattr(sys.modules[module], name, cls)
    return cls


def make(cls, **state):
    obj = cls()
    obj.__dict__.update(state)
    return obj


def ramp(n, dtype=torch.float32):
    return torch.arange(n, dtype=dtype)


# ---- every type, every view of a storage ----------------------------------------------------------------------------

def types_state():
    shared = ramp(24)
    state = collections.OrderedDict()
    for name in ["float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8"]:
        state[name] = ramp(6).to(getattr(torch, name)).reshape(2, 3)
    state["bool"] = torch.tensor([True, False, True])
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 3)
    state["whole"] = shared.reshape(4, 6)
    state["transposed"] = shared.reshape(4, 6).t()
    state["sliced"] = shared.reshape(4, 6)[1:3, 1:6:2]
    state["expanded"] = shared[5:6].expand(3, 4)
    parameter = torch.nn.Parameter(ramp(4))
    state["parameter"] = parameter
    state["tied"] = parameter
    state["num_updates"] = 7  # no tensor: to be ignored
    state._metadata = {"": {"version": 1}}
    return state


def save_types():
    checkpoint = {"epoch": 3, "model": types_state()}
    torch.save(checkpoint, "types.pt")
    torch.save(checkpoint, "types_legacy.pt", _use_new_zipfile_serialization=False)
    for protocol in [2, 3, 4, 5]:
        small = {"model": {"w": ramp(3)}, "text": "ä" * 300, "long": 1 << 40, "negative": -5, "big": 1 << 100,
                 "set": {1}, "frozen": frozenset([2]), "bytes": b"\x00\xff", "bytearray": bytearray(b"ab"),
                 "float": 0.1, "tuple": (1, 2, 3, 4), "none": None, "flags": [True, False]}
        torch.save(small, f"protocol{protocol}.pt", pickle_protocol=protocol)
    torch.save(small, "protocol4_legacy.pt", pickle_protocol=4, _use_new_zipfile_serialization=False)
    torch.save(types_state(), "bare_state_dict.pt")
    torch.save({"epoch": 3}, "no_tensors.pt")


# ---- what trainers put beside the weights ----------------------------------------------------------------------------

def save_trainer_state():
    """Optimizer tensors are named in the pickle, but their storages are not in the archive: whoever looks, fails."""
    buffer = io.BytesIO()
    moments = {i: {"exp_avg": ramp(5) + i, "step": 1} for i in range(3)}
    torch.save({"model": {"w": ramp(3)}, "last_optimizer_state": {"state": moments, "param_groups": []},
                "optimizer": None}, buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile("optimizer.pt", "w") as new:
        for entry in old.infolist():
            if not entry.filename.endswith(("/data/1", "/data/2", "/data/3")):
                new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry))


def save_omegaconf():
    dict_config = stand_in("omegaconf.dictconfig.DictConfig")
    list_config = stand_in("omegaconf.listconfig.ListConfig")
    metadata = stand_in("omegaconf.base.ContainerMetadata")
    any_node = stand_in("omegaconf.nodes.AnyNode")
    int_node = stand_in("omegaconf.nodes.IntegerNode")
    choice = stand_in("fairseq.dataclass.constants.CHOICE")

    def node(parent, value, cls=any_node):
        return make(cls, _metadata=make(metadata, optional=True), _parent=parent, _val=value)

    def container(cls, parent, content):
        return make(cls, _metadata=make(metadata, key_type=str), _parent=parent, _content=content)

    root = container(dict_config, None, {})
    model, task = container(dict_config, root, {}), container(dict_config, root, {})
    model._content.update(_name=node(model, "wav2vec_ctc"), layers=node(model, 12, int_node), drop=node(model, 0.1),
                          normalize=node(model, "${task.normalize}"), circle=node(model, "${model.circle}"),
                          nothing=node(model, None), absent=container(dict_config, model, None),
                          choice=node(model, make(choice, value="x")))
    sizes = container(list_config, model, [])
    sizes._content.extend([node(sizes, 3), node(sizes, 5)])
    model._content["sizes"] = sizes
    task._content.update(normalize=node(task, True), data=node(task, "${common.data}"))
    root._content.update(model=model, task=task)
    torch.save({"args": None, "cfg": root, "model": {"w": ramp(3)}}, "omegaconf.pt")


def save_dictionary():
    dictionary = stand_in("fairseq.data.dictionary.Dictionary")
    symbols = ["<s>", "<pad>", "</s>", "<unk>", "|", "E", "17"]
    d = make(dictionary, bos_word="<s>", unk_word="<unk>", pad_word="<pad>", eos_word="</s>", symbols=symbols,
             count=[1] * len(symbols), indices={s: i for i, s in enumerate(symbols)}, bos_index=0, pad_index=1,
             eos_index=2, unk_index=3, nspecial=4)
    args = argparse.Namespace(arch="wav2vec_ctc", layers="12", normalize="True", lr=[0.1])
    torch.save({"args": args, "task_state": {"target_dictionary": d}, "model": {"w": ramp(3)}}, "dictionary.pt")


def save_numpy():
    array = np.arange(6, dtype="<f4").reshape(2, 3)
    torch.save({"model": {"w": ramp(3), "array": array}, "f64": np.float64(0.25), "f32": np.float32(0.5),
                "i64": np.int64(-3), "i32": np.int32(-70000), "u8": np.uint8(200), "bool": np.bool_(True),
                "fortran": np.asfortranarray(array), "big": array.astype(">f4"),
                "text": np.array(["a", "b"]), "objects": np.array([{}, None], dtype=object),
                "float16": np.float16(1.5)}, "numpy.pt")


# ---- containers that differ from what torch.save makes here ------------------------------------------------------------

def rezip(source, target, change=None, method=zipfile.ZIP_STORED, extra=()):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for entry in old.infolist():
            info = zipfile.ZipInfo(entry.filename)
            info.compress_type = method
            new.writestr(info, old.read(entry))
        for name, data in extra:
            new.writestr(zipfile.ZipInfo(name), data)


def save_zips():
    rezip("types.pt", "compressed.pt", method=zipfile.ZIP_DEFLATED)
    rezip("protocol2.pt", "big_endian.pt", extra=[("protocol2/byteorder", "big")])
    rezip("protocol2.pt", "little_endian.pt", extra=[("protocol2/byteorder", "little")])
    rezip("protocol2.pt", "script.pt", extra=[("protocol2/constants.pkl", b"\x80\x02).")])
    bomb = io.BytesIO()
    torch.save({"model": {"w": torch.zeros(8 << 20)}}, bomb)
    rezip(bomb, "bomb.pt", method=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile("not_torch.zip", "w") as z:
        z.writestr(zipfile.ZipInfo("readme.txt"), "hello")


class LegacyPickler(pickle.Pickler):
    """Two tensors over views of one storage, as torch 0.3 wrote them."""

    def persistent_id(self, obj):
        return obj.id if isinstance(obj, View) else None


class View:
    def __init__(self, *id):
        self.id = id


def legacy_stream(little=True, elements=10, view=(2, 6)):
    out = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, out, 2)
    pickle.dump(1001, out, 2)
    pickle.dump({"protocol_version": 1001, "little_endian": little,
                 "type_sizes": {"short": 2, "int": 4, "long": 4}}, out, 2)

    class Rebuild:
        def __init__(self, *args):
            self.args = args

        def __reduce__(self):
            return torch._utils._rebuild_tensor, self.args

    whole = View("storage", torch.FloatStorage, "100", "cpu", elements, None)
    part = View("storage", torch.FloatStorage, "100", "cpu", elements, ("101",) + view)
    state = collections.OrderedDict(whole=Rebuild(whole, 0, (2, 5), (5, 1)), part=Rebuild(part, 1, (2, 2), (2, 1)))
    LegacyPickler(out, 2).dump({"state_dict": state})
    pickle.dump(["100"], out, 2)
    out.write(struct.pack("<q", elements))
    out.write(np.arange(elements, dtype="<f4").tobytes())
    return out.getvalue()


def save_legacy():
    open("legacy_view.pt", "wb").write(legacy_stream())
    open("legacy_view_outside.pt", "wb").write(legacy_stream(view=(5, 6)))
    open("legacy_big_endian.pt", "wb").write(legacy_stream(little=False))
    stream = bytearray(legacy_stream())
    stream[-48:-40] = struct.pack("<q", 11)
    open("legacy_count.pt", "wb").write(stream)
    with tarfile.open("first_container.pt", "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ["sys_info", "pickle", "storages", "tensors"]:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())


def save_yaml():
    """Plain scalars and what PyYAML's safe loader makes of them."""
    texts = """0 7 -7 +7 1_000 010 0o10 08 0x1F 0X1F 0b101 -0x10 1:30 1:30.5 190:20:30 1. 1.5 -.5 .5 +.5 1e3 1.0e3 1.0e+3
        1e-4 6.8523015e+5 685.230_15e+03 .inf -.inf .Inf .nan .NaN inf nan yes Yes YES yEs no on off On OFF true True
        TRUE tRue false y n ~ null Null nULL None 1.2.3 0.0 -0 -0.0 00 0_ 1__0 _1 1_ 123456789012 a-b 16k +1.5e+2 e5 .e5
        1.e+5 ._5 .5_ 0.1e-10 9223372036854775807 -9223372036854775808 <<x 12e03 0x 0b 1.5.""".split()
    lines, expected = [], []
    for text in texts:
        value = yaml.safe_load(text)
        kind = type(value).__name__
        lines.append(f"- {text}\n")
        expected.append({"text": text, "kind": kind, "value": repr(value)})
    open("scalars.yaml", "w").writelines(lines)
    json.dump(expected, open("scalars.json", "w"), indent=0)


if __name__ == "__main__":
    save_types()
    save_trainer_state()
    save_omegaconf()
    save_dictionary()
    save_numpy()
    save_zips()
    save_legacy()
    save_yaml()
