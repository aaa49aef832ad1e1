#!/usr/bin/env python3
"""Makes cases.json: beam search of toy language models, computed with torch (tested with 1.13, CPU).

    python3 make.py > cases.json

A model is a table of logits [positions, vocab, vocab] (stored times 4096): row [min(step, positions - 1)][previous token]. The search
below states the rules of fairseq's SequenceGenerator for one sentence in torch's own operations (topk, sort, float32
sums, in-place division by a Python number), so that the cases show torch's rounding and not ours. Options whose candidates
tie within the beam are left out: torch.topk does not say which it takes.
"""
import json
import math

import torch

BOS, PAD, EOS, UNK = 0, 1, 2, 3


def table(seed, vocab, positions, eos_bonus):
    g = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(positions, vocab, vocab, generator=g)
    logits[..., EOS] += eos_bonus
    return torch.round(logits * 4096) / 4096


def repeated(tokens, n):
    """Tokens that would close an n-gram again; tokens [steps + 1]."""
    t = tokens.tolist()
    last = t[len(t) - (n - 1):] if n > 1 else []
    return [t[i + n - 1] for i in range(len(t) - n + 1) if t[i:i + n - 1] == last]


def search(logits, o):
    """Returns the hypotheses and the smallest gap between a chosen and the next candidate."""
    vocab = logits.size(1)
    beam = min(o["beam"], vocab - 1)
    max_len = o["max_len"]
    tokens = torch.full((beam, max_len + 2), PAD)
    tokens[:, 0] = EOS
    scores = torch.zeros(beam, max_len + 1)
    closed = torch.zeros(beam, dtype=torch.bool)
    done, gap = [], math.inf
    for step in range(max_len + 1):
        at = min(step, logits.size(0) - 1)
        lp = torch.log_softmax(logits[at, tokens[:, step]] / o["temperature"], dim=-1)
        lp[:, PAD] = -math.inf
        lp[:, UNK] -= o["unkpen"]
        if step >= max_len:
            lp[:, :EOS] = -math.inf
            lp[:, EOS + 1:] = -math.inf
        if step < len(o["prefix"]) and step < max_len:
            forced = o["prefix"][step]
            if forced != PAD:
                kept = lp[:, forced].clone()
                lp[:] = -math.inf
                lp[:, forced] = kept
            if forced == EOS:
                tokens, scores, lp = (t[:1].repeat(beam, 1) for t in (tokens, scores, lp))
        elif step < o["min_len"]:
            lp[:, EOS] = -math.inf
        if o["no_repeat_ngram"] and step + 2 > o["no_repeat_ngram"]:
            for b in range(beam):
                lp[b, repeated(tokens[b, :step + 1], o["no_repeat_ngram"])] = -math.inf

        flat = lp[:1] if step == 0 else lp + scores[:, step - 1].unsqueeze(-1)
        flat = flat.reshape(-1)
        k = min(2 * beam, flat.numel() - 1)
        best, index = torch.topk(flat, k)
        finite = torch.sort(flat[flat > -math.inf], descending=True)[0][:k + 1]
        if finite.numel() > 1:
            gap = min(gap, (finite[:-1] - finite[1:]).min().item())
        row, token = torch.div(index, vocab, rounding_mode="trunc"), index % vocab

        ends = token.eq(EOS) & best.ne(-math.inf)
        ends[:beam][closed] = False
        for i in torch.nonzero(ends[:beam]).flatten().tolist():
            if len(done) == beam:
                continue
            total = best[i:i + 1].clone()
            hyp = tokens[row[i], 1:step + 2].clone()
            hyp[step] = EOS
            per = scores[row[i], :step + 1].clone()
            per[step] = total
            per[1:] = per[1:] - per[:-1]
            if o["normalize"]:
                total /= (step + 1) ** o["lenpen"]
            done.append({"tokens": hyp.tolist(), "score": total.item(), "positional_scores": per.tolist()})
        if len(done) == beam or step == max_len:
            break
        ends[:beam] = closed | ends[:beam]
        rank, active = torch.topk(ends.long() * 2 * beam + torch.arange(k), beam, largest=False)
        closed = rank.ge(2 * beam)
        tokens[:, :step + 1] = tokens[row[active], :step + 1]
        tokens[:, step + 1] = token[active]
        scores[:, :step] = scores[row[active], :step]
        scores[:, step] = best[active]
    order = torch.sort(torch.tensor([h["score"] for h in done]), descending=True)[1]
    return [done[i] for i in order], gap


def main():
    models, cases = [], []
    for seed, vocab, positions, eos_bonus in [(1, 20, 21, 0.0), (2, 12, 21, 1.5), (3, 7, 21, 0.5)]:
        logits = table(seed, vocab, positions, eos_bonus)
        models.append(logits)
        base = {"beam": 5, "max_len": 20, "min_len": 1, "lenpen": 1.0, "unkpen": 0.0, "temperature": 1.0,
                "no_repeat_ngram": 0, "normalize": True, "prefix": []}
        changes = [{}, {"beam": 1}, {"beam": 2}, {"beam": 10}, {"lenpen": 0.5}, {"lenpen": 2.0}, {"normalize": False},
                   {"max_len": 3}, {"max_len": 1, "beam": 3}, {"min_len": 8}, {"unkpen": 2.0}, {"unkpen": -1.0},
                   {"temperature": 0.6}, {"temperature": 1.7, "beam": 3}, {"no_repeat_ngram": 2},
                   {"no_repeat_ngram": 3, "beam": 3}, {"prefix": [5]}, {"prefix": [6, 4], "min_len": 4},
                   {"prefix": [5, EOS]}, {"prefix": [PAD, 6], "beam": 4}, {"max_len": 0, "min_len": 0}]
        for change in changes:
            o = dict(base, **change)
            hyps, gap = search(logits, o)
            # Copies of the first beam (eos in the prefix) tie exactly and are alike: any choice among them is the same.
            if gap > 2e-6 or EOS in o["prefix"]:
                cases.append(dict(o, model=len(models) - 1, hyps=hyps))
    print(json.dumps({"special": {"bos": EOS, "pad": PAD, "eos": EOS, "unk": UNK},
                      "models": [{"vocab": m.size(1), "positions": m.size(0), 
                                  "logits_x4096": (m.flatten() * 4096).int().tolist()}
                                 for m in models], "cases": cases}))


if __name__ == "__main__":
    main()
