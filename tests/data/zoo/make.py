"""Writes the models of this folder: those of ../golden in other layouts, and small random ones of kinds for which there
is no reference to run, with what an independent PyTorch implementation (oracle.py) computes from them."""
import os

import numpy
import torch

import layouts
import oracle

here = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(here, "..", "golden")


def path(*parts):
    return os.path.join(here, *parts)


def wavlm_hf():
    """WavLM's release as Hugging Face has it: the encoder without prefix (WavLMModel)."""
    c = torch.load(os.path.join(golden, "wavlm", "large_like.pt"))
    tensors = {layouts.hf_name(k): v for k, v in c["model"].items()}
    config = layouts.hf_config(c["cfg"], model_type="wavlm", num_buckets=c["cfg"]["num_buckets"],
                               max_bucket_distance=c["cfg"]["max_distance"])
    layouts.write_hf(path("wavlm_hf"), config, tensors, c["cfg"]["normalize"])


W2V = "w2v_encoder.w2v_model."


def ctc_name(name):
    """Wav2Vec2ForCTC's name of a fine-tuned model's tensor."""
    return name.replace("w2v_encoder.proj.", "lm_head.") if not name.startswith(W2V) else \
        "wav2vec2." + layouts.hf_name(name[len(W2V):])


def hf_tensors(state):
    return {ctc_name(k): layouts.hf_tensor(k, v) for k, v in state.items()}


def mms_hf():
    """MMS as Hugging Face has it: the trunk with one language, a file of adapters for each, nested vocabularies."""
    c = torch.load(os.path.join(golden, "mms", "asr.pt"))
    cfg = c["cfg"]["model"]["w2v_args"]["model"]
    config = layouts.hf_config(cfg, model_type="wav2vec2", architectures=["Wav2Vec2ForCTC"],
                               adapter_attn_dim=cfg["adp_dim"])
    layouts.write_hf(path("mms_hf"), config, hf_tensors(c["model"]), True)
    vocab = {}
    for language, adapter in c["adapter"].items():
        layouts.write_safetensors(path("mms_hf", "adapter.%s.safetensors" % language), hf_tensors(adapter["model"]))
        vocab[language] = adapter["task_state"]["target_dictionary"].indices
    layouts.write_json(path("mms_hf", "vocab.json"), vocab)
    layouts.write_json(path("mms_hf", "tokenizer_config.json"),
                       {"bos_token": "<pad>", "eos_token": "</s>", "pad_token": "<s>", "unk_token": "<unk>",
                        "word_delimiter_token": "|", "target_lang": "eng",
                        "tokenizer_class": "Wav2Vec2CTCTokenizer"})


def lid_hf():
    """MMS language identification as Hugging Face has it: no activation in the head, here over a weighted sum of all
    layers, which fairseq has not."""
    c = torch.load(os.path.join(golden, "mms", "lid.pt"))
    cfg = dict(c["cfg"]["model"]["w2v_args"]["model"], normalize=True)
    labels = [line.split()[0] for line in open(os.path.join(golden, "mms", "lid.dict.lang.txt"))]
    state = c["model"]
    w = {k[len(W2V):]: v for k, v in state.items() if k.startswith(W2V)}
    weights = torch.tensor([0.3, -0.4, 0.9])
    tensors = {"wav2vec2." + layouts.hf_name(k): v for k, v in w.items()}
    tensors["layer_weights"] = weights
    for ours, theirs in (("linear", "projector"), ("projection", "classifier")):
        for part in ("weight", "bias"):
            tensors["%s.%s" % (theirs, part)] = state["pool_func.%s.%s" % (ours, part)]
    config = layouts.hf_config(cfg, model_type="wav2vec2", architectures=["Wav2Vec2ForSequenceClassification"],
                               id2label={str(i): v for i, v in enumerate(labels)}, use_weighted_layer_sum=True,
                               classifier_proj_size=20)
    layouts.write_hf(path("lid_hf"), config, tensors, True)
    cases = []
    for wav in oracle.WAVS:
        x = oracle.mixed(oracle.states(oracle.read_wav(wav), w, cfg), w, cfg, weights)
        x = oracle.linear(x, state, "pool_func.linear.").mean(0)
        logprobs = oracle.linear(x, state, "pool_func.projection.").log_softmax(0)
        cases.append({"wav": wav, "logprobs": logprobs.tolist()})
    layouts.write_json(path("lid_hf", "expected.json"), cases)


def golden_model(name):
    """Weights and config of a recorded encoder, to make others from."""
    c = torch.load(os.path.join(golden, name + ".pt"))
    cfg = c["cfg"].get("model", c["cfg"])
    cfg = dict(cfg if isinstance(cfg, dict) else vars(cfg))
    cfg.setdefault("normalize", c["cfg"].get("task", {}).get("normalize", False))
    return dict(c["model"]), cfg


