#!/usr/bin/env python3
"""Compares the decoding of an XM transformer with PyTorch's incremental decoding of the same shapes: CPU time of a step.

    peer_xm.py S2UT_GENERATE MODEL_DIR [BEAM [RUNS]]            default 10 5; MODEL_DIR is what make_xm.py wrote

Both decode `STEPS` tokens for a sentence of 10 s on one thread, in turns; a step here is what 60 steps more cost, so that
neither opening nor encoding counts. The PyTorch side does what fairseq's generator does each step: reorder the cached keys
and values of the past and the encoder output by beam, append, attend, project, take the best 2 * beam.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave

import torch
import torch.nn.functional as F

FEW, MANY, SECONDS, SOURCE = 20, 80, 10, 250
DIM, FFN, HEADS, LAYERS, VOCAB = 1024, 4096, 16, 12, 1007


class Peer:
    """Decoder layers with random weights; pre-norm, as the model's."""

    def __init__(self, beam):
        self.beam, self.layers = beam, []
        linear = lambda n_out, n_in: (torch.randn(n_out, n_in) / n_in**0.5, torch.zeros(n_out))
        for _ in range(LAYERS):
            names = ("q", "k", "v", "o", "cq", "ck", "cv", "co")
            layer = {name: linear(DIM, DIM) for name in names}
            layer["fc1"], layer["fc2"] = linear(FFN, DIM), linear(DIM, FFN)
            self.layers.append(layer)
        self.embed = torch.randn(VOCAB, DIM) / DIM**0.5

    def heads(self, x):
        return x.view(self.beam, -1, HEADS, DIM // HEADS).transpose(1, 2)

    def attend(self, q, k, v):
        scores = torch.softmax(q @ k.transpose(2, 3), -1) @ v
        return scores.transpose(1, 2).reshape(self.beam, 1, DIM)

    @torch.no_grad()
    def decode(self, steps):
        enc = torch.randn(self.beam, SOURCE, DIM)
        cross = [(self.heads(F.linear(enc, *l["ck"])), self.heads(F.linear(enc, *l["cv"]))) for l in self.layers]
        past = [None] * LAYERS
        tokens, order = torch.zeros(self.beam, dtype=torch.long), torch.arange(self.beam)
        sums = torch.zeros(self.beam)
        start = time.process_time()
        for step in range(steps):
            x = F.layer_norm(F.embedding(tokens, self.embed).unsqueeze(1), (DIM,))
            enc = enc.index_select(0, order)
            for i, l in enumerate(self.layers):
                n = F.layer_norm(x, (DIM,))
                q = self.heads(F.linear(n, *l["q"]) * (DIM // HEADS) ** -0.5)
                k, v = self.heads(F.linear(n, *l["k"])), self.heads(F.linear(n, *l["v"]))
                if step:
                    k = torch.cat([past[i][0].index_select(0, order), k], 2)
                    v = torch.cat([past[i][1].index_select(0, order), v], 2)
                past[i] = (k, v)
                x = x + F.linear(self.attend(q, k, v), *l["o"])
                q = self.heads(F.linear(F.layer_norm(x, (DIM,)), *l["cq"]) * (DIM // HEADS) ** -0.5)
                x = x + F.linear(self.attend(q, *cross[i]), *l["co"])
                n = F.layer_norm(x, (DIM,))
                x = x + F.linear(F.relu(F.linear(n, *l["fc1"])), *l["fc2"])
            scores = torch.log_softmax(F.linear(F.layer_norm(x, (DIM,)), self.embed).squeeze(1), -1)
            best, at = (scores + sums[:, None]).view(-1).topk(2 * self.beam)
            order, tokens, sums = at[: self.beam] // VOCAB, at[: self.beam] % VOCAB, best[: self.beam]
        return time.process_time() - start


def own(tool, folder, wav, beam, steps):
    def cpu():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = cpu()
    subprocess.run([tool, "-q", "-j", "1", "-m", os.path.join(folder, "model.pt"), "--beam", str(beam), "--max-len-a", "0",
                    "--max-len-b", str(steps), "--min-len", str(steps), wav], check=True, stdout=subprocess.DEVNULL)
    return cpu() - before


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    tool, folder = sys.argv[1:3]
    beam, runs = [int(v) for v in sys.argv[3:5]] + [10, 5][len(sys.argv) - 3 :]
    torch.set_num_threads(1)
    peer, ours, theirs = Peer(beam), [], []
    with tempfile.TemporaryDirectory() as temporary:
        wav = os.path.join(temporary, "noise.wav")
        with wave.open(wav, "wb") as f:
            f.setnchannels(1)
            f.setsampwidth(2)
            f.setframerate(16000)
            f.writeframes((torch.randn(SECONDS * 16000) * 3000).clamp(-32767, 32767).short().numpy().tobytes())
        for _ in range(runs):
            steps = MANY - FEW
            ours.append((own(tool, folder, wav, beam, MANY) - own(tool, folder, wav, beam, FEW)) / steps)
            theirs.append((peer.decode(MANY) - peer.decode(FEW)) / steps)
            print("step: s2ut-generate %.1f ms, PyTorch %.1f ms" % (1e3 * ours[-1], 1e3 * theirs[-1]), flush=True)
    a, b = statistics.median(ours), statistics.median(theirs)
    print("median: s2ut-generate %.1f ms, PyTorch %.1f ms of CPU a step; %.2f times faster" % (1e3 * a, 1e3 * b, b / a))


if __name__ == "__main__":
    main()
