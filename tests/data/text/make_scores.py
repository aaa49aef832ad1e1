#!/usr/bin/env python3
"""Makes scores.json: tokenisation, multi-reference BLEU, chrF, WER, CER and bootstrap resampling.

    python3 make_scores.py > scores.json

Needs numpy (tested with 1.24), whose random generator the resampling uses. The metrics are written here from their
definitions in the plainest way (Counter, recursion over a table), as a twin of the library, not as a copy of sacreBLEU;
the library is compared with sacreBLEU's own numbers in ../golden/bleu.
"""
import json
import math
import random
import re
import sys
import unicodedata
from collections import Counter

import numpy as np

WORDS = ("the cat sat on a mat 1,000 5.30 e-mail don't \"hello\" (half-past) what? A.B. &amp; &lt;b&gt; ÉCOLE niño straße "
         "ΣΊΣΥΦΟΣ İstanbul 東京 你好 は €20 … – <skipped> x.y 3.x x.3 a,b 1-2 3-x ... ,, 50% $5 №7 ½ a/b ¿qué? «oui» 'tis "
         "l'été №. 1. _ ^ ~ ` | \\ ﬁn Ǆ ª º ① ৳৫ नमस्ते。、！ ok. ok, -5 5- 2001:db8 a@b.c").split()
SPACES = [" "] * 20 + ["  ", "\u00a0", "\u2003", "\t", "\u3000"]


# ---- tokenisers: the regular expressions are their definition ----

def western(line):
    line = re.sub(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])", r" \1 ", line)
    line = re.sub(r"([^0-9])([\.,])", r"\1 \2 ", line)
    line = re.sub(r"([\.,])([^0-9])", r" \1 \2", line)
    return re.sub(r"([0-9])(-)", r"\1 \2 ", line).split()


def tok_13a(line):
    for old, new in [("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"),
                     ("&gt;", ">")]:
        line = line.replace(old, new)
    return western(" " + line + " ")


def tok_zh(line):
    def chinese(c):
        # as strings, which is how the original compares: "\u20000" is two characters
        ranges = [("\u3400", "\u4db5"), ("\u4e00", "\u9fa5"), ("\u9fa6", "\u9fbb"), ("\uf900", "\ufa2d"),
                  ("\ufa30", "\ufa6a"), ("\ufa70", "\ufad9"), ("\u2000" "0", "\u2a6d" "6"), ("\u2f80" "0", "\u2fa1" "d"),
                  ("\uff00", "\uffef"), ("\u2e80", "\u2eff"), ("\u3000", "\u303f"), ("\u31c0", "\u31ef"),
                  ("\u2f00", "\u2fdf"), ("\u2ff0", "\u2fff"), ("\u3100", "\u312f"), ("\u31a0", "\u31bf"),
                  ("\ufe10", "\ufe1f"), ("\ufe30", "\ufe4f"), ("\u2600", "\u26ff"), ("\u2700", "\u27bf"),
                  ("\u3200", "\u32ff"), ("\u3300", "\u33ff")]
        return any(lo <= c <= hi for lo, hi in ranges)
    return western("".join(" %s " % c if chinese(c) else c for c in line.strip()))


def tok_intl(line):
    def kind(k):
        chars = [re.escape(c) for c in sorted(set(line)) if unicodedata.category(c)[0] == k]
        return "[" + "".join(chars) + "]" if chars else "(?!)", "[^" + "".join(chars) + "]" if chars else "(?s:.)"
    number, not_number = kind("N")
    punctuation, symbol = kind("P")[0], kind("S")[0]
    line = re.sub("(%s)(%s)" % (not_number, punctuation), r"\1 \2 ", line)
    line = re.sub("(%s)(%s)" % (punctuation, not_number), r" \1 \2", line)
    return re.sub("(%s)" % symbol, r" \1 ", line).split()


TOKENIZERS = {"13a": tok_13a, "zh": tok_zh, "intl": tok_intl, "none": str.split,
              "char": lambda line: [c for c in line if not c.isspace()]}


# ---- metrics: each has stats(hyp, refs) -> list of int and score(stats) ----

def ngrams(seq, n):
    return Counter(tuple(seq[i:i + n]) for i in range(len(seq) - n + 1))


