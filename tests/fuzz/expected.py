"""The numbers of a program as a few lines of text: `expected.py DIR` prints the name of each array of DIR (outer, d_NAME, p_NAME) with its norm and its product
with cos 1, cos 2, ...; `expected.py DIR FILE SEED` compares them with the lines `SEED NAME NORM PRODUCT` of FILE, to 1e-9 of the array's norm or of the
hypergradient's thousandth. FILE is written from a literal reading of the language in PyTorch (reader.py); nothing of mflc is in it. Only the standard library is needed."""
import math
import os
import struct
import sys


def load(path):
    with open(path, "rb") as f:
        b = f.read()
    n = struct.unpack("<H", b[8:10])[0]
    assert b[:8] == b"\x93NUMPY\x01\x00" and b"'<f8'" in b[10:10 + n], path
    return struct.unpack(f"<{(len(b) - 10 - n) // 8}d", b[10 + n:])


def told(folder):
    out = {}
    for f in sorted(os.listdir(folder)):
        if f.endswith(".npy"):
            v = load(os.path.join(folder, f))
            out[f[:-4]] = (math.sqrt(sum(x * x for x in v)), sum(x * math.cos(k + 1) for k, x in enumerate(v)))
    return out


def compare(got, want):
    """What differs, or None."""
    if set(got) != set(want):
        return f"other arrays: {sorted(set(got) ^ set(want))}"
    whole = math.sqrt(sum(n * n for k, (n, _) in want.items() if k.startswith("d_")))
    for k, (n, p) in want.items():
        scale = max(n, 1e-3 * whole if k.startswith("d_") else 0, 1e-6)
        error = max(abs(got[k][0] - n), abs(got[k][1] - p)) / scale
        if not error < 1e-9:
            return f"{k}: {got[k]} instead of {(n, p)}"
    return None


def main(folder, path=None, seed=None):
    got = told(folder)
    if path is None:
        for k, (n, p) in got.items():
            print(k, repr(n), repr(p))
        return 0
    want = {}
    with open(path) as f:
        for line in f:
            s, name, norm, product = line.split()
            if s == seed:
                want[name] = (float(norm), float(product))
    bad = compare(got, want)
    if bad:
        print(bad)
    return bad is not None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
