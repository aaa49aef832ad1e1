#!/usr/bin/env python3
"""Makes the fixtures of this folder: a mixture of 4 experts of which fairseq saved two a rank, and what does not belong.

Only for development (needs PyTorch). Values tell where they are from: weights of expert e of the whole are e + 1.

    ./make.py           writes set-shared.pt, set-rank-0.pt, set-rank-1.pt, other_run.pt, other_shape.pt
"""
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
DIM, FFN, EXPERTS = 2, 3, 4


def save(name, tensors, updates=5, layers=2):
    model = {"arch": "xm_transformer", "moe_expert_count": EXPERTS, "decoder_layers": layers}
    torch.save({"args": None, "cfg": {"model": model, "common": {"seed": 1}}, "model": tensors,
                "optimizer_history": [{"num_updates": 1}, {"num_updates": updates}]}, f"{HERE}/{name}.pt")


def experts(first, n):
    out = {}
    for i in range(n):
        stem, value = f"decoder.layers.1.moe_layer.experts.{i}.", float(first + i + 1)
        out[stem + "fc1.weight"] = torch.full((FFN, DIM), value)
        out[stem + "fc1.bias"] = torch.full((FFN,), value)
        out[stem + "fc2.weight"] = torch.full((DIM, FFN), value)
        out[stem + "fc2.bias"] = torch.full((DIM,), value)
    return out


save("set-shared", {"decoder.layers.1.moe_layer.gate.wg.weight": torch.zeros(EXPERTS, DIM)})
save("set-rank-0", experts(0, 2))
save("set-rank-1", experts(2, 2))
save("other_run", experts(2, 2), updates=7)
save("other_shape", experts(2, 2), layers=3)