def save_layers(name, w, cfg, layer=oracle.transformer_layer):
    for wav in oracle.WAVS:
        for i, state in enumerate(oracle.states(oracle.read_wav(wav), w, cfg, layer)[1:]):
            numpy.save(path("%s.%s.L%d.npy" % (name, wav, i + 1)), state.numpy())


def encoder_only(w):
    return {k: v for k, v in w.items() if k.split(".")[0] in
            ("feature_extractor", "layer_norm", "post_extract_proj", "encoder")}


def data2vec():
    """data2vec-audio: layer norm in each convolution, post-norm layers, a stack of plain convolutions for positions;
    as fairseq saved it and as Data2VecAudioModel."""
    torch.manual_seed(2)
    w, cfg = golden_model("hubert/large_like")
    w = {k: v for k, v in encoder_only(w).items() if "pos_conv" not in k}
    cfg.update(_name="data2vec_audio", layer_norm_first=False, conv_pos=15, pos_conv_depth=3)
    dim, groups = cfg["encoder_embed_dim"], cfg["conv_pos_groups"]
    for i in range(3):
        w["encoder.pos_conv.%d.0.weight" % i] = torch.randn(dim, dim // groups, 5) * 0.2
        w["encoder.pos_conv.%d.0.bias" % i] = torch.randn(dim) * 0.1
    save_layers("data2vec", w, cfg)
    extra = {"_ema": torch.zeros(3), "final_proj.weight": torch.zeros(dim, dim), "mask_emb": torch.zeros(dim)}
    torch.save({"cfg": {"_name": None, "model": cfg, "task": {"_name": "audio_pretraining", "normalize": True}},
                "model": dict(w, **extra)}, path("data2vec.pt"))
    names = {"encoder.pos_conv.%d.0.%s" % (i, p): "encoder.pos_conv_embed.layers.%d.conv.%s" % (i, p)
             for i in range(3) for p in ("weight", "bias")}
    config = layouts.hf_config(cfg, model_type="data2vec-audio", conv_pos_kernel_size=5)
    for key in ("do_stable_layer_norm", "feat_extract_norm"):
        del config[key]
    layouts.write_hf(path("data2vec_hf"), config, {names.get(k) or layouts.hf_name(k): v for k, v in w.items()}, True)


def distilhubert():
    """DistilHuBERT: two layers, no norm before the projection; as s3prl's distiller and as Hugging Face's HubertModel."""
    w, cfg = golden_model("hubert/base_like")
    w = {k: v for k, v in encoder_only(w).items() if not k.startswith("layer_norm.") and ".layers.2." not in k}
    cfg.update(encoder_layers=2)
    save_layers("distilhubert", w, cfg)
    heads = {"output_layer.0.weight": torch.zeros(8, 8), "output_layer.0.bias": torch.zeros(8)}
    settings = {k: cfg[k] for k in ("encoder_layers", "encoder_embed_dim", "encoder_attention_heads")}
    torch.save({"Distiller": dict(w, **heads), "Config": {"distiller": settings}, "Step": 200000},
               path("distilhubert.pt"))
    config = layouts.hf_config(cfg, model_type="hubert", feat_proj_layer_norm=False)
    layouts.write_hf(path("distilhubert_hf"), config, {layouts.hf_name(k): v for k, v in w.items()}, False)


def unispeech_sat():
    """UniSpeech-SAT and ILS-SSL as their repository saved them: heads of the training beside the encoder, and of ILS-SSL
    the bias of distances without gates."""
    w, cfg = golden_model("hubert/base_like")
    dim = cfg["encoder_embed_dim"]
    heads = {"final_proj.weight": torch.zeros(4, dim), "label_embs_concat": torch.zeros(2, 4),
             "spk_proj.weight": torch.zeros(4, dim), "layer_norm_for_extract.weight": torch.ones(dim),
             "quantizer.vars": torch.zeros(1, 4, 2), "project_q.weight": torch.zeros(4, 4)}
    torch.save({"args": None, "cfg": {"model": dict(cfg, _name="unispeech_sat"),
                                      "task": {"normalize": cfg["normalize"]}},
                "model": dict(encoder_only(w), **heads)}, path("unispeech_sat.pt"))
    w, cfg = golden_model("wavlm/base_like")
    w = {k: v for k, v in encoder_only(w).items() if "grep_" not in k}
    cfg.update(_name="ils_hubert", gru_rel_pos=False)
    save_layers("ils_ssl", w, cfg)
    heads = {"final_proj.0.weight": torch.zeros(4, dim), "post_layer_norm.0.weight": torch.ones(dim)}
    torch.save({"cfg": {"model": cfg, "task": {"normalize": False}}, "model": dict(w, **heads)}, path("ils_ssl.pt"))


def superb():
    """The weighted sum of all layers that SUPERB's probes read, and its mean and maximum over time."""
    w, cfg = golden_model("wavlm/large_like")
    weights = torch.tensor([0.2, -1.0, 0.7, 1.5])
    numpy.save(path("superb.weights.npy"), weights.numpy())
    mixes = [oracle.mixed(oracle.states(oracle.read_wav(wav), w, cfg), w, cfg, weights) for wav in oracle.WAVS]
    numpy.save(path("superb.tone.npy"), mixes[-1].numpy())
    numpy.save(path("superb.mean.npy"), torch.stack([m.mean(0) for m in mixes]).numpy())
    numpy.save(path("superb.max.npy"), torch.stack([m.max(0)[0] for m in mixes]).numpy())


def ecapa():
    """A speaker verification model as released: an ECAPA-TDNN beside s3prl's WavLM, and no config at all."""
    torch.manual_seed(6)
    w, cfg = golden_model("wavlm/base_like")
    w, cfg = encoder_only(w), dict(cfg, encoder_attention_heads=4, max_distance=800)
    net = oracle.random_ecapa(cfg["encoder_embed_dim"], 16, 20, 12)
    net["feature_weight"] = torch.randn(cfg["encoder_layers"] + 1)
    torch.save({"model": dict({"feature_extract.model." + k: v for k, v in w.items()}, **net)}, path("ecapa.pth"))
    vectors = []
    for wav in oracle.WAVS:
        x = oracle.mixed(oracle.states(oracle.read_wav(wav), w, cfg), w, cfg, net["feature_weight"])
        vectors.append(oracle.ecapa(x, net))
    numpy.save(path("ecapa.npy"), torch.stack(vectors).numpy())


def conformer():
    """Conformer wav2vec 2.0 with relative and with rotary positions; its positional convolution is there and unused."""
    for kind in ("rel_pos", "rope"):
        torch.manual_seed(8)
        w, cfg = golden_model("hubert/large_like")
        w = {k: v for k, v in encoder_only(w).items() if ".layers." not in k or "conv_layers" in k}
        dim, heads, ffn = cfg["encoder_embed_dim"], cfg["encoder_attention_heads"], 24
        cfg.update(_name="wav2vec2", encoder_layers=2, encoder_ffn_embed_dim=ffn, layer_type="conformer",
                   attn_type="espnet", pos_enc_type=kind, depthwise_conv_kernel_size=7)
        for i in range(2):
            p = "encoder.layers.%d." % i
            for name in ("ffn1.layer_norm", "ffn2.layer_norm", "self_attn_layer_norm", "conv_module.layer_norm",
                         "final_layer_norm", "conv_module.batch_norm"):
                w[p + name + ".weight"], w[p + name + ".bias"] = torch.rand(dim) + 0.5, torch.randn(dim) * 0.1
            for name, c_out, c_in in [("ffn1.w_1", ffn, dim), ("ffn1.w_2", dim, ffn), ("ffn2.w_1", ffn, dim),
                                      ("ffn2.w_2", dim, ffn)] + [("self_attn.linear_" + n, dim, dim) for n in
                                                                 ("q", "k", "v", "out")]:
                w[p + name + ".weight"] = torch.randn(c_out, c_in) / c_in ** 0.5
                w[p + name + ".bias"] = torch.randn(c_out) * 0.1
            c = p + "conv_module."
            w[c + "pointwise_conv1.weight"] = torch.randn(2 * dim, dim, 1) / dim ** 0.5
            w[c + "depthwise_conv.weight"] = torch.randn(dim, 1, 7) / 7 ** 0.5
            w[c + "pointwise_conv2.weight"] = torch.randn(dim, dim, 1) / dim ** 0.5
            w[c + "batch_norm.running_mean"], w[c + "batch_norm.running_var"] = torch.randn(dim), torch.rand(dim) + 0.5
            w[c + "batch_norm.num_batches_tracked"] = torch.tensor(9)
            if kind == "rel_pos":
                w[p + "self_attn.linear_pos.weight"] = torch.randn(dim, dim) / dim ** 0.5
                for n in "uv":
                    w[p + "self_attn.pos_bias_" + n] = torch.randn(heads, dim // heads) * 0.5
            else:
                w[p + "self_attn.rotary_emb.inv_freq"] = torch.zeros(dim // heads // 2)
        save_layers("conformer_" + kind, w, cfg, oracle.conformer_layer)
        torch.save({"cfg": {"model": cfg, "task": {"normalize": True}}, "model": w}, path("conformer_%s.pt" % kind))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    layouts.know_fairseq()
    wavlm_hf()
    mms_hf()
    lid_hf()
    data2vec()
    distilhubert()
    unispeech_sat()
    superb()
    ecapa()
    conformer()
