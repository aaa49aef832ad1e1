#!/usr/bin/env python3
"""Writes an XM transformer of full size with random weights, as fairseq saves it, to measure with.

    make_xm.py [--encoder large|1b] [--float32] [--experts N [--ranks R]] OUT_DIR

Writes model.pt (1b: 1.2 billion parameters, float16), dict.txt and config.yaml; with --experts every second decoder layer
has a mixture of N experts, and the files are model-shared.pt and model-rank-0.pt .. (R of them).
"""
import argparse
import os

import make_encoder
import torch

DIM, FFN, HEADS, LAYERS, UNITS, POSITIONS = 1024, 4096, 16, 12, 1000, 1024
SYMBOLS = [str(u) for u in range(UNITS)] + ["[en]", "[es]", "<mask>"]


def linear(state, name, n_out, n_in):
    state[name + ".weight"] = torch.randn(n_out, n_in) / n_in**0.5
    state[name + ".bias"] = torch.randn(n_out) * 0.02


def norm(state, name, n):
    state[name + ".weight"] = torch.ones(n)
    state[name + ".bias"] = torch.zeros(n)


def encoder(size):
    dim = make_encoder.SIZES[size][0]
    speech = make_encoder.build(*make_encoder.SIZES[size])["model"]
    for extra in ("label_embs_concat", "final_proj.weight", "final_proj.bias"):
        del speech[extra]
    state = {"encoder.w2v_encoder.w2v_model." + name: t for name, t in speech.items()}
    linear(state, "encoder.w2v_encoder.proj", DIM, dim)
    state["encoder.adaptor.layers.0.weight"] = torch.randn(2 * DIM, DIM, 3) / (3 * DIM) ** 0.5
    state["encoder.adaptor.layers.0.bias"] = torch.zeros(2 * DIM)
    return state


def decoder(experts):
    """The shared tensors, and those of each expert."""
    state, own = {}, [{} for _ in range(experts)]
    state["decoder.embed_tokens.weight"] = torch.randn(len(SYMBOLS) + 4, DIM) / DIM**0.5
    state["decoder.output_projection.weight"] = state["decoder.embed_tokens.weight"]
    state["decoder.embed_positions.weight"] = torch.randn(POSITIONS + 2, DIM) * 0.02
    norm(state, "decoder.layernorm_embedding", DIM)
    norm(state, "decoder.layer_norm", DIM)
    for i in range(LAYERS):
        layer = f"decoder.layers.{i}."
        for part in ("self_attn", "encoder_attn"):
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(state, layer + part + "." + name, DIM, DIM)
            norm(state, layer + part + "_layer_norm", DIM)
        norm(state, layer + "final_layer_norm", DIM)
        if not experts or i % 2 == 0:
            linear(state, layer + "fc1", FFN, DIM)
            linear(state, layer + "fc2", DIM, FFN)
            continue
        state[layer + "moe_layer.gate.wg.weight"] = torch.randn(experts, DIM) / DIM**0.5
        for e in range(experts):
            linear(own[e], layer + "moe_layer.experts.%d.fc1", FFN, DIM)
            linear(own[e], layer + "moe_layer.experts.%d.fc2", DIM, FFN)
    return state, own


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--encoder", choices=("large", "1b"), default="1b")
    p.add_argument("--float32", action="store_true")
    p.add_argument("--experts", type=int, default=0)
    p.add_argument("--ranks", type=int, default=1)
    p.add_argument("out")
    a = p.parse_args()
    torch.manual_seed(1)
    os.makedirs(a.out, exist_ok=True)
    model = {"_name": "xm_transformer", "arch": "xm_transformer", "w2v_path": "/gone/xlsr.pt", "w2v_args": None,
             "normalize": True, "encoder_proj": True, "adaptor_proj": False, "adaptor_n_layers": 1, "adaptor_stride": 2,
             "decoder_embed_dim": DIM, "decoder_ffn_embed_dim": FFN, "decoder_layers": LAYERS,
             "decoder_attention_heads": HEADS, "decoder_normalize_before": True, "decoder_learned_pos": True,
             "layernorm_embedding": True, "share_decoder_input_output_embed": True, "activation_fn": "relu",
             "max_source_positions": 960000, "max_target_positions": POSITIONS, "moe_expert_count": a.experts}

    def save(name, tensors):
        tensors = {k: t if a.float32 else t.half() for k, t in tensors.items()}
        torch.save({"args": None, "cfg": {"model": model, "task": {"_name": "speech_to_text"}}, "model": tensors,
                    "optimizer_history": [{"num_updates": 1}]}, os.path.join(a.out, name))

    state, own = decoder(a.experts)
    state.update(encoder(a.encoder))
    print(sum(t.numel() for part in [state] + own for t in part.values()), "parameters")
    save("model-shared.pt" if a.experts else "model.pt", state)
    local = a.experts // a.ranks
    for r in range(a.ranks if a.experts else 0):
        save(f"model-rank-{r}.pt", {name % e if "%d" in name else name: t for e in range(local)
                                    for name, t in own[r * local + e].items()})
    with open(os.path.join(a.out, "dict.txt"), "w") as f:
        f.writelines(s + " 1\n" for s in SYMBOLS)
    with open(os.path.join(a.out, "config.yaml"), "w") as f:
        f.write("use_audio_input: true\nvocab_filename: dict.txt\n")


if __name__ == "__main__":
    main()
