"""XM transformers over conformers, of which there are no recorded cases: the encoders of this folder, the adaptor and
decoder of ../golden/xm/proj.pt, and what oracle.py's encoder and ../s2ut/make.py's decoder give for them. Both are first
checked against the recorded case itself."""
import importlib.util
import json
import os
import types

import numpy
import torch
import torch.nn.functional as F

import layouts
import oracle

here = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(oracle.golden, "xm")
W2V = "encoder.w2v_encoder.w2v_model."
EOS = 2

spec = importlib.util.spec_from_file_location("s2ut", os.path.join(here, "..", "s2ut", "make.py"))
s2ut = importlib.util.module_from_spec(spec)
spec.loader.exec_module(s2ut)


def encode(samples, state, cfg, layer):
    """The encoder's last layer and its norm, the projection, one convolution of stride 2 that halves the length."""
    w = {k[len(W2V):]: v for k, v in state.items() if k.startswith(W2V)}
    x = oracle.layer_norm(oracle.states(samples, w, cfg, layer)[-1], w, "encoder.layer_norm.")
    x = oracle.linear(x, state, "encoder.w2v_encoder.proj.")
    p = "encoder.adaptor.layers.0."
    return F.glu(F.conv1d(x.t()[None], state[p + "weight"], state[p + "bias"], stride=2, padding=1), 1)[0].t()


def decoder(state):
    """Pre-norm, gelu, 4 heads, as in proj.pt."""
    return s2ut.Net(types.SimpleNamespace(), state, act=F.gelu, heads=(0, 4))


def text(tokens, symbols):
    return " ".join(symbols[t] for t in tokens if t != EOS)


def cases_of(state, cfg, layer, symbols):
    """[(wav, encoder output, prefix, log-probabilities of it, beam case)], prefixes and searches as recorded."""
    net = decoder(state)
    for wav in oracle.WAVS:
        samples = oracle.read_wav(wav)
        enc = encode(samples, state, cfg, layer)
        prefix = numpy.load(os.path.join(golden, "proj.%s.prefix.npy" % wav))
        logprobs = net.logits(prefix.tolist(), enc).log_softmax(-1)
        beams = []
        for settings in ({"beam": 1, "max_len_b": 40}, {"beam": 10, "max_len_a": 0.003125, "max_len_b": 20}):
            most = int(settings.get("max_len_a", 0) * len(samples) + settings["max_len_b"])
            nbest = s2ut.beam_search(net, enc, EOS, settings["beam"], settings["beam"], most)
            for hyp in nbest:
                hyp["text"] = text(hyp["tokens"], symbols)
            beams.append(dict(settings, wav=wav, nbest=nbest))
        yield wav, enc, prefix, logprobs, beams


def read_symbols():
    lines = open(os.path.join(golden, "proj.dict.txt"), encoding="utf-8").read().splitlines()
    return ["<s>", "<pad>", "</s>", "<unk>"] + [line.rsplit(" ", 1)[0] for line in lines]


def check(state, symbols):
    cfg = {"normalize": True, "layer_norm_first": True, "encoder_layers": 2, "encoder_attention_heads": 4,
           "conv_pos_groups": 4, "conv_feature_layers": "[(24,10,5)] + [(24,3,2)] * 4 + [(24,2,2)] * 2"}
    recorded = {(c["wav"], c["beam"]): c for c in json.load(open(os.path.join(golden, "proj.beam.json")))}
    worst = 0
    for wav, enc, _, logprobs, beams in cases_of(state, cfg, oracle.transformer_layer, symbols):
        for got, name in ((enc, "enc"), (logprobs, "logprobs")):
            want = numpy.load(os.path.join(golden, "proj.%s.%s.npy" % (wav, name)))
            worst = max(worst, numpy.abs(got.numpy() - want).max())
        for case in beams:
            want = recorded[wav, case["beam"]]["nbest"]
            assert [h["tokens"] for h in case["nbest"]] == [h["tokens"] for h in want]
            assert [h["text"] for h in case["nbest"]] == [h["text"] for h in want]
    print("xm/proj: max diff %.2g" % worst)
    assert worst < 1e-4


def make(kind, seed, proj, symbols):
    torch.manual_seed(seed)
    c = torch.load(os.path.join(here, "conformer_%s.pt" % kind))
    cfg, name = c["cfg"]["model"], os.path.join(here, "xm_" + kind)
    dim = proj["model"]["encoder.w2v_encoder.proj.weight"].shape[0]
    state = {k: v for k, v in proj["model"].items() if not k.startswith(W2V)}
    state.update({W2V + k: v for k, v in c["model"].items()})
    state["encoder.w2v_encoder.proj.weight"] = torch.randn(dim, cfg["encoder_embed_dim"]) * 4 / dim ** 0.5
    torch.save({"cfg": {"model": proj["cfg"]["model"]}, "model": state}, name + ".pt")
    searches = []
    for wav, enc, prefix, logprobs, beams in cases_of(state, cfg, oracle.conformer_layer, symbols):
        for part, array in (("enc", enc.numpy()), ("prefix", prefix), ("logprobs", logprobs.numpy())):
            numpy.save("%s.%s.%s.npy" % (name, wav, part), array)
        searches += beams
    layouts.write_json(name + ".beam.json", searches)
    print(kind, [c["nbest"][0]["text"] for c in searches])


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    layouts.know_fairseq()
    model = torch.load(os.path.join(golden, "proj.pt"))
    names = read_symbols()
    check(model["model"], names)
    for positions, of_varied_outputs in (("rel_pos", 8), ("rope", 2)):
        make(positions, of_varied_outputs, model, names)
