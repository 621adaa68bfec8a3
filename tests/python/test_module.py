"""The modules that --python writes, used as a script would. usage: test_module.py FOLDER REFERENCE: one module for each of PROBLEMS in FOLDER, in double;
REFERENCE/NAME has in/ and out/. Prints "N passed, N failed"."""
import importlib
import os
import sys
import threading

import numpy as np

folder, reference = sys.argv[1:3]
sys.path.insert(0, folder)
passed = failed = 0


def check(what, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAIL python:", what)


def close(a, b):
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and np.abs(a - b).max(initial=0) <= 1e-10 * max(1, np.abs(b).max(initial=0))


def files(name, part):
    path = os.path.join(reference, name, part)
    return {f[:-4]: np.load(os.path.join(path, f)) for f in sorted(os.listdir(path)) if f.endswith(".npy")}


def raises(kind, words, function, *args, **named):
    """The error is of this kind and its text has all the words."""
    try:
        function(*args, **named)
    except kind as e:
        check(f"{words} in: {e}", all(w in str(e) for w in words))
    else:
        check(f"{kind.__name__} {words} expected", False)


def flat(record, before=""):
    out = {}
    for k, v in record.items():
        out.update(flat(v, before + k + ".") if isinstance(v, dict) else {before + k: v})
    return out


def compare(module, name, inputs, out):
    value, grad = module.hypergradient(**inputs)
    check(f"{name}: outer", close(value, out["outer"]) and module.value(**inputs) == value)
    want = {k[2:]: v for k, v in out.items() if k.startswith("d_")}
    got = flat(grad)
    check(f"{name}: names of the gradient", got.keys() == want.keys())
    for k in want:
        check(f"{name}: d_{k}", close(got[k], want[k]))
    params = flat(module.adapt(**inputs))
    for k, v in out.items():
        if k.startswith("p_"):
            check(f"{name}: {k}", close(params[k[2:]], v))


# records: dotted names, nested dicts, log lines, learn
records = importlib.import_module("records")
inputs, out = files("records", "in"), files("records", "out")
compare(records, "records", inputs, out)
nested = {k: v for k, v in inputs.items() if not k.startswith("prior.")} | {"prior": {"w": inputs["prior.w"], "b": inputs["prior.b"]}}
check("records: nested dicts", records.hypergradient(**nested)[0] == records.hypergradient(**inputs)[0])
check("records: logs", records.logs(**inputs).size == 4 and np.isfinite(records.logs(**inputs)).all())
metas = {k: v for k, v in inputs.items() if k in {w[2:] for w in out}}
grad = records.hypergradient(**inputs)[1]
state = records.learn_init(**metas)
moved = flat(records.learn(0, grad, state, **metas))
# the first step of adam has the size of the rate, against the sign of the gradient
check("records: learn", all(np.abs(moved[k] - metas[k] + (0.001 if k.startswith("start") else 0.01) * np.sign(g)).max() < 1e-4 for k, g in flat(grad).items() if np.abs(g).min() > 1e-3))
check("records: learn keeps its arguments", all((metas[k] == inputs[k]).all() for k in metas) and any((moved[k] != metas[k]).any() for k in metas))
check("records: init", flat(records.init()).keys() == metas.keys() and np.abs(records.init(1)["start"]["inp"]["w"] - records.init(2)["start"]["inp"]["w"]).max() > 0)
only_data = {k: v for k, v in inputs.items() if k not in metas}
check("records: initial values where left out", records.value(**only_data) == records.value(**only_data, **{k: v for k, v in flat(records.init()).items()}))
check("records: docstring", all(w in records.__doc__ for w in ("log_rate.blocks.lin.w", "D=3", "double")))

# integers, scalars, arrays that are not contiguous, integers for reals
indexing = importlib.import_module("indexing")
inputs, out = files("indexing", "in"), files("indexing", "out")
compare(indexing, "indexing", inputs, out)
check("indexing: strides", indexing.value(**inputs | {"x": np.asfortranarray(inputs["x"])}) == indexing.value(**inputs))
check("indexing: lists", indexing.value(**inputs | {"u": [1, 1, 1, 1]}) == indexing.value(**inputs | {"u": np.ones(4)}))
raises(ValueError, ["pick", "outside its range", "value 7"], indexing.value, **inputs | {"pick": np.full(6, 7)})
raises(TypeError, ["pick", "float64", "integers"], indexing.value, **inputs | {"pick": np.zeros(6)})
raises(ValueError, ["pick", "32 bits"], indexing.value, **inputs | {"pick": np.full(6, 2**40)})
raises(TypeError, ["x", "complex128", "real numbers"], indexing.value, **inputs | {"x": inputs["x"] * 1j})
raises(ValueError, ["x", "(5, 7)", "(7, 5)"], indexing.value, **inputs | {"x": inputs["x"].T})
raises(ValueError, ["x", "no array"], indexing.value, **inputs | {"x": [[1, 2], [3]]})
raises(ValueError, ["x", "masked"], indexing.value, **inputs | {"x": np.ma.masked_less(inputs["x"], 0)})
raises(ValueError, ["seed", "-1"], indexing.init, -1)
raises(ValueError, ["seed", str(2**64)], indexing.init, 2**64)
raises(TypeError, ["seed", "float", "whole number"], indexing.init, 1.5)
indexing.init(2**64 - 1)
raises(TypeError, ["limits", "did you mean limit"], indexing.value, **inputs | {"limits": 1})
raises(TypeError, ["missing data", "x", "y"], indexing.value, **{k: v for k, v in inputs.items() if k not in "xy"})
raises(TypeError, ["no array is called w0.a", "did you mean w0"], indexing.value, **inputs | {"w0": {"a": 1}})

# tasks: the mean, and the same bits for any number of threads, of OpenMP and of the caller
maml = importlib.import_module("maml_sine")
inputs, out = files("maml_sine", "in"), files("maml_sine", "out")
data, metas = {k: inputs[k] for k in ("xs", "ys", "xq", "yq")}, {k: v for k, v in inputs.items() if "." in k}
tasks = [{k: v[t] for k, v in data.items()} for t in range(len(data["xs"]))]
value, grad = maml.hypergradient_tasks(tasks, **metas)
check("maml_sine: outer", close(value, out["outer"]))
for k, g in flat(grad).items():
    check(f"maml_sine: d_{k}", close(g, out["d_" + k]))
check("maml_sine: 3 threads", all(flat(maml.hypergradient_tasks(tasks, 3, **metas)[1])[k].tobytes() == g.tobytes() for k, g in flat(grad).items()))
raises(ValueError, ["one task"], maml.hypergradient_tasks, [], **metas)
raises(ValueError, ["one thread"], maml.hypergradient_tasks, tasks, 0, **metas)
raises(TypeError, ["threads", "float"], maml.hypergradient_tasks, tasks, 2.0, **metas)
raises(TypeError, ["missing data", "yq"], maml.hypergradient_tasks, [tasks[0], {k: tasks[0][k] for k in ("xs", "ys", "xq")}], **metas)
got = [None] * 4
crew = [threading.Thread(target=lambda t=t: got.__setitem__(t, [maml.value(**tasks[t % len(tasks)], **metas) for _ in range(20)])) for t in range(4)]
for t in crew:
    t.start()
for t in crew:
    t.join()
check("maml_sine: threads of the caller", all(got[t] == [maml.value(**tasks[t % len(tasks)], **metas)] * 20 for t in range(4)))
raises(TypeError, ["no learn line"] if not maml._problem.learn_steps else ["missing meta"], maml.learn, 0, {}, maml.learn_init(**metas) if maml._problem.learn_steps else None)

# windows: the last of three, carried from the two before, is what the whole problem's gradient flows through
truncated = importlib.import_module("truncated")
inputs, out = files("truncated", "in"), files("truncated", "out")
compare(truncated, "truncated", inputs, out)
carried = truncated.window_init()
for step in (0, 4, 8):
    value, grad = truncated.hypergradient_window(step, carried, **inputs)
check("truncated: the last window's outer", close(value, out["outer"]))
for k, g in flat(grad).items():
    check(f"truncated: the last window's d_{k}", close(g, out["d_" + k]))
raises(ValueError, ["step", "no window begins"], truncated.hypergradient_window, 3, carried, **inputs)
raises(TypeError, ["step", "float"], truncated.hypergradient_window, 0.0, carried, **inputs)
raises(TypeError, ["window_init"], truncated.hypergradient_window, 0, np.zeros(8), **inputs)
raises(TypeError, ["truncate"], maml.window_init)

# no steps; several optimizers and learn lines; a docstring has every array with its shape
for name in ("edge_T0", "two_optimizers"):
    compare(importlib.import_module(name), name, files(name, "in"), files(name, "out"))
for name in ("records", "indexing", "maml_sine", "edge_T0", "two_optimizers"):
    module = importlib.import_module(name)
    lines = [line.strip() for line in module.__doc__.splitlines()]
    for leaf in module._data + module._meta + module._param:
        said = [line for line in lines if line.startswith(leaf.name + ": ")]
        sizes = [int(size.split("=")[-1]) for size in said[0].split("[")[1].split("]")[0].split(",") if size] if len(said) == 1 else None
        check(f"{name}: the docstring's {leaf.name}", sizes == list(leaf.shape) and said[0].split(": ")[1].startswith("real [" if leaf.real else "int ["))
check("maml_sine: the docstring tells tasks", "xs: real [K=10, 1], one for each task" in maml.__doc__)

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