class Bleu:
    def __init__(self, tokenize="13a", lowercase=False, smooth="exp", smooth_value=None, effective_order=False):
        self.__dict__.update(locals())

    def stats(self, hyp, refs):
        def tokens(s):
            return TOKENIZERS[self.tokenize]((s.lower() if self.lowercase else s).rstrip())
        hyp, refs = tokens(hyp), [tokens(r) for r in refs]
        ref_len = min((abs(len(r) - len(hyp)), len(r)) for r in refs)[1]
        right, total = [], []
        for n in range(1, 5):
            h, best = ngrams(hyp, n), Counter()
            for r in refs:
                best |= ngrams(r, n)
            right.append(sum((h & best).values()))
            total.append(sum(h.values()))
        return [len(hyp), ref_len] + right + total

    def score(self, s):
        sys_len, ref_len, right, total = s[0], s[1], list(map(float, s[2:6])), list(map(float, s[6:10]))
        bp = 1.0 if sys_len >= ref_len else math.exp(1 - ref_len / sys_len) if sys_len else 0.0
        if not any(right):
            return 0.0
        value = self.smooth_value if self.smooth_value is not None else {"floor": 0.1, "add-k": 1}.get(self.smooth)
        logs, halving, order = [], 1, 4
        for n in range(4):
            if self.smooth == "add-k" and n:
                right[n] += value
                total[n] += value
            if total[n] == 0:
                logs += [-9999999999.0] * (4 - n)
                break
            if self.effective_order:
                order = n + 1
            p = 100 * right[n] / total[n]
            if p == 0 and self.smooth == "exp":
                halving *= 2
                p = 100 / (halving * total[n])
            elif p == 0 and self.smooth == "floor":
                p = 100 * value / total[n]
            logs.append(math.log(p) if p else -9999999999.0)
        return bp * math.exp(sum(logs[:order]) / order)


class Chrf:
    def __init__(self, char_order=6, word_order=0, beta=2, lowercase=False, whitespace=False):
        self.__dict__.update(locals())

    def words(self, s):
        marks, out = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", []
        for w in s.split():
            if len(w) > 1 and w[-1] in marks:
                out += [w[:-1], w[-1]]
            elif len(w) > 1 and w[0] in marks:
                out += [w[0], w[1:]]
            else:
                out.append(w)
        return out

    def stats(self, hyp, refs):
        def sides(s):
            s = s.lower() if self.lowercase else s
            return s if self.whitespace else "".join(s.split()), self.words(s)
        best = None
        for ref in refs:
            out = []
            for (h, r), order in zip(zip(sides(hyp), sides(ref)), (self.char_order, self.word_order)):
                for n in range(1, order + 1):
                    a, b = ngrams(h, n), ngrams(r, n)
                    out += [sum(a.values()) if b else 0, sum(b.values()), sum((a & b).values())]
            if best is None or self.score(out) > self.score(best):
                best = out
        return best

    def score(self, s):
        rows = [s[i:i + 3] for i in range(0, len(s), 3)]
        rows = [(m / h, m / r) for h, r, m in rows if h and r]
        if not rows:
            return 0.0
        p, r = (sum(x) / len(rows) for x in zip(*rows))
        b2 = self.beta ** 2
        return 100 * (1 + b2) * p * r / (b2 * p + r) if p + r else 0.0


class ErrorRate:
    def __init__(self, characters=False, lowercase=False):
        self.__dict__.update(locals())

    def stats(self, hyp, refs):
        def symbols(s):
            words = (s.lower() if self.lowercase else s).split()
            return " ".join(words) if self.characters else words
        hyp = symbols(hyp)
        best = None
        for ref in map(symbols, refs):
            # cell: (edits, insertions, deletions, substitutions)
            table = [[(0, 0, 0, 0)] * (len(hyp) + 1) for _ in range(len(ref) + 1)]
            for i in range(len(ref) + 1):
                for j in range(len(hyp) + 1):
                    ways = []
                    if i and j:
                        e, a, d, s = table[i - 1][j - 1]
                        ways.append((e, a, d, s) if hyp[j - 1] == ref[i - 1] else (e + 1, a, d, s + 1))
                    if i:
                        e, a, d, s = table[i - 1][j]
                        ways.append((e + 1, a, d + 1, s))
                    if j:
                        e, a, d, s = table[i][j - 1]
                        ways.append((e + 1, a + 1, d, s))
                    if ways:
                        table[i][j] = min(ways)
            e, a, d, s = table[-1][-1]
            row = [len(hyp), len(ref), s, d, a]
            if best is None or self.score(row) < self.score(best):
                best = row
        return best

    def score(self, s):
        return 100.0 * sum(s[2:]) / s[1] if s[1] else 100.0 * (sum(s[2:]) > 0)


METRICS = {"bleu": Bleu, "chrf": Chrf, "wer": ErrorRate, "cer": ErrorRate}


