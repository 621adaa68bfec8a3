"""Makes the data files of this folder from the data sets that scikit-learn ships, from docs.txt, and from a seed.

    python3 -m venv v && v/bin/pip install numpy scikit-learn==1.9.1 && v/bin/python make.py

The files are committed; this script only says where they come from (it gives the same bytes again). See README.md for sources and licences."""
import csv
import numpy as np
from sklearn.datasets import load_diabetes, load_digits, load_breast_cancer


def write(name, header, rows):
    with open(name, "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(header)
        w.writerows(rows)


def numbers(a):
    return [["%.5g" % v for v in row] for row in a]


rng = np.random.default_rng(0)

# The 442 diabetes patients: columns and target to mean 0 and deviation 1; 300 for training, 142 for validation.
d = load_diabetes(scaled=False)
t = np.column_stack([d.data, d.target])
t = (t - t.mean(0)) / t.std(0)
t = t[rng.permutation(len(t))]
head = list(d.feature_names) + ["progression"]
write("diabetes_train.csv", head, numbers(t[:300]))
write("diabetes_valid.csv", head, numbers(t[300:]))

# 569 breast tumours, 30 measurements (mean 0, deviation 1), 1 = malignant.
b = load_breast_cancer()
x = (b.data - b.data.mean(0)) / b.data.std(0)
order = rng.permutation(len(x))
head = [n.replace(" ", "_") for n in b.feature_names] + ["malignant"]
rows = [r + [str(1 - int(y))] for r, y in zip(numbers(x), b.target)]
write("tumours_train.csv", head, [rows[i] for i in order[:300]])
write("tumours_valid.csv", head, [rows[i] for i in order[300:]])

# 8x8 digits, pixels 0..16. In the training file 40 % of the labels (column label) are replaced by a random one; column true keeps them.
g = load_digits()
order = rng.permutation(len(g.target))
head = [f"p{k}" for k in range(64)]
train, valid = order[:400], order[400:700]
label = g.target.copy()
wrong = train[rng.random(len(train)) < 0.4]
label[wrong] = rng.integers(0, 10, len(wrong))
write("digits_train.csv", head + ["label", "true"], [list(map(int, g.data[i])) + [label[i], g.target[i]] for i in train])
write("digits_valid.csv", head + ["label"], [list(map(int, g.data[i])) + [g.target[i]] for i in valid])

# Rows drawn for the minibatches of an inner loop: one line per step.
write("batches.csv", [f"row{k}" for k in range(32)], rng.integers(0, 300, (20, 32)))

# Sine waves for MAML: 8 tasks, ten points to adapt on, ten to be judged on.
amplitude, phase = rng.uniform(0.5, 3, (8, 1, 1)), rng.uniform(0, np.pi, (8, 1, 1))
for name in ("s", "q"):
    x = rng.uniform(-5, 5, (8, 10, 1))
    np.save(f"sine_x{name}.npy", x)
    np.save(f"sine_y{name}.npy", amplitude * np.sin(x + phase))

# Digits for MAML, from the validation file: 8 tasks of five classes, one picture of each to adapt on, three to be judged on. Classes are numbered within the task.
xs, xq = np.zeros((8, 5, 8, 8, 1), np.uint8), np.zeros((8, 15, 8, 8, 1), np.uint8)
for task in range(8):
    for k, c in enumerate(rng.permutation(10)[:5]):
        pick = rng.permutation(valid[g.target[valid] == c])[:4]
        pictures = g.data[pick].reshape(4, 8, 8, 1)
        xs[task, k], xq[task, 3 * k:3 * k + 3] = pictures[0], pictures[1:]
np.save("digit_xs.npy", xs)
np.save("digit_xq.npy", xq)
np.save("digit_yq.npy", np.tile(np.repeat(np.arange(5, dtype=np.uint8), 3), (8, 1)))

# Text: docs.txt as numbers; the end of it cut in 40 pieces of 129 bytes (each ends with the first byte of the next), of which half become bytes drawn at random.
text = np.frombuffer(open("docs.txt", "rb").read(), np.uint8)
np.save("docs.npy", text)
pieces = np.stack([text[len(text) - 128 * (40 - k) - 1:][:129] for k in range(40)])
is_text = rng.permutation(np.arange(40) % 2)
pieces[is_text == 0] = rng.integers(32, 127, (20, 129))
np.save("pieces.npy", pieces)
np.save("pieces_text.npy", is_text.astype(np.uint8))
