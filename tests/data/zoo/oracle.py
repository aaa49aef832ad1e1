"""The wav2vec 2.0 family in plain PyTorch, written from the papers and from what the reference's files compute, to check
networks of which there are no recorded cases. Names of tensors are fairseq's, without a prefix; one utterance, no
padding. `python3 oracle.py` checks it against the recorded cases of HuBERT and WavLM in ../golden."""
import math
import os
import wave

import numpy
import torch
import torch.nn.functional as F

import layouts

here = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(here, "..", "golden")
WAVS = ["austen_a", "austen_b", "es_phrase", "tone"]


def read_wav(name):
    with wave.open(os.path.join(golden, "audio", name + ".wav")) as w:
        samples = numpy.frombuffer(w.readframes(w.getnframes()), "<i2")
    return torch.from_numpy(samples.astype(numpy.float32) / 32768)


def layer_norm(x, w, prefix):
    return F.layer_norm(x, (x.shape[-1],), w[prefix + "weight"], w[prefix + "bias"])


def linear(x, w, prefix):
    return F.linear(x, w[prefix + "weight"], w.get(prefix + "bias"))


def extract(x, w, cfg):
    """[samples] -> [frames, channels]"""
    x = x[None, None]
    for i, (_, _, stride) in enumerate(eval(cfg["conv_feature_layers"])):
        p = "feature_extractor.conv_layers.%d." % i
        x = F.conv1d(x, w[p + "0.weight"], w.get(p + "0.bias"), stride=stride)
        if p + "2.1.weight" in w:
            x = layer_norm(x.transpose(1, 2), w, p + "2.1.").transpose(1, 2)
        elif p + "2.weight" in w:
            x = F.group_norm(x, x.shape[1], w[p + "2.weight"], w[p + "2.bias"])
        x = F.gelu(x)
    return x[0].t()


def conv_weight(w, prefix):
    """Weight norm over the kernel's dimension, undone."""
    if prefix + "weight" in w:
        return w[prefix + "weight"]
    v = w[prefix + "weight_v"]
    return v * (w[prefix + "weight_g"] / v.pow(2).sum((0, 1), keepdim=True).sqrt())


