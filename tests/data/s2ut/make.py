#!/usr/bin/env python3
"""Makes the S2UT fixtures of this folder: tiny random models in fairseq's file layout and what they must give.

Only for development (needs PyTorch and numpy); the tests read what it wrote. The networks and the two searches are stated
here once more, straight from the rules of fairseq's modules and whole sentences at a time, so that they share nothing with
the incremental decoder they check. Inputs are the utterances of ../golden/audio, through ../golden/fbank/*.cmvn.npy.

    ./make.py           writes MODEL.pt, MODEL.json, MODEL.WAV.enc.npy, MODEL.WAV.logprobs.npy, configs, dictionaries,
                        global_cmvn.npz
"""
import argparse
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
PAD, EOS, UNK = 1, 2, 3
WAVS = ["tone", "austen_b"]


def features(wav):
    return torch.from_numpy(np.load(f"{HERE}/../golden/fbank/{wav}.cmvn.npy"))


# ---- networks ----

def sinusoids(first, n, dim):
    half = dim // 2
    freq = torch.exp(torch.arange(half, dtype=torch.float) * -(math.log(10000) / (half - 1)))
    angle = torch.arange(first, first + n, dtype=torch.float).unsqueeze(1) * freq.unsqueeze(0)
    return torch.cat([torch.sin(angle), torch.cos(angle)], dim=1)


