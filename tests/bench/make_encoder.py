#!/usr/bin/env python3
"""Writes a HuBERT checkpoint of full size with random weights, as fairseq saves it, to measure with.

    make_encoder.py base|large|1b OUT.pt
"""
import sys

import torch

SIZES = {  # dim, ffn, heads, layers, layer norm in the conv stack and before each layer
    "base": (768, 3072, 12, 12, False),
    "large": (1024, 4096, 16, 24, True),
    "1b": (1280, 5120, 16, 48, True),  # XLS-R
}
CONVS = [(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512, 2, 2)] * 2


def build(dim, ffn, heads, layers, large):
    torch.manual_seed(1)
    state = {}

    def linear(name, n_out, n_in):
        state[name + ".weight"] = torch.randn(n_out, n_in) / n_in**0.5
        state[name + ".bias"] = torch.randn(n_out) * 0.02

    def norm(name, n):
        state[name + ".weight"] = torch.ones(n)
        state[name + ".bias"] = torch.zeros(n)

    c_in = 1
    for i, (c_out, k, _) in enumerate(CONVS):
        conv = "feature_extractor.conv_layers.%d." % i
        state[conv + "0.weight"] = torch.randn(c_out, c_in, k) * (2 / (c_in * k)) ** 0.5
        if large:
            state[conv + "0.bias"] = torch.zeros(c_out)
            norm(conv + "2.1", c_out)
        elif i == 0:
            norm(conv + "2", c_out)
        c_in = c_out
    norm("layer_norm", c_in)
    linear("post_extract_proj", dim, c_in)
    state["encoder.pos_conv.0.weight_v"] = torch.randn(dim, dim // 16, 128) * (4 / (128 * dim)) ** 0.5
    state["encoder.pos_conv.0.weight_g"] = state["encoder.pos_conv.0.weight_v"].norm(dim=(0, 1), keepdim=True)
    state["encoder.pos_conv.0.bias"] = torch.zeros(dim)
    for i in range(layers):
        layer = "encoder.layers.%d." % i
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(layer + "self_attn." + part, dim, dim)
        norm(layer + "self_attn_layer_norm", dim)
        linear(layer + "fc1", ffn, dim)
        linear(layer + "fc2", dim, ffn)
        norm(layer + "final_layer_norm", dim)
    norm("encoder.layer_norm", dim)
    state["mask_emb"] = torch.zeros(dim)
    state["label_embs_concat"] = torch.zeros(504, 256)
    linear("final_proj", 256, dim)
    model = {
        "_name": "hubert",
        "extractor_mode": "layer_norm" if large else "default",
        "encoder_layers": layers,
        "encoder_embed_dim": dim,
        "encoder_ffn_embed_dim": ffn,
        "encoder_attention_heads": heads,
        "activation_fn": "gelu",
        "layer_norm_first": large,
        "conv_feature_layers": "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2",
        "conv_bias": large,
        "conv_pos": 128,
        "conv_pos_groups": 16,
        "required_seq_len_multiple": 2,
    }
    task = {"_name": "hubert_pretraining", "normalize": large, "sample_rate": 16000}
    return {"args": None, "cfg": {"model": model, "task": task}, "model": state}


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SIZES:
        sys.exit(__doc__.strip())
    torch.save(build(*SIZES[sys.argv[1]]), sys.argv[2])
