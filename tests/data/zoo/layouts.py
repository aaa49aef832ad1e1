"""Hugging Face's layout of fairseq's wav2vec 2.0 family: names of tensors, config.json, safetensors files."""
import json
import os
import struct
import sys
import types

import numpy

NAMES = [  # first match counts
    ("post_extract_proj.", "feature_projection.projection."),
    ("layer_norm.", "feature_projection.layer_norm."),
    ("encoder.pos_conv.0.", "encoder.pos_conv_embed.conv."),
    ("mask_emb", "masked_spec_embed"),
]
LAYER_NAMES = [
    ("self_attn_layer_norm.", "layer_norm."),
    ("self_attn.relative_attention_bias.", "attention.rel_attn_embed."),
    ("self_attn.grep_linear.", "attention.gru_rel_pos_linear."),
    ("self_attn.grep_a", "attention.gru_rel_pos_const"),
    ("self_attn.", "attention."),
    ("fc1.", "feed_forward.intermediate_dense."),
    ("fc2.", "feed_forward.output_dense."),
    ("adapter_layer.W_a", "adapter_layer.linear_1.weight"),
    ("adapter_layer.b_a", "adapter_layer.linear_1.bias"),
    ("adapter_layer.W_b", "adapter_layer.linear_2.weight"),
    ("adapter_layer.b_b", "adapter_layer.linear_2.bias"),
    ("adapter_layer.ln_W", "adapter_layer.norm.weight"),
    ("adapter_layer.ln_b", "adapter_layer.norm.bias"),
]


def know_fairseq():
    """Lets torch.load read the dictionaries in fairseq's checkpoints without fairseq."""
    names = ("fairseq", "fairseq.data", "fairseq.data.dictionary", "fairseq.data.audio", "fairseq.dataclass")
    sys.modules.update({n: types.ModuleType(n) for n in names})
    sys.modules["fairseq.data.dictionary"].Dictionary = type("Dictionary", (),
                                                             {"__module__": "fairseq.data.dictionary"})


def rename(name, table):
    for ours, theirs in table:
        if name.startswith(ours):
            return theirs + name[len(ours):]
    return name


def hf_name(name):
    parts = name.split(".")
    if name.startswith("feature_extractor.conv_layers."):
        tail = {"0": "conv", "2": "layer_norm"}[parts[3]]
        return ".".join(parts[:3] + [tail, parts[-1]])
    if name.startswith("encoder.layers."):
        return ".".join(parts[:3]) + "." + rename(".".join(parts[3:]), LAYER_NAMES)
    return rename(name, NAMES)


def hf_tensor(name, tensor):
    """Adapters of fairseq have a leading dimension for how many there are; Hugging Face's have none."""
    return tensor[0] if ".adapter_layer." in name else tensor


def hf_config(cfg, **more):
    """cfg: a fairseq Wav2Vec2Config or WavLMConfig as a dict."""
    convs = eval(cfg["conv_feature_layers"])
    large = cfg["extractor_mode"] == "layer_norm"
    out = {
        "conv_dim": [c[0] for c in convs], "conv_kernel": [c[1] for c in convs], "conv_stride": [c[2] for c in convs],
        "conv_bias": cfg["conv_bias"], "feat_extract_norm": "layer" if large else "group",
        "feat_extract_activation": "gelu", "hidden_act": "gelu", "do_stable_layer_norm": cfg["layer_norm_first"],
        "hidden_size": cfg["encoder_embed_dim"], "intermediate_size": cfg["encoder_ffn_embed_dim"],
        "num_attention_heads": cfg["encoder_attention_heads"], "num_hidden_layers": cfg["encoder_layers"],
        "num_conv_pos_embeddings": cfg["conv_pos"], "num_conv_pos_embedding_groups": cfg["conv_pos_groups"],
        "layer_norm_eps": 1e-5,
    }
    out.update(more)
    return out


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False)


def write_safetensors(path, tensors):
    header, at, blobs = {}, 0, []
    for name, tensor in tensors.items():
        blob = numpy.ascontiguousarray(tensor.detach().numpy().astype("<f4")).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_hf(folder, config, tensors, normalize):
    os.makedirs(folder, exist_ok=True)
    write_json(os.path.join(folder, "config.json"), config)
    write_json(os.path.join(folder, "preprocessor_config.json"),
               {"do_normalize": normalize, "feature_extractor_type": "Wav2Vec2FeatureExtractor",
                "sampling_rate": 16000})
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
