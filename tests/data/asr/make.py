"""Writes task_state.pt: the CTC model of ../golden/ctc/fairseq in half precision, with its dictionary pickled into
task_state as fairseq's fine-tuning saves it. Letters stand in reverse order, so that a reader that takes another
dictionary is found out."""
import os
import sys
import types

import torch

here = os.path.dirname(os.path.abspath(__file__))


def module(name, **members):
    m = types.ModuleType(name)
    m.__dict__.update(members)
    sys.modules[name] = m
    return m


class Dictionary:
    pass


Dictionary.__module__ = "fairseq.data.dictionary"
module("fairseq")
module("fairseq.data")
module("fairseq.data.dictionary", Dictionary=Dictionary)


def dictionary(letters):
    d = Dictionary()
    d.bos_word, d.pad_word, d.eos_word, d.unk_word = "<s>", "<pad>", "</s>", "<unk>"
    d.symbols = ["<s>", "<pad>", "</s>", "<unk>"] + letters
    d.count = [1] * len(d.symbols)
    d.indices = {s: i for i, s in enumerate(d.symbols)}
    d.bos_index, d.pad_index, d.eos_index, d.unk_index = range(4)
    d.nspecial = 4
    return d


c = torch.load(os.path.join(here, "../golden/ctc/fairseq/model.pt"), map_location="cpu")
letters = [line.split()[0] for line in open(os.path.join(here, "../golden/ctc/fairseq/dict.ltr.txt"))]
c["model"] = {k: v.half() for k, v in c["model"].items()}
c["task_state"] = {"target_dictionary": dictionary([letters[0]] + letters[:0:-1])}
torch.save(c, os.path.join(here, "task_state.pt"))
