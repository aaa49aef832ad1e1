#!/usr/bin/env python3
"""Compares s2u-kmeans with scikit-learn's MiniBatchKMeans on the same features and options: inertia and time.

    peer_kmeans.py S2U_KMEANS [ROWS [DIM [K [N_INIT]]]]          default 100000 768 100 5

The features are a mixture of 4 K normal distributions of unequal weight. Prints both mean squared distances over all rows,
their ratio and both times; exits 1 if s2u-kmeans is more than 1 % worse.
"""
import json
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.cluster import MiniBatchKMeans


def mixture(rows, dim, k):
    random = np.random.RandomState(0)
    weights = random.dirichlet(np.ones(4 * k))
    centers = random.randn(4 * k, dim).astype(np.float32)
    which = random.choice(4 * k, rows, p=weights)
    out = random.standard_normal((rows, dim)).astype(np.float32)
    out += centers[which]
    return out


def inertia(rows, centers):
    total = 0.0
    squares = (centers.astype(np.float64) ** 2).sum(1)
    for part in np.array_split(rows, 32):
        part = part.astype(np.float64)
        total += ((part**2).sum(1) + (squares - 2 * part @ centers.T.astype(np.float64)).min(1)).sum()
    return total / len(rows)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    rows, dim, k, n_init = [int(a) for a in sys.argv[2:]] + [100000, 768, 100, 5][len(sys.argv) - 2:]
    data = mixture(rows, dim, k)
    with tempfile.TemporaryDirectory() as folder:
        np.save(folder + "/f.npy", data)
        start = time.time()
        subprocess.check_call(
            [sys.argv[1], "-q", "-k", str(k), "--n-init", str(n_init), "-o", folder + "/c.npy", folder + "/f.npy"])
        ours_time = time.time() - start
        ours = inertia(data, np.load(folder + "/c.npy"))
        card = json.load(open(folder + "/c.json"))
    peer = MiniBatchKMeans(k, init="k-means++", max_iter=100, batch_size=10000, tol=0.0, max_no_improvement=100,
                           n_init=n_init, reassignment_ratio=0.0, random_state=0, compute_labels=False)
    start = time.time()
    peer.fit(data)
    peer_time = time.time() - start
    theirs = inertia(data, peer.cluster_centers_)
    print("s2u-kmeans    inertia %.4f  %6.1f s  %d steps" % (ours, ours_time, card["steps"]))
    print("scikit-learn  inertia %.4f  %6.1f s  %d steps" % (theirs, peer_time, peer.n_steps_))
    print("ratio         %.5f" % (ours / theirs))
    assert abs(card["inertia"] / ours - 1) < 1e-4
    return int(ours > 1.01 * theirs)


if __name__ == "__main__":
    sys.exit(main())
