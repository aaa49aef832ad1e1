#!/usr/bin/env python3
"""Small unit HiFi-GANs for what the golden cases lack, with waveforms by PyTorch.

Written from the published description (HiFi-GAN, and the concatenations of fairseq's CodeGenerator). `--check` first
recomputes the golden cases of ../golden/vocoder with this code: the two implementations agree to better than 110 dB.

usage: make.py [--check]    (PyTorch and numpy; writes beside itself)
"""
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))


def conv(state, name, x, dilation=1):
    w = state[name + ".weight"]
    return F.conv1d(x, w, state[name + ".bias"], dilation=dilation, padding=(w.shape[2] - 1) * dilation // 2)


def durations(state, rows):
    """rows [n, E] -> frames of each."""
    x = rows.T[None]
    for i in (1, 2):
        x = F.relu(conv(state, f"dur_predictor.conv{i}.0", x))
        width = x.shape[1]
        x = F.layer_norm(x.transpose(1, 2), (width,), state[f"dur_predictor.ln{i}.weight"],
                         state[f"dur_predictor.ln{i}.bias"]).transpose(1, 2)
    p = F.linear(x.transpose(1, 2), state["dur_predictor.proj.weight"], state["dur_predictor.proj.bias"])[0, :, 0]
    return torch.clamp(torch.round(torch.exp(p) - 1).long(), min=1)


def stretch(x, n):
    """[c, t] -> [c, n] by repeating each column n / t times."""
    assert n % x.shape[1] == 0, (x.shape, n)
    return x.repeat_interleave(n // x.shape[1], dim=1)


def generate(state, cfg, case):
    codes = torch.tensor(case["codes"])
    keep = codes >= 0
    codes = codes[keep]
    x = state["dict.weight"][codes].T  # [E, n]
    frames = None
    if case.get("dur_prediction"):
        frames = durations(state, x.T)
        x = x.repeat_interleave(frames, dim=1)
    if cfg.get("f0"):
        f0 = torch.tensor(case["f0"])
        if not keep.all():
            f0 = f0[keep.repeat_interleave(len(f0) // len(keep))]
        f0 = state["f0_quant_embed.weight"][f0.long()].T if cfg.get("f0_quant_num_bin", 0) > 0 else f0[None]
        n = max(x.shape[1], f0.shape[1])
        x = torch.cat([stretch(x, n), stretch(f0, n)])
    if cfg.get("multispkr"):
        if cfg.get("embedder_params"):
            s = F.linear(torch.tensor(case["speaker_vector"]), state["spkr.weight"], state["spkr.bias"])
        else:
            s = state["spkr.weight"][case["speaker"]]
        x = torch.cat([x, stretch(s[:, None], x.shape[1])])
    if cfg.get("multistyle"):
        x = torch.cat([x, stretch(state["style.weight"][case["style"]][:, None], x.shape[1])])
    if "features" in case:
        x = torch.cat([x, stretch(torch.tensor(case["features"]).T, x.shape[1])])

    x = conv(state, "conv_pre", x[None])
    kernels = len(cfg["resblock_kernel_sizes"])
    for i, (u, k) in enumerate(zip(cfg["upsample_rates"], cfg["upsample_kernel_sizes"])):
        x = F.conv_transpose1d(F.leaky_relu(x, 0.1), state[f"ups.{i}.weight"], state[f"ups.{i}.bias"], stride=u,
                               padding=(k - u) // 2)
        total = 0
        for j in range(kernels):
            block, y = f"resblocks.{i * kernels + j}", x
            for m, d in enumerate(cfg["resblock_dilation_sizes"][j]):
                t = F.leaky_relu(y, 0.1)
                if f"{block}.convs.{m}.bias" in state:
                    t = conv(state, f"{block}.convs.{m}", t, d)
                else:
                    t = F.leaky_relu(conv(state, f"{block}.convs1.{m}", t, d), 0.1)
                    t = conv(state, f"{block}.convs2.{m}", t)
                y = t + y
            total = total + y
        x = total / kernels
    wave = torch.tanh(conv(state, "conv_post", F.leaky_relu(x)))[0, 0]
    return wave, frames


def fold(saved):
    """State dict in any spelling -> plain float32 weights."""
    state = {}
    for name, v in saved.items():
        v = v.float()
        if name.endswith(".weight_g") or name.endswith(".original0"):
            continue
        if name.endswith(".weight_v"):
            g, name = saved[name[:-1] + "g"].float(), name[:-2]
        elif name.endswith(".parametrizations.weight.original1"):
            g, name = saved[name[:-1] + "0"].float(), name[:-len(".parametrizations.weight.original1")] + ".weight"
        else:
            state[name] = v
            continue
        state[name] = v * (g / v.norm(dim=(1, 2), keepdim=True))
    return state


def random_state(cfg, spelling, half, type2):
    """Convolutions with gain near 1, in the spelling asked for."""
    state = {}

    def put(name, *dims, gain=1.0):
        state[name] = torch.randn(*dims) * gain

    def put_conv(name, c_out, c_in, k, transposed=False, gain=1.0):
        dims = (c_in, c_out, k) if transposed else (c_out, c_in, k)
        v = torch.randn(*dims) * gain / (c_in * k) ** 0.5
        state[name + ".bias"] = torch.randn(c_out) * 0.05
        if spelling == "plain":
            state[name + ".weight"] = v
            return
        g, v_name = {"norm": (".weight_g", ".weight_v"),
                     "parametrizations": (".parametrizations.weight.original0",
                                          ".parametrizations.weight.original1")}[spelling]
        state[name + g] = v.norm(dim=(1, 2), keepdim=True)
        state[name + v_name] = v * torch.rand(dims[0], 1, 1).add(0.5)

    e, c = cfg["embedding_dim"], cfg["upsample_initial_channel"]
    put("dict.weight", cfg["num_embeddings"], e)
    if cfg.get("f0") and cfg.get("f0_quant_num_bin", 0):
        put("f0_quant_embed.weight", cfg["f0_quant_num_bin"], e)
    if cfg.get("multispkr") and cfg.get("embedder_params"):
        put("spkr.weight", e, cfg["embedder_dim"])
        put("spkr.bias", e)
    elif cfg.get("multispkr"):
        put("spkr.weight", cfg["num_speakers"], e)
    if cfg.get("multistyle"):
        put("style.weight", cfg["num_styles"], e)
    if cfg.get("dur_predictor_params"):
        h = cfg["dur_predictor_params"]["var_pred_hidden_dim"]
        for i, c_in in ((1, e), (2, h)):
            put(f"dur_predictor.conv{i}.0.weight", h, c_in, 3, gain=(c_in * 3) ** -0.5)
            put(f"dur_predictor.conv{i}.0.bias", h, gain=0.1)
            state[f"dur_predictor.ln{i}.weight"] = torch.rand(h) + 0.5
            put(f"dur_predictor.ln{i}.bias", h, gain=0.1)
        put("dur_predictor.proj.weight", 1, h, gain=0.8 * h ** -0.5)
        state["dur_predictor.proj.bias"] = torch.tensor([1.2])
    put_conv("conv_pre", c, cfg["model_in_dim"], 7)
    n = 0
    for i, k in enumerate(cfg["upsample_kernel_sizes"]):
        put_conv(f"ups.{i}", c >> (i + 1), c >> i, k, transposed=True, gain=1.5 * cfg["upsample_rates"][i] ** 0.5)
        for rk, rd in zip(cfg["resblock_kernel_sizes"], cfg["resblock_dilation_sizes"]):
            for m in range(len(rd)):
                for part in (["convs"] if type2 else ["convs1", "convs2"]):
                    put_conv(f"resblocks.{n}.{part}.{m}", c >> (i + 1), c >> (i + 1), rk)
            n += 1
    put_conv("conv_post", 1, c >> len(cfg["upsample_rates"]), 7, gain=0.5)
    return {k: v.half() for k, v in state.items()} if half else state


BASE = {"resblock": "1", "upsample_rates": [5, 4], "upsample_kernel_sizes": [11, 8], "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3, 7], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]], "num_embeddings": 12,
        "embedding_dim": 8, "model_in_dim": 8, "code_hop_size": 20, "f0": False, "sampling_rate": 16000,
        "multispkr": None,
        "dur_predictor_params": {"encoder_embed_dim": 8, "var_pred_hidden_dim": 10, "var_pred_kernel_size": 3,
                                 "var_pred_dropout": 0.5}}
CODES = [3, 0, 7, 11, 11, 2]


def models():
    rng = np.random.RandomState(5)

    def row(*dims):
        return np.round(rng.randn(*dims), 3).tolist()

    # Speaker by vector; weight norm was removed.
    cfg = dict(BASE, multispkr="_", embedder_params={"type": "any"}, embedder_dim=6, model_in_dim=16)
    yield ("speaker_vector", cfg, dict(spelling="plain"),
           [dict(codes=CODES, dur_prediction=d, speaker_vector=row(6)) for d in (False, True)])
    # f0 as a channel of its own; torch 2's spelling. Coarser than the units, as fine, finer, with dropped units.
    yield ("f0", dict(BASE, f0=True, model_in_dim=9), dict(spelling="parametrizations"),
           [dict(codes=CODES, f0=row(2)), dict(codes=CODES, f0=row(6)), dict(codes=CODES, f0=row(18)),
            dict(codes=[3, -1, 7, 11], f0=row(8)), dict(codes=CODES, dur_prediction=True, f0=row(1))])
    # f0 by bins and a speaker by number; float16 weights.
    cfg = dict(BASE, f0=True, f0_quant_num_bin=7, multispkr="from_input_file", num_speakers=3, model_in_dim=24)
    bins = [0.0, 3.7, 6.0, 1.2, 5.0, 2.0]
    yield ("f0_bins", cfg, dict(spelling="norm", half=True),
           [dict(codes=CODES, f0=bins, speaker=2), dict(codes=CODES, f0=bins[:3], speaker=0)])
    # Style, other features, and stages whose kernel - rate is odd: each adds one row.
    cfg = dict(BASE, multispkr="_", num_speakers=2, multistyle="_", num_styles=4, model_in_dim=27,
               upsample_rates=[3, 2, 2], upsample_kernel_sizes=[6, 5, 2])
    yield ("style", cfg, dict(spelling="norm"),
           [dict(codes=CODES, speaker=1, style=3, features=row(2, 3)),
            dict(codes=[4], speaker=0, style=0, features=row(1, 3))])
    # HiFi-GAN's second kind of residual block.
    cfg = dict(BASE, resblock="2", resblock_kernel_sizes=[3, 5], resblock_dilation_sizes=[[1, 2], [2, 6]])
    yield ("type2", cfg, dict(spelling="norm", type2=True), [dict(codes=CODES), dict(codes=CODES, dur_prediction=True)])


def check():
    golden = os.path.join(HERE, "..", "golden", "vocoder")
    for name in ("dur", "multispkr", "no_dur"):
        state = fold(torch.load(os.path.join(golden, name + ".pt"))["generator"])
        cfg = json.load(open(os.path.join(golden, name + ".json")))
        for case in json.load(open(os.path.join(golden, name + ".cases.json"))):
            wave, frames = generate(state, cfg, case)
            want = np.load(os.path.join(golden, case["wav"])).reshape(-1)
            assert frames is None or frames.tolist() == case["durations"], case
            snr = 10 * np.log10((want ** 2).sum() / ((wave.numpy() - want) ** 2).sum())
            assert snr > 110, (case["wav"], snr)
    print("agrees with the golden cases")


def main():
    torch.set_num_threads(1)
    with torch.no_grad():
        if "--check" in sys.argv[1:]:
            check()
        for seed, (name, cfg, how, cases) in enumerate(models()):
            torch.manual_seed(100 + seed)
            how = dict(dict(half=False, type2=False), **how)
            saved = random_state(cfg, **how)
            torch.save({"generator": saved}, os.path.join(HERE, name + ".pt"))
            with open(os.path.join(HERE, name + ".json"), "w") as f:
                json.dump(cfg, f)
                f.write("\n")
            for i, case in enumerate(cases):
                wave, frames = generate(fold(saved), cfg, case)
                case["wav"] = f"{name}.{i}.npy"
                if frames is not None:
                    case["durations"] = frames.tolist()
                np.save(os.path.join(HERE, case["wav"]), wave.numpy())
                print(name, i, len(wave), "rms %.3f" % wave.pow(2).mean().sqrt(), case.get("durations", ""))
            with open(os.path.join(HERE, name + ".cases.json"), "w") as f:
                json.dump(cases, f)
                f.write("\n")


main()
