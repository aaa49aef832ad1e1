"""Writes the models of this folder: those of ../golden in other layouts, and small random ones of kinds for which there
is no reference to run, with what an independent PyTorch implementation (oracle.py) computes from them."""
import os

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


if __name__ == "__main__":
    wavlm_hf()
