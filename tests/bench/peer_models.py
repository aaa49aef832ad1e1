#!/usr/bin/env python3
"""The stages of bench_stages as plain PyTorch modules of the same sizes, random weights.

    peer_models.py export DIR                           hubert.onnx and vocoder.onnx for peer_onnx.js
    peer_models.py run hubert|vocoder|s2ut|s2ut-folder|demo THREADS REPEAT wall|cpu    seconds of a run, one a line

Written after the papers and fairseq's forward passes in evaluation, not copied: what fairseq costs besides its
operators is not in these figures. s2ut-folder searches 16 sentences at one time; its seconds are of one of them. demo
is a process of its own from exec to exit, always by the wall: Python and torch are imported, models of the demo pack's
sizes are made (not read), as many frames searched for as many units and turned into as many samples as there. "cpu":
time of all threads on CPUs, divided by their number.
"""
import json
import math
import os
import subprocess
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

RATE = 16000


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(d, d) for _ in range(4))

    def split(self, x):  # [b, t, d] -> [b, heads, t, d / heads]
        return x.view(x.shape[0], -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)

    def attend(self, q, k, v):
        scores = torch.matmul(q, k.transpose(2, 3)).softmax(-1)
        return self.out(torch.matmul(scores, v).transpose(1, 2).flatten(2))

    def query(self, x):
        return self.split(self.q(x) * (x.shape[-1] // self.heads) ** -0.5)

    def forward(self, x):
        return self.attend(self.query(x), self.split(self.k(x)), self.split(self.v(x)))


class EncoderLayer(nn.Module):
    def __init__(self, d, ffn, heads, act, pre_norm):
        super().__init__()
        self.attention, self.act, self.pre_norm = Attention(d, heads), act, pre_norm
        self.fc1, self.fc2 = nn.Linear(d, ffn), nn.Linear(ffn, d)
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x):
        if self.pre_norm:
            x = x + self.attention(self.norm1(x))
            return x + self.fc2(self.act(self.fc1(self.norm2(x))))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.fc2(self.act(self.fc1(x))))


class Hubert(nn.Module):
    """HuBERT base to layer 11 and the distances to 1000 centroids."""

    def __init__(self, d=768, layers=11):
        super().__init__()
        shapes = [(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512, 2, 2)] * 2
        c_in, convs = 1, []
        for c_out, k, stride in shapes:
            convs.append(nn.Conv1d(c_in, c_out, k, stride, bias=False))
            c_in = c_out
        self.convs = nn.ModuleList(convs)
        self.group_norm = nn.GroupNorm(512, 512)
        self.norm0, self.project = nn.LayerNorm(512), nn.Linear(512, d)
        self.positions = nn.Conv1d(d, d, 128, padding=64, groups=16)
        self.norm = nn.LayerNorm(d)
        self.layers = nn.ModuleList(EncoderLayer(d, 3072, 12, F.gelu, False) for _ in range(layers))
        self.centroids = nn.Parameter(torch.randn(d, 1000))

    def forward(self, samples):  # [1, n]
        x = samples.unsqueeze(1)
        for i, conv in enumerate(self.convs):
            x = conv(x)
            x = F.gelu(self.group_norm(x) if i == 0 else x)
        x = self.project(self.norm0(x.transpose(1, 2)))
        x = self.norm(x + F.gelu(self.positions(x.transpose(1, 2))[:, :, :-1]).transpose(1, 2))
        for layer in self.layers:
            x = layer(x)
        distance = self.centroids.pow(2).sum(0) - 2 * torch.matmul(x, self.centroids)
        return distance.argmin(-1)