def same_conv(x, weight, bias, groups):
    """[t, c] -> [t, c]; an even kernel gives one frame too many, the last is dropped."""
    y = F.conv1d(x.t()[None], weight, bias, padding=weight.shape[2] // 2, groups=groups)
    return y[0, :, :x.shape[0]].t()


def positions(x, w, cfg):
    if "encoder.pos_conv.0.0.weight" in w:  # data2vec: a stack of convolutions
        y, i = x, 0
        while "encoder.pos_conv.%d.0.weight" % i in w:
            p = "encoder.pos_conv.%d.0." % i
            y = same_conv(y, w[p + "weight"], w[p + "bias"], cfg["conv_pos_groups"])
            y = F.gelu(F.layer_norm(y, (y.shape[1],)))
            i += 1
        return x + y
    p = "encoder.pos_conv.0."
    return x + F.gelu(same_conv(x, conv_weight(w, p), w[p + "bias"], cfg["conv_pos_groups"]))


def bucket(d, n, reach):
    half, exact = n // 2, n // 4
    first = half if d > 0 else 0
    d = abs(d)
    if d < exact:
        return first + d
    far = numpy.float32(math.log(d / exact)) / numpy.float32(math.log(reach / exact)) * numpy.float32(half - exact)
    return first + min(exact + int(far), half - 1)


def wavlm_bias(x, w, p, table, cfg):
    """[heads, t, t] of a layer that reads x [t, dim]."""
    t, heads = x.shape[0], cfg["encoder_attention_heads"]
    n, reach = cfg["num_buckets"], cfg["max_distance"]
    index = torch.tensor([[bucket(j - i, n, reach) for j in range(t)] for i in range(t)])
    bias = table[index].permute(2, 0, 1)
    if p + "grep_a" not in w:
        return bias  # ILS-SSL
    g = linear(x.view(t, heads, -1), w, p + "grep_linear.").view(t, heads, 2, 4).sum(-1).sigmoid()
    gate = g[..., 0] * (g[..., 1] * w[p + "grep_a"].view(heads) - 1) + 2
    return gate.t()[:, :, None] * bias


def attend(x, w, p, heads, bias=None):
    t, dim = x.shape
    q, k, v = (linear(x, w, p + n + "_proj.").view(t, heads, -1).transpose(0, 1) for n in "qkv")
    scores = (q * (dim // heads) ** -0.5) @ k.transpose(1, 2)
    if bias is not None:
        scores = scores + bias
    return linear((scores.softmax(-1) @ v).transpose(0, 1).reshape(t, dim), w, p + "out_proj.")


def transformer_layer(x, w, p, cfg):
    def attention(y):
        table = w.get("encoder.layers.0.self_attn.relative_attention_bias.weight")
        bias = None if table is None else wavlm_bias(y, w, p + "self_attn.", table, cfg)
        return attend(y, w, p + "self_attn.", cfg["encoder_attention_heads"], bias)

    def feed(y):
        return linear(F.gelu(linear(y, w, p + "fc1.")), w, p + "fc2.")

    if cfg["layer_norm_first"]:
        x = x + attention(layer_norm(x, w, p + "self_attn_layer_norm."))
        return x + feed(layer_norm(x, w, p + "final_layer_norm."))
    x = layer_norm(x + attention(x), w, p + "self_attn_layer_norm.")
    return layer_norm(x + feed(x), w, p + "final_layer_norm.")


def conformer_layer(x, w, p, cfg):
    """fairseq's conformer with espnet's attention: relative positions where there is pos_bias_u, else rotary ones."""
    t, dim = x.shape
    heads = cfg["encoder_attention_heads"]
    hd = dim // heads

    def feed(y, name):
        y = layer_norm(y, w, p + name + ".layer_norm.")
        return linear(F.silu(linear(y, w, p + name + ".w_1.")), w, p + name + ".w_2.")

    def heads_of(y, name):
        return linear(y, w, p + "self_attn." + name + ".").view(-1, heads, hd).transpose(0, 1)

    x = x + 0.5 * feed(x, "ffn1")
    y = layer_norm(x, w, p + "self_attn_layer_norm.")
    v = heads_of(y, "linear_v")
    if p + "self_attn.pos_bias_u" in w:
        q, k = heads_of(y, "linear_q"), heads_of(y, "linear_k")
        distance = torch.arange(t - 1, -t, -1).float()[:, None]
        angle = distance * torch.exp(torch.arange(0, dim, 2).float() * -(math.log(10000.0) / dim))
        positions = torch.stack([angle.sin(), angle.cos()], 2).view(2 * t - 1, dim)
        r = heads_of(positions, "linear_pos")
        bd = (q + w[p + "self_attn.pos_bias_v"][:, None]) @ r.transpose(1, 2)
        index = torch.tensor([[t - 1 - i + j for j in range(t)] for i in range(t)])
        bd = bd.gather(2, index.expand(heads, t, t))
        scores = ((q + w[p + "self_attn.pos_bias_u"][:, None]) @ k.transpose(1, 2) + bd) / math.sqrt(hd)
    else:
        angle = torch.arange(t).float()[:, None] / 10000 ** (torch.arange(0, hd, 2).float() / hd)
        angle = torch.cat([angle, angle], 1)[:, None]
        z = y.view(t, heads, hd)
        z = z * angle.cos() + torch.cat([-z[..., hd // 2:], z[..., :hd // 2]], -1) * angle.sin()
        z = z.reshape(t, dim)
        scores = heads_of(z, "linear_q") @ heads_of(z, "linear_k").transpose(1, 2) / math.sqrt(hd)
    x = x + linear((scores.softmax(-1) @ v).transpose(0, 1).reshape(t, dim), w, p + "self_attn.linear_out.")
    c = p + "conv_module."
    y = F.glu(F.conv1d(layer_norm(x, w, c + "layer_norm.").t()[None], w[c + "pointwise_conv1.weight"]), 1)
    k = w[c + "depthwise_conv.weight"]
    y = F.conv1d(y, k, padding=k.shape[2] // 2, groups=dim)
    y = F.silu(F.batch_norm(y, *[w[c + "batch_norm." + n] for n in ("running_mean", "running_var", "weight", "bias")]))
    x = x + F.conv1d(y, w[c + "pointwise_conv2.weight"])[0].t()
    x = x + 0.5 * feed(x, "ffn2")
    return layer_norm(x, w, p + "final_layer_norm.")


def states(samples, w, cfg, layer=transformer_layer):
    """What the first layer reads and the output of each, [t, dim]; no final norm."""
    if cfg["normalize"]:
        samples = F.layer_norm(samples, samples.shape)
    x = extract(samples, w, cfg)
    if "layer_norm.weight" in w:
        x = layer_norm(x, w, "layer_norm.")
    if "post_extract_proj.weight" in w:
        x = linear(x, w, "post_extract_proj.")
    if any(k.startswith("encoder.pos_conv.") for k in w) and layer == transformer_layer:
        x = positions(x, w, cfg)
    if not cfg["layer_norm_first"]:
        x = layer_norm(x, w, "encoder.layer_norm.")
    out = [x]
    for i in range(cfg["encoder_layers"]):
        out.append(layer(out[-1], w, "encoder.layers.%d." % i, cfg))
    return out


def mixed(all_states, w, cfg, weights):
    """SUPERB: the weighted sum of all states; the last one is what the encoder as a whole gives."""
    if cfg["layer_norm_first"]:
        all_states = all_states[:-1] + [layer_norm(all_states[-1], w, "encoder.layer_norm.")]
    return sum(a * s for a, s in zip(weights.softmax(0), all_states))


def random_ecapa(dim, channels, merged, out):
    """Weights of an ECAPA-TDNN, names as in the speaker verification release."""
    w = {}

    def conv(name, c_in, c_out, k=1):
        w[name + "weight"] = torch.randn(c_out, c_in, k) / (c_in * k) ** 0.5
        w[name + "bias"] = torch.randn(c_out) * 0.1

    def lin(name, c_in, c_out):
        w[name + "weight"] = torch.randn(c_out, c_in) / c_in ** 0.5
        w[name + "bias"] = torch.randn(c_out) * 0.1

    def norm(name, c):
        w.update({name + "weight": torch.rand(c) + 0.5, name + "bias": torch.randn(c) * 0.1,
                  name + "running_mean": torch.randn(c) * 0.2, name + "running_var": torch.rand(c) + 0.5,
                  name + "num_batches_tracked": torch.tensor(7)})

    conv("layer1.conv.", dim, channels, 5)
    norm("layer1.bn.", channels)
    for i in (2, 3, 4):
        for j in (1, 2):
            conv("layer%d.Conv1dReluBn%d.conv." % (i, j), channels, channels)
            norm("layer%d.Conv1dReluBn%d.bn." % (i, j), channels)
        for j in range(7):
            conv("layer%d.Res2Conv1dReluBn.convs.%d." % (i, j), channels // 8, channels // 8, 3)
            norm("layer%d.Res2Conv1dReluBn.bns.%d." % (i, j), channels // 8)
        lin("layer%d.SE_Connect.linear1." % i, channels, 6)
        lin("layer%d.SE_Connect.linear2." % i, 6, channels)
    conv("conv.", 3 * channels, merged)
    conv("pooling.linear1.", merged, 10)
    conv("pooling.linear2.", 10, merged)
    norm("bn.", 2 * merged)
    lin("linear.", 2 * merged, out)
    return w


def ecapa(x, w):
    """[t, dim] -> the speaker's vector."""
    def tdnn(y, conv, norm, dilation=1):
        k = w[conv + "weight"]
        y = F.relu(F.conv1d(y, k, w[conv + "bias"], padding=(k.shape[2] - 1) // 2 * dilation, dilation=dilation))
        return batch_norm(y, norm)

    def batch_norm(y, p):
        return F.batch_norm(y, w[p + "running_mean"], w[p + "running_var"], w[p + "weight"], w[p + "bias"])

    def block(y, i):
        p = "layer%d." % i
        z = tdnn(y, p + "Conv1dReluBn1.conv.", p + "Conv1dReluBn1.bn.")
        parts, done = z.chunk(8, 1), []
        for j in range(7):
            part = parts[j] if j == 0 else parts[j] + done[-1]
            done.append(tdnn(part, p + "Res2Conv1dReluBn.convs.%d." % j, p + "Res2Conv1dReluBn.bns.%d." % j, i))
        z = tdnn(torch.cat(done + [parts[7]], 1), p + "Conv1dReluBn2.conv.", p + "Conv1dReluBn2.bn.")
        gate = linear(F.relu(linear(z.mean(2), w, p + "SE_Connect.linear1.")), w, p + "SE_Connect.linear2.").sigmoid()
        return y + z * gate[:, :, None]

    y = F.instance_norm(x.t()[None] + 1e-6)
    y = tdnn(y, "layer1.conv.", "layer1.bn.")
    blocks = []
    for i in (2, 3, 4):
        y = block(y, i)
        blocks.append(y)
    y = F.relu(F.conv1d(torch.cat(blocks, 1), w["conv.weight"], w["conv.bias"]))
    scores = F.conv1d(y, w["pooling.linear1.weight"], w["pooling.linear1.bias"]).tanh()
    scores = F.conv1d(scores, w["pooling.linear2.weight"], w["pooling.linear2.bias"]).softmax(2)
    mean = (scores * y).sum(2)
    deviation = ((scores * y ** 2).sum(2) - mean ** 2).clamp(min=1e-9).sqrt()
    return linear(batch_norm(torch.cat([mean, deviation], 1), "bn."), w, "linear.")[0]


def check(model, cfg, folder):
    worst = 0
    for wav in WAVS:
        for i, state in enumerate(states(read_wav(wav), model, cfg)[1:]):
            want = numpy.load(os.path.join(golden, folder + ".%s.L%d.npy" % (wav, i + 1)))
            worst = max(worst, numpy.abs(state.numpy() - want).max())
    print("%s: max diff %.2g" % (folder, worst))
    assert worst < 1e-4


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    layouts.know_fairseq()
    for name in ("wavlm/base_like", "wavlm/large_like", "hubert/base_like", "hubert/large_like"):
        c = torch.load(os.path.join(golden, name + ".pt"))
        config = c["cfg"].get("model", c["cfg"])
        config = dict(config if isinstance(config, dict) else vars(config))
        config.setdefault("normalize", c["cfg"].get("task", {}).get("normalize", False))
        check(c["model"], config, name)