class Net:
    """state: the tensors by name; args: what the checkpoint's config holds; heads etc. are given apart, since the config may
    leave them to the architecture's defaults."""

    def __init__(self, args, state, **facts):
        self.args, self.state = args, state
        self.pre_norm, self.act, self.scaled = True, torch.relu, True
        self.heads = (4, 4)
        self.__dict__.update(facts)

    def w(self, name):
        return self.state[name].float()

    def linear(self, x, name):
        bias = self.state.get(name + ".bias")
        return F.linear(x, self.w(name + ".weight"), None if bias is None else bias.float())

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w(name + ".weight"), self.w(name + ".bias"))

    def attend(self, x, memory, name, heads, causal):
        d = x.shape[-1]
        q = self.linear(x, name + ".q_proj") * (d // heads) ** -0.5
        k, v = self.linear(memory, name + ".k_proj"), self.linear(memory, name + ".v_proj")
        out = []
        for h in range(heads):
            cols = slice(h * (d // heads), (h + 1) * (d // heads))
            scores = q[:, cols] @ k[:, cols].T
            if causal:
                scores = scores + torch.triu(torch.full_like(scores, -math.inf), 1)
            out.append(torch.softmax(scores, -1) @ v[:, cols])
        return self.linear(torch.cat(out, 1), name + ".out_proj")

    def sublayer(self, x, f, norm):
        if self.pre_norm:
            return x + f(self.norm(x, norm))
        return self.norm(x + f(x), norm)

    def layer(self, x, name, heads, causal, memory=None):
        x = self.sublayer(x, lambda y: self.attend(y, y, name + ".self_attn", heads, causal),
                          name + ".self_attn_layer_norm")
        if memory is not None:
            x = self.sublayer(x, lambda y: self.attend(y, memory, name + ".encoder_attn", heads, False),
                              name + ".encoder_attn_layer_norm")
        return self.sublayer(x, lambda y: self.linear(self.act(self.linear(y, name + ".fc1")), name + ".fc2"),
                             name + ".final_layer_norm")

    def count(self, stack):
        return 1 + max(int(k[len(stack):].split(".")[0]) for k in self.state if k.startswith(stack))

    def encode(self, feat, speaker=None):
        x = feat.T.unsqueeze(0)
        for i in range(self.count("encoder.subsample.conv_layers.")):
            weight = self.w(f"encoder.subsample.conv_layers.{i}.weight")
            bias = self.w(f"encoder.subsample.conv_layers.{i}.bias")
            x = F.glu(F.conv1d(x, weight, bias, stride=2, padding=weight.shape[2] // 2), dim=1)
        x = x[0].T
        x = x * (math.sqrt(x.shape[1]) if self.scaled else 1) + sinusoids(2, *x.shape)
        for i in range(self.count("encoder.transformer_layers.")):
            x = self.layer(x, f"encoder.transformer_layers.{i}", self.heads[0], False)
        if self.pre_norm:
            x = self.norm(x, "encoder.layer_norm")
        if speaker is not None:
            x = self.linear(torch.cat([x, speaker.expand(len(x), -1)], 1), "encoder.spk_emb_proj")
        return x

    def embed(self, packed, r):
        """StackedEmbedding: a packed number is r digits, most significant first; below 4 it is itself, r times."""
        table = self.w("decoder.embed_tokens.weight")
        if r == 1:
            return table[torch.tensor(packed)]
        base, rows = len(table) - 4, []
        for token in packed:
            digits = [(token - 4) // base ** (r - 1 - i) % base + 4 if token >= 4 else token for i in range(r)]
            rows.append(torch.cat([table[i] for i in digits]))
        return self.linear(torch.stack(rows), "decoder.embed_tokens.project_in_dim")

    def logits(self, tokens, enc, r=1):
        """[len(tokens) * r, vocab] for the decoder input `tokens` (packed numbers where r > 1)."""
        x = self.embed(tokens, r)
        d = x.shape[1]
        x = x * (math.sqrt(d) if self.scaled else 1)
        learned = self.state.get("decoder.embed_positions.weight")
        x = x + (sinusoids(2, len(x), d) if learned is None else learned.float()[2:2 + len(x)])
        if "decoder.layernorm_embedding.weight" in self.state:
            x = self.norm(x, "decoder.layernorm_embedding")
        for i in range(self.count("decoder.layers.")):
            x = self.layer(x, f"decoder.layers.{i}", self.heads[1], True, enc)
        if self.pre_norm:
            x = self.norm(x, "decoder.layer_norm")
        if r > 1:
            x = self.linear(x, "decoder.out_proj_n_frames").view(len(x) * r, d)
        output = self.state.get("decoder.output_projection.weight", self.state["decoder.embed_tokens.weight"])
        return F.linear(x, output.float())


# ---- searches ----

def beam_search(net, enc, first, beam, nbest, max_len, min_len=1, lenpen=1.0):
    """SequenceGenerator for one sentence and a vocabulary well above 2 * beam."""
    live, done = [([first], torch.tensor(0.0), [])], []
    for step in range(max_len + 1):
        rows = torch.stack([torch.log_softmax(net.logits(t, enc)[-1], -1) for t, _, _ in live])
        rows[:, PAD] = -math.inf
        if step >= max_len:
            rows[:, :EOS], rows[:, EOS + 1:] = -math.inf, -math.inf
        elif step < min_len:
            rows[:, EOS] = -math.inf
        totals = rows + torch.stack([total for _, total, _ in live]).unsqueeze(1)
        best, where = totals.view(-1).topk(2 * beam)
        after = []
        for rank, (total, at) in enumerate(zip(best, where.tolist())):
            row, token = divmod(at, rows.shape[1])
            tokens, before, cumulated = live[row]
            hyp = (tokens + [token], total, cumulated + [total])
            if token != EOS:
                after.append(hyp)
            elif rank < beam and total > -math.inf and len(done) < beam:
                done.append(hyp)
        if len(done) == beam or step == max_len:
            break
        live = after[:beam]
    out = []
    for tokens, total, cumulated in done:
        sums = torch.stack(cumulated)
        scores = torch.cat([sums[:1], sums[1:] - sums[:-1]])
        out.append({"tokens": tokens[1:], "score": (total / len(cumulated) ** lenpen).item(),
                    "positional_scores": scores.tolist()})
    return sorted(out, key=lambda h: -h["score"])[:nbest]


def stacked_search(net, enc, r, vocab, max_len):
    """StackUnitSequenceGenerator: greedy, specials packed as digit 0, cut at the first </s> or at max_len *units*."""
    packed, chosen, scores = [EOS], [], []
    for _ in range(max_len):
        rows = torch.log_softmax(net.logits(packed, enc, r)[-r:], -1)
        rows[:, PAD], rows[:, UNK] = -math.inf, -math.inf
        best, tokens = rows.max(-1)
        chosen += tokens.tolist()
        scores += best.tolist()
        packed.append(4 + sum(max(t - 4, 0) * (vocab - 4) ** (r - 1 - i) for i, t in enumerate(tokens.tolist())))
        if EOS in tokens.tolist():
            break
    n = min([max_len] + [i for i, t in enumerate(chosen) if t == EOS])
    return {"tokens": chosen[:n], "positional_scores": scores[:n], "score": float(np.float32(sum(scores[:n])))}


# ---- random models ----

def random_state(seed, dtype, vocab, d_enc, d_dec, ffn, layers, pre_norm=True, tied=False, positions=0, embed_norm=False,
                 speaker=0, r=1, kernels=(5, 3), gain=3.0):
    gen = torch.Generator().manual_seed(seed)
    s = {}

    def matrix(name, *dims, scale=1.0, bias=True):
        fan_in = int(np.prod(dims[1:]))
        s[name + ".weight"] = (torch.randn(*dims, generator=gen) * scale / math.sqrt(fan_in)).to(dtype)
        if bias:
            s[name + ".bias"] = (torch.randn(dims[0], generator=gen) * 0.1).to(dtype)

    def norm(name, d):
        s[name + ".weight"] = (1 + 0.2 * torch.randn(d, generator=gen)).to(dtype)
        s[name + ".bias"] = (0.1 * torch.randn(d, generator=gen)).to(dtype)

    def layer(name, d, cross=0):
        for attn, k_dim in [("self_attn", d)] + ([("encoder_attn", cross)] if cross else []):
            for proj, width in [("q_proj", d), ("k_proj", k_dim), ("v_proj", k_dim), ("out_proj", d)]:
                matrix(f"{name}.{attn}.{proj}", d, width, scale=2.5)
            norm(f"{name}.{attn}_layer_norm", d)
        matrix(name + ".fc1", ffn, d, scale=2.0)
        matrix(name + ".fc2", d, ffn, scale=2.0)
        norm(name + ".final_layer_norm", d)

    c_in = 80
    for i, k in enumerate(kernels):
        c_out = 2 * d_enc if i + 1 == len(kernels) else 24
        matrix(f"encoder.subsample.conv_layers.{i}", c_out, c_in, k)
        c_in = c_out // 2
    for i in range(layers[0]):
        layer(f"encoder.transformer_layers.{i}", d_enc)
    if pre_norm:
        norm("encoder.layer_norm", d_enc)
    if speaker:
        matrix("encoder.spk_emb_proj", d_enc, d_enc + speaker)
    s["decoder.version"] = torch.tensor([3.0])
    s["decoder.embed_tokens.weight"] = (torch.randn(vocab, d_dec, generator=gen) * d_dec ** -0.5).to(dtype)
    if r > 1:
        matrix("decoder.embed_tokens.project_in_dim", d_dec, r * d_dec, bias=False, scale=2.0)
        matrix("decoder.out_proj_n_frames", r * d_dec, d_dec, bias=False)
    if positions:
        s["decoder.embed_positions.weight"] = (torch.randn(positions + 2, d_dec, generator=gen) * 0.5).to(dtype)
    if embed_norm:
        norm("decoder.layernorm_embedding", d_dec)
    for i in range(layers[1]):
        layer(f"decoder.layers.{i}", d_dec, d_enc)
    if pre_norm:
        norm("decoder.layer_norm", d_dec)
    if not tied:
        matrix("decoder.output_projection", vocab, d_dec, bias=False, scale=gain)
    s["source_letter_decoder.proj.weight"] = torch.zeros(3, d_enc, dtype=dtype)  # an auxiliary head, to be ignored
    return s


def arguments(arch, **more):
    return argparse.Namespace(arch=arch, _name="s2ut_transformer", task="speech_to_speech", target_is_code=True,
                              input_feat_per_channel=80, input_channels=1, target_speaker_embed=False, data=".",
                              n_frames_per_step=1, config_yaml="config.yaml", **more)


def save(name, net, cases, cfg_of=lambda a: {"cfg": {"model": a, "task": a}, "args": None}):
    torch.save({**cfg_of(net.args), "model": net.state, "optimizer_history": [], "extra_state": {"epoch": 1}},
               f"{HERE}/{name}.pt")
    with open(f"{HERE}/{name}.json", "w") as f:
        json.dump(cases, f, separators=(",", ":"))


def forced(name, net, wav, enc, tokens, r=1, packed=None):
    np.save(f"{HERE}/{name}.{wav}.enc.npy", enc.numpy())
    log_probs = torch.log_softmax(net.logits(packed or tokens, enc, r), -1)
    np.save(f"{HERE}/{name}.{wav}.logprobs.npy", log_probs.numpy())
    return tokens


def plain(name, net, vocab, first=EOS, max_len=20, speaker=None, **more):
    """Encoder, a forced prefix and a beam of 4 for each utterance."""
    cases = []
    rng = np.random.RandomState(7)
    for wav in WAVS:
        enc = net.encode(features(wav), None if speaker is None else torch.tensor(speaker))
        prefix = [first] + rng.randint(4, vocab, 8).tolist()
        forced(name, net, wav, enc, prefix)
        cases.append({"wav": wav, "prefix": prefix, "beam": 4, "max_len_b": max_len, "speaker": speaker or [],
                      "nbest": beam_search(net, enc, first, 4, 4, max_len), **more})
        print(name, wav, [h["tokens"] for h in cases[-1]["nbest"]])
    save(name, net, cases)


def post_norm():
    state = random_state(11, torch.float32, 26, 16, 16, 32, (2, 2), pre_norm=False, embed_norm=True, kernels=(5,))
    args = arguments("s2ut_transformer", target_code_size=22, conv_kernel_sizes="5", encoder_embed_dim=16,
                     encoder_ffn_embed_dim=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
                     decoder_attention_heads=2, encoder_normalize_before=False, decoder_normalize_before=False,
                     layernorm_embedding=True, activation_fn="gelu", no_scale_embedding=True,
                     max_target_positions=64)
    plain("post_norm", Net(args, state, pre_norm=False, act=F.gelu, scaled=False, heads=(4, 2)), 26)


def learned():
    """Learned positions that end before max-len-b; a decoder of another width; bfloat16 weights; cfg as plain dicts."""
    state = random_state(23, torch.bfloat16, 30, 16, 24, 32, (1, 2), positions=12)
    args = arguments("s2ut_transformer", target_code_size=26, conv_channels=24, conv_kernel_sizes="5,3",
                     encoder_embed_dim=16, decoder_embed_dim=24, encoder_ffn_embed_dim=32, decoder_ffn_embed_dim=32,
                     encoder_layers=1, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
                     decoder_learned_pos=True, share_decoder_input_output_embed=False, max_target_positions=12)
    args = vars(args)
    plain("learned", Net(args, state), 30, max_len=11, max_len_b=200)  # cut by the positions


def speaker():
    """A speaker vector; float64 weights; tied output, kept only as the embedding."""
    vector = [0.5, -1.0, 0.25, 2.0, -0.75, 1.5]
    state = random_state(14, torch.float64, 24, 16, 16, 32, (1, 1), speaker=6, tied=True)
    state["decoder.embed_tokens.weight"] *= 4
    args = arguments("s2ut_transformer", target_code_size=20, conv_channels=24, conv_kernel_sizes="5,3",
                     encoder_embed_dim=16, encoder_ffn_embed_dim=32, encoder_layers=1, decoder_layers=1,
                     encoder_attention_heads=4, decoder_attention_heads=4, share_decoder_input_output_embed=True,
                     speaker_embed_dim=6)
    args.target_speaker_embed = True
    plain("speaker", Net(args, state), 24, speaker=vector)


def fisher():
    """Heads by the defaults of the architecture: 4 and 8; an `args` Namespace instead of cfg; float16 weights."""
    state = random_state(2, torch.float16, 24, 16, 32, 32, (1, 1))
    args = arguments("s2ut_transformer_fisher", target_code_size=20, encoder_embed_dim=16, decoder_embed_dim=32,
                     conv_channels=24, conv_kernel_sizes="5,3")
    args.encoder_ffn_embed_dim, args.encoder_layers, args.decoder_layers = 32, 1, 1
    net = Net(args, state, heads=(4, 8))
    plain("fisher", net, 24)
    cases = json.load(open(f"{HERE}/fisher.json"))
    save("fisher", net, cases, lambda a: {"args": a})


def multilingual():
    """Language tags as first decoder input, a dictionary that is not in unit order, config.yaml with the older key."""
    symbols = [str(i) for i in range(19, -1, -1)] + ["[en]", "[es]"]
    with open(f"{HERE}/multilingual.dict.txt", "w") as f:
        f.writelines(f"{s} 1\n" for s in symbols)
    with open(f"{HERE}/multilingual.config.yaml", "w") as f:
        f.write("input_channels: 1\ninput_feat_per_channel: 80\nprepend_tgt_lang_tag_as_bos: true\n"
                "vocab_filename: multilingual.dict.txt\ntransforms:\n  '*': [no_such_transform]\n"
                "  _eval: [utterance_cmvn]\n  _train: [utterance_cmvn, specaugment]\n")
    vocab, tag = 26, 4 + 21
    state = random_state(32, torch.float32, vocab, 16, 16, 32, (1, 2))
    args = arguments("s2ut_transformer", target_code_size=20, conv_channels=24, conv_kernel_sizes="5,3",
                     encoder_embed_dim=16, encoder_ffn_embed_dim=32, encoder_layers=1, decoder_layers=2,
                     encoder_attention_heads=4, decoder_attention_heads=4, infer_target_lang="")
    plain("multilingual", Net(args, state), vocab, first=tag, lang="es")


def global_cmvn():
    """Statistics for the global_cmvn transform; tests/unit/test_data_config.c knows the formula."""
    bins = np.arange(80)
    np.savez_compressed(f"{HERE}/global_cmvn.npz", mean=10 + 0.05 * bins, std=(2 + 0.01 * bins).astype(np.float32))


def stacked():
    """Three units a step. One utterance ends by </s> in the middle of a step, the other is cut at max_target_positions."""
    r, vocab, steps = 3, 16, 14
    state = random_state(STACKED_SEED, torch.float32, vocab, 16, 16, 32, (1, 2), r=r, gain=2.0)
    args = arguments("s2ut_transformer", target_code_size=vocab - 4, conv_channels=24, conv_kernel_sizes="5,3",
                     encoder_embed_dim=16, encoder_ffn_embed_dim=32, encoder_layers=1, decoder_layers=2,
                     encoder_attention_heads=4, decoder_attention_heads=4, max_target_positions=steps)
    args.n_frames_per_step = r
    net, cases = Net(args, state), []
    for wav in WAVS:
        enc = net.encode(features(wav))
        units = [4, 15, 9, 2, 7, 4]  # the </s> among them counts as unit 0
        packed = [EOS] + [4 + sum(max(t - 4, 0) * 12 ** (2 - i) for i, t in enumerate(units[j:j + 3])) for j in (0, 3)]
        prefix = forced("stacked", net, wav, enc, [EOS] + units, r, packed)
        cases.append({"wav": wav, "prefix": prefix, "beam": 1, "max_len_b": 200, "speaker": [],
                      "nbest": [stacked_search(net, enc, r, vocab, steps)]})
        print("stacked", wav, cases[-1]["nbest"][0]["tokens"])
    save("stacked", net, cases)


STACKED_SEED = 12

if __name__ == "__main__":
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    for make in [post_norm, learned, speaker, fisher, multilingual, stacked, global_cmvn]:
        make()