class ResBlock(nn.Module):
    def __init__(self, c, k):
        super().__init__()
        self.first = nn.ModuleList(nn.Conv1d(c, c, k, padding=(k - 1) * d // 2, dilation=d) for d in (1, 3, 5))
        self.second = nn.ModuleList(nn.Conv1d(c, c, k, padding=(k - 1) // 2) for _ in range(3))

    def forward(self, x):
        for first, second in zip(self.first, self.second):
            x = x + second(F.leaky_relu(first(F.leaky_relu(x, 0.1)), 0.1))
        return x


class Vocoder(nn.Module):
    def __init__(self, c=512, units=1000, embed=128, ups=((5, 11), (4, 8), (4, 8), (2, 4), (2, 4)), sizes=(3, 7, 11)):
        super().__init__()
        self.dict, self.pre = nn.Embedding(units, embed), nn.Conv1d(embed, c, 7, padding=3)
        self.ups, self.blocks = nn.ModuleList(), nn.ModuleList()
        for i, (u, k) in enumerate(ups):
            self.ups.append(nn.ConvTranspose1d(c >> i, c >> i + 1, k, u, padding=(k - u) // 2))
            self.blocks.append(nn.ModuleList(ResBlock(c >> i + 1, size) for size in sizes))
        self.post = nn.Conv1d(c >> len(ups), 1, 7, padding=3)

    def forward(self, units):  # [1, n]
        x = self.pre(self.dict(units).transpose(1, 2))
        for up, blocks in zip(self.ups, self.blocks):
            x = up(F.leaky_relu(x, 0.1))
            x = sum(block(x) for block in blocks) / len(blocks)
        return torch.tanh(self.post(F.leaky_relu(x, 0.01)))


class DecoderLayer(nn.Module):
    """One step of a beam: keys and values of the past are appended to and reordered, as fairseq does."""

    def __init__(self, d, ffn, heads):
        super().__init__()
        self.own, self.cross = Attention(d, heads), Attention(d, heads)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(d) for _ in range(3))
        self.fc1, self.fc2 = nn.Linear(d, ffn), nn.Linear(ffn, d)

    def forward(self, x, past, source):  # x [rows, 1, d]
        h = self.norm1(x)
        k, v = self.own.split(self.own.k(h)), self.own.split(self.own.v(h))
        if past:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        x = x + self.own.attend(self.own.query(h), k, v)
        x = x + self.cross.attend(self.cross.query(self.norm2(x)), *source)
        return x + self.fc2(F.relu(self.fc1(self.norm3(x)))), (k, v)


def sinusoid(n, d):
    angle = torch.arange(2, n + 2).unsqueeze(1) * torch.exp(torch.arange(d // 2) * -(math.log(10000) / (d // 2 - 1)))
    return torch.cat([angle.sin(), angle.cos()], 1)


class S2ut(nn.Module):
    def __init__(self, d=512, vocab=1004, conv=1024, layers=(12, 6), heads=8):
        super().__init__()
        self.d = d
        self.conv1, self.conv2 = nn.Conv1d(80, conv, 5, 2, 2), nn.Conv1d(conv // 2, 2 * d, 5, 2, 2)
        self.encoder = nn.ModuleList(EncoderLayer(d, 4 * d, heads, F.relu, True) for _ in range(layers[0]))
        self.decoder = nn.ModuleList(DecoderLayer(d, 4 * d, heads) for _ in range(layers[1]))
        self.norm, self.decoder_norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.embed, self.output = nn.Embedding(vocab, d), nn.Linear(d, vocab, bias=False)

    def encode(self, x):  # [b, t, 80]
        x = F.glu(self.conv1(x.transpose(1, 2)), 1)
        x = F.glu(self.conv2(x), 1).transpose(1, 2) * self.d**0.5
        x = x + sinusoid(x.shape[1], self.d)
        for layer in self.encoder:
            x = layer(x)
        return self.norm(x)

    def search(self, x, beam=10, steps=200):  # unnormalised beam search without an end, as a forced length has it
        encoded, b = self.encode(x), x.shape[0]
        sources = [tuple(layer.cross.split(p(encoded)).repeat_interleave(beam, 0)
                         for p in (layer.cross.k, layer.cross.v)) for layer in self.decoder]
        tokens = torch.full((b * beam, 1), 2)
        total = torch.zeros(b, beam)
        total[:, 1:] = -math.inf  # at first all hypotheses are the same
        position, pasts = sinusoid(steps, self.d), [None] * len(self.decoder)
        first = torch.arange(b).unsqueeze(1) * beam
        for step in range(steps):
            h = self.embed(tokens[:, -1:]) * self.d**0.5 + position[step]
            for i, layer in enumerate(self.decoder):
                h, pasts[i] = layer(h, pasts[i], sources[i])
            scores = self.output(self.decoder_norm(h[:, -1])).log_softmax(-1).view(b, beam, -1)
            total, best = (scores + total.unsqueeze(2)).flatten(1).topk(beam)
            order = (first + best // scores.shape[-1]).flatten()
            tokens = torch.cat([tokens[order], (best % scores.shape[-1]).view(-1, 1)], 1)
            pasts = [tuple(part.index_select(0, order) for part in past) for past in pasts]
        return tokens


def make(stage):
    torch.manual_seed(1)
    if stage == "hubert":
        return Hubert().eval(), torch.randn(1, 20 * RATE) * 0.1
    if stage == "vocoder":
        return Vocoder().eval(), torch.arange(500).unsqueeze(0) * 7919 % 1000
    model, batch = S2ut().eval(), 16 if stage == "s2ut-folder" else 1
    return model.search, torch.randn(batch, 998, 80)


def export(folder):
    for stage in ("hubert", "vocoder"):
        model, value = make(stage)
        torch.onnx.export(model, value, os.path.join(folder, stage + ".onnx"), opset_version=16, input_names=["in"],
                          output_names=["out"])


def translate(threads):
    """The demo pack's sizes and its sample's: 264 frames, 87 units and </s>, 144 frames of 320 samples."""
    torch.set_num_threads(threads)
    with torch.inference_mode():
        S2ut(160, 204, 256, (4, 3), 4).eval().search(torch.randn(1, 264, 80), steps=88)
        Vocoder(128, 200, 64, ((5, 11), (4, 8), (4, 8), (4, 8)), (5,)).eval()(torch.arange(144).unsqueeze(0))


def run_demo(threads, repeat):
    for _ in range(repeat):
        start = time.perf_counter()
        subprocess.run([sys.executable, __file__, "translate", str(threads)], check=True)
        print(json.dumps(time.perf_counter() - start), flush=True)


def run(stage, threads, repeat, cpu):
    if stage == "demo":
        return run_demo(threads, repeat)
    now = (lambda: time.process_time() / threads) if cpu else time.perf_counter
    torch.set_num_threads(threads)
    model, value = make(stage)
    with torch.inference_mode():
        if not stage.startswith("s2ut"):  # whose first steps warm up the others
            model(value)
        for _ in range(repeat):
            start = now()
            model(value)
            print(json.dumps((now() - start) / value.shape[0]), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "export":
        with torch.inference_mode():
            export(sys.argv[2])
    elif len(sys.argv) == 3 and sys.argv[1] == "translate":
        translate(int(sys.argv[2]))
    elif len(sys.argv) == 6 and sys.argv[1] == "run":
        run(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "cpu")
    else:
        sys.exit(__doc__.strip())