# ---- cases ----

def sentence(rng, n):
    return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(n))


def change(rng, s):
    words = s.split(" ")
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(words))
        kind = rng.randrange(3)
        words[at:at + (kind > 0)] = [] if kind == 2 else [rng.choice(WORDS)]
        words = words or ["x"]
    return " ".join(words)


def main():
    rng = random.Random(20250901)
    texts = [sentence(rng, rng.randrange(1, 12)) for _ in range(120)] + WORDS
    texts += ["\u20ac\u2014\u201cx\u201d", "a\u2000b\u200bc\u2a6dd\u2a6ee", "-5.-5,-", "1.2.3", "..", "x..y", ".", "a.b.c,d"]
    tokenize = [{"tok": t, "in": s, "out": TOKENIZERS[t](s.rstrip())} for s in texts for t in TOKENIZERS]
    lower = [{"in": s, "out": s.lower()} for s in texts + ["ΑΣ", "ΑΣ.", "Σ", "ΑΣΑ", "Α'Σ Β", "ΑΣ'Β", "ÀÉİI", "ẞ"]]

    corpora = []
    for n_refs in [1, 1, 2, 3, 4]:
        rows = []
        for _ in range(rng.randrange(3, 25)):
            ref = sentence(rng, rng.randrange(1, 14))
            refs = [ref] + [change(rng, ref) if rng.randrange(4) else "" for _ in range(n_refs - 1)]
            rng.shuffle(refs)
            rows.append({"hyp": change(rng, ref) if rng.randrange(10) else "", "base": change(rng, ref), "refs": refs})
        corpora.append(rows)

    options = [("bleu", {}), ("bleu", {"effective_order": True}), ("bleu", {"lowercase": True, "tokenize": "intl"}),
               ("bleu", {"smooth": "floor", "smooth_value": 0.5}), ("bleu", {"smooth": "add-k", "smooth_value": 0.25}),
               ("bleu", {"smooth": "none", "tokenize": "char"}), ("bleu", {"smooth": "none", "effective_order": True}),
               ("chrf", {}), ("chrf", {"word_order": 2}), ("chrf", {"whitespace": True, "lowercase": True}),
               ("chrf", {"char_order": 3, "word_order": 1, "beta": 1}), ("wer", {}), ("wer", {"lowercase": True}),
               ("cer", {})]
    scores = []
    for c, rows in enumerate(corpora):
        for name, o in options:
            m = METRICS[name](**o, **({"characters": True} if name == "cer" else {}))
            present = [[r for r in row["refs"] if r] for row in rows]
            stats = [m.stats(row["hyp"], refs) for row, refs in zip(rows, present)]
            base = [m.stats(row["base"], refs) for row, refs in zip(rows, present)]
            total = [sum(x) for x in zip(*stats)]
            counts = {len(refs) for refs in present}
            case = {"corpus": c, "metric": name, "options": o, "score": m.score(total),
                    "sentences": [m.score(s) for s in stats], "nrefs": str(counts.pop()) if len(counts) == 1 else "var"}
            if name in ("wer", "cer"):
                case["edits"] = total[2:]
            seed, samples = 12345 + c, 200
            draws = np.random.default_rng(seed).choice(len(rows), size=(samples, len(rows)), replace=True)
            a = np.array([m.score([int(x) for x in np.array(stats)[d].sum(0)]) for d in draws])
            b = np.array([m.score([int(x) for x in np.array(base)[d].sum(0)]) for d in draws])

            def interval(x):
                x = np.sort(x)
                tail = samples // 40
                return [x.mean(), 0.5 * (x[samples - tail - 1] - x[tail])]
            real = abs(m.score([sum(x) for x in zip(*base)]) - case["score"])
            diffs = np.abs(a - b)
            case["bootstrap"] = {"seed": seed, "samples": samples, "system": interval(a), "baseline": interval(b),
                                 "p": (int((diffs - diffs.mean() > real).sum()) + 1) / (samples + 1)}
            scores.append(case)

    draws = []
    for seed, n in [(0, 10), (12345, 1), (12345, 7), (12345, 1000), (2 ** 40 + 17, 3000000000), (99, 2 ** 32 - 1)]:
        draws.append({"seed": seed, "n": n, "out": np.random.default_rng(seed).integers(0, n, size=20).tolist()})
    json.dump({"tokenize": tokenize, "lower": lower, "corpora": corpora, "scores": scores, "draws": draws}, sys.stdout,
              ensure_ascii=False, indent=0)
    print()


if __name__ == "__main__":
    main()
