"""Writes the models of this folder: those of ../golden in other layouts, and small random ones of kinds for which there
is no reference to run, with what an independent PyTorch implementation (oracle.py) computes from them."""
import os

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


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    layouts.know_fairseq()
    wavlm_hf()
    mms_hf()
    lid_hf()
