"""Writes the models of this folder: those of ../golden in other layouts, and small random ones of kinds for which there
is no reference to run, with what an independent PyTorch implementation (oracle.py) computes from them."""
import os
import sys
import types

import torch

import layouts

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


def class_of_fairseq():
    """Dictionary as fairseq pickles it."""
    parts = {n: types.ModuleType(n) for n in ("fairseq", "fairseq.data", "fairseq.data.dictionary")}
    parts["fairseq.data.dictionary"].Dictionary = type("Dictionary", (), {"__module__": "fairseq.data.dictionary"})
    sys.modules.update(parts)


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


if __name__ == "__main__":
    class_of_fairseq()
    wavlm_hf()
    mms_hf()
