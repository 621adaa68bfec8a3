"""More problems in JAX, of kinds that are not among the tasks: the examples (examples/NAME.mfl, with their own data) and models of tests/models at sizes worth measuring.

    python more.py NAME --save DIR [--method default|step] [--dtype float64] [--repeat 50] [--save-grad DIR]

writes the inputs as .npy under the names of the .mfl file, times jit(value_and_grad) and prints one JSON line; `define` in it is what mflc wants by -D.
Inner steps and model loops are lax.scan, tasks vmap. Methods: `default` keeps everything, `step` has jax.checkpoint around each inner step. See ../more.sh.
"""
import argparse, csv, json, os, time

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("name")
ap.add_argument("--method", default="default", choices=["default", "step"])
ap.add_argument("--dtype", default="float32", choices=["float32", "float64"])
ap.add_argument("--repeat", type=int, default=50)
ap.add_argument("--save")
ap.add_argument("--save-grad")
opts = ap.parse_args()
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])        # before XLA counts the cores
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import numpy as np
import jax, jax.numpy as jnp
from jax.nn import log_softmax, sigmoid, silu, softmax
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp

if opts.dtype == "float64":
    jax.config.update("jax_enable_x64", True)
tree = jax.tree_util.tree_map
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/data")
real = lambda a: np.asarray(a, opts.dtype)
n = np.random.default_rng(0).standard_normal


# ---- arrays ------------------------------------------------------------------------------------------------------------
def load(name):
    return np.load(f"{EXAMPLES}/{name}.npy")


def columns(name, first, last):
    """Columns first to last of a CSV file, counted from 1."""
    with open(f"{EXAMPLES}/{name}.csv") as f:
        return np.array([[float(v) for v in row[first - 1:last]] for row in list(csv.reader(f))[1:]])


def dense(i, o):
    return {"w": n((i, o)) / np.sqrt(i), "b": np.zeros(o)}


def gates(names, i, d):
    return {g: {"wx": n((i, d)) / np.sqrt(i), "wh": n((d, d)) / np.sqrt(d), "b": np.zeros(d)} for g in names}


def flatten(t, prefix=""):
    return {k: v for q, x in t.items() for k, v in (flatten(x, f"{prefix}{q}.") if isinstance(x, dict) else {prefix + q: x}).items()}


# ---- update rules and the inner loop -----------------------------------------------------------------------------------
def sgd(rate):
    """rate: a number or a tree like the params"""
    step = lambda p, g, s, t: (tree(lambda p, g, r: p - r * g, p, g, rate) if isinstance(rate, dict) else tree(lambda p, g: p - rate * g, p, g), s)
    return lambda p: (), step


def adam(rate, eps_root, b1=0.9, b2=0.999, eps=1e-8):
    def step(p, g, s, t):
        m, v = tree(lambda m, g: b1 * m + (1 - b1) * g, s[0], g), tree(lambda v, g: b2 * v + (1 - b2) * g * g, s[1], g)
        k = t + 1
        return tree(lambda p, m, v: p - rate * (m / (1 - b1**k)) / (jnp.sqrt(v / (1 - b2**k) + eps_root) + eps), p, m, v), (m, v)
    return lambda p: (tree(jnp.zeros_like, p), tree(jnp.zeros_like, p)), step


def rmsprop(rate, eps_root, decay=0.9, eps=1e-8):
    def step(p, g, v, t):
        v = tree(lambda v, g: decay * v + (1 - decay) * g * g, v, g)
        return tree(lambda p, g, v: p - rate * g / (jnp.sqrt(v + eps_root) + eps), p, g, v), v
    return lambda p: tree(jnp.zeros_like, p), step


def scan_steps(one, carry, steps):
    """one(carry, t) -> carry, value"""
    return jax.lax.scan(jax.checkpoint(one) if opts.method == "step" else one, carry, jnp.arange(steps))


def descend(inner, p, steps, opt):
    start, update = opt

    def one(c, t):
        p, s = c
        return update(p, jax.grad(inner)(p, t), s, t.astype(opts.dtype)), None
    return scan_steps(one, (p, start(p)), steps)[0][0]


def lin(p, x):
    return x @ p["w"] + p["b"]


def pick(z, y):
    return jnp.take_along_axis(z, y[..., None], -1)[..., 0]


def xent(z, y):
    return -pick(log_softmax(z), y)


def fold(f, carry, *xs):
    """The carry after all steps of a model loop."""
    return jax.lax.scan(lambda c, x: (f(c, *x), None), carry, xs)[0]


# ---- examples: (sizes for -D, data, meta, value(meta, data)) ------------------------------------------------------------
def maml_digits():
    W, C, M = 5, 8, 16
    start = {"c1": {"f": n((3, 3, 1, C)) / 3, "bias": np.zeros(C)}, "c2": {"f": n((3, 3, C, M)) / np.sqrt(9 * C), "bias": np.zeros(M)}, "head": dense(M, W)}
    conv = lambda p, x: jax.lax.conv_general_dilated(x, p["f"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["bias"]

    def net(p, x):
        h = silu(conv(p["c1"], x / 16))
        h = h.reshape(-1, 3, 2, 3, 2, C).max((2, 4))
        return lin(p["head"], silu(conv(p["c2"], h))[:, 0, 0])

    def value(m, d):
        def task(xs, xq, yq):
            inner = lambda p, t: xent(net(p, xs), jnp.arange(W)).mean()
            return xent(net(descend(inner, m["start"], 5, sgd(tree(jnp.exp, m["log_rate"]))), xq), yq).mean()
        return jax.vmap(task)(d["xs"], d["xq"], d["yq"]).mean()
    return {}, dict(xs=load("digit_xs"), xq=load("digit_xq"), yq=load("digit_yq")), dict(start=start, log_rate=tree(lambda a: -np.ones(a.shape), start)), value


def gaussian_process():
    N, V = 40, 20
    data = {f"{a}_{b}": columns(f"diabetes_{c}", *k) for a, c in (("all", "train"), ("val", "valid")) for b, k in (("x", (1, 10)), ("y", (11, 11)))}
    data = {k: v[:, 0] if k.endswith("y") else v for k, v in data.items()}

    def kernel(a, b, len, amp):
        return amp * jnp.exp(-0.5 * ((a[:, None] / len - b[None] / len) ** 2).sum(-1))

    def value(m, d):
        x, y, xv, yv = d["all_x"][:N], d["all_y"][:N], d["val_x"][:V], d["val_y"][:V]
        len, amp, noise = jnp.exp(m["log_len"]), jnp.exp(m["log_amp"]), jnp.exp(m["log_noise"])

        def inner(a, t):
            return 0.5 * a @ (kernel(x, x, len, amp) + noise * jnp.eye(N)) @ a - a @ y
        alpha = descend(inner, jnp.zeros(N), 30, sgd(0.05))
        kxv = kernel(x, xv, len, amp)
        a = solve_triangular(jnp.linalg.cholesky(kernel(x, x, len, amp) + noise * jnp.eye(N)), kxv, lower=True)
        c = jnp.linalg.cholesky(kernel(xv, xv, len, amp) + noise * jnp.eye(V) - a.T @ a)
        z = solve_triangular(c, yv - kxv.T @ alpha, lower=True)
        return (0.5 * (z**2).sum() + jnp.log(jnp.diagonal(c)).sum()) / V + 0.5 * np.log(2 * np.pi)
    return {}, data, dict(log_len=np.ones(10), log_amp=np.zeros(()), log_noise=np.zeros(())), value


def cart_pole():
    dt, gravity, mass, total, arm = 0.02, 9.8, 0.1, 1.1, 0.5

    def value(m, d):
        def step(s, t):
            f = 10 * jnp.tanh(m["gain"] @ s / 10)
            f = (f + mass * arm * s[3] ** 2 * jnp.sin(s[2])) / total
            wd = (gravity * jnp.sin(s[2]) - jnp.cos(s[2]) * f) / (arm * (4 / 3 - mass * jnp.cos(s[2]) ** 2 / total))
            vd = f - mass * arm * wd * jnp.cos(s[2]) / total
            v, w = s[1] + dt * vd, s[3] + dt * wd
            s = jnp.stack([s[0] + dt * v, v, s[2] + dt * w, w])
            return s, (s[0] ** 2 + 4 * (1 - jnp.cos(s[2])) + 0.1 * s[1] ** 2 + 0.1 * s[3] ** 2) * dt
        return scan_steps(step, jnp.array([0.5, 0, 0.2, 0], opts.dtype), 500)[1].sum()
    return {}, {}, dict(gain=np.array([1.0, 2, 25, 5])), value


def lstm_language():
    V, E, H, B, S, T = 128, 16, 32, 8, 24, 8
    start = {"embed": {"table": n((V, E)) / 4}, "cell": gates(("enter", "forget", "leave", "candidate"), E, H), "head": dense(H, V)}
    gate = lambda p, x, h: x @ p["wx"] + h @ p["wh"] + p["b"]

    def loss(p, h0, c0, tokens):
        q = p["cell"]

        def cell(c, now):
            (h, c, total), (x, y) = c, now
            x = p["embed"]["table"][x]
            c = sigmoid(gate(q["forget"], x, h) + 1) * c + sigmoid(gate(q["enter"], x, h)) * jnp.tanh(gate(q["candidate"], x, h))
            h = sigmoid(gate(q["leave"], x, h)) * jnp.tanh(c)
            return (h, c, total + xent(lin(p["head"], h), y).mean()), None
        at = lambda a: jnp.broadcast_to(a, (B, H))
        carry = (at(h0), at(c0), jnp.zeros((), opts.dtype))
        return jax.lax.scan(cell, carry, (tokens[:, :-1].T, tokens[:, 1:].T))[0][2] / S

    def value(m, d):
        batch = lambda t: d["text"][t * B * S + S * jnp.arange(B)[:, None] + jnp.arange(S + 1)]
        inner = lambda p, t: loss(p, m["h0"], m["c0"], batch(t))
        p = descend(inner, jax.lax.stop_gradient(m["start"]), T, sgd(tree(jnp.exp, m["log_rate"])))
        return loss(p, m["h0"], m["c0"], batch(T))
    return {}, dict(text=load("docs")), dict(h0=np.zeros(H), c0=np.zeros(H), log_rate=tree(lambda a: -np.ones(a.shape), start), start=start), value


def discount():
    S, T = 8, 10
    up, down = np.eye(S)[np.minimum(np.arange(S) + 1, S - 1)], np.eye(S)[np.maximum(np.arange(S) - 1, 0)]
    chain = lambda right: real(right * up + (1 - right) * down)

    def returns(theta, gamma):
        act = softmax(theta)
        move = act[:, :1] * chain(0.1) + act[:, 1:] * chain(0.9)
        gain = 0.05 * act[:, 0] - 0.02 * act[:, 1] + real(np.eye(S)[S - 1])
        return jnp.linalg.solve(jnp.eye(S) - gamma[:, None] * move, gain)

    def value(m, d):
        inner = lambda p, t: -returns(p, sigmoid(m["logit"])).mean()
        return -returns(descend(inner, jnp.zeros((S, 2)), T, sgd(2.0)), 0.95 * jnp.ones(S))[0]
    return {}, {}, dict(logit=np.zeros(S)), value


def distill():
    S, D, H, C, T = 10, 64, 16, 10, 5
    net = lambda p, x: lin(p["out"], jnp.tanh(lin(p["hidden"], x)))
    data = dict(xv=columns("digits_valid", 1, 64), yv=columns("digits_valid", 65, 65)[:, 0].astype(int))
    p0 = {"hidden": dense(D, H), "out": dense(H, C)}

    def value(m, d):
        start, rate = tree(real, p0), jnp.exp(m["log_rate"])

        def one(p, t):
            inner = lambda p: -(softmax(m["label"]) * log_softmax(net(p, m["picture"]))).sum(-1).mean()
            return tree(lambda p, g: p - rate[t] * g, p, jax.grad(inner)(p)), None
        return xent(net(scan_steps(one, start, T)[0], d["xv"] / 16), d["yv"]).mean()
    return {}, data, dict(picture=abs(n((S, D))), label=3 * np.eye(S), log_rate=-0.7 * np.ones(T)), value


# ---- models of tests/models ---------------------------------------------------------------------------------------------
def kalman():
    S, O, N, V, T = 4, 2, 100, 80, 10

    def nll(a, c, q, s, ys):
        def one(carry, y):
            m, P, total = carry
            m, P = a @ m, a @ P @ a.T + jnp.diag(q)
            e, F = y - c @ m, c @ P @ c.T + jnp.diag(s)
            K, l = jnp.linalg.solve(F, c @ P).T, jnp.linalg.cholesky(F)
            w = solve_triangular(l, e, lower=True)
            total += 0.5 * w @ w + jnp.log(jnp.diagonal(l)).sum()
            m, P = m + K @ e, P - K @ F @ K.T
            return m, 0.5 * (P + P.T), total
        return fold(one, (jnp.zeros(S), jnp.eye(S), jnp.zeros(())), ys)[2] / len(ys)

    def value(m, d):
        q, s = jnp.exp(m["log_q"]), jnp.exp(m["log_r"])
        inner = lambda p: nll(p[0], p[1], q, s, d["y"]) + jnp.exp(m["shrink"]) * ((p[0] ** 2).sum() + (p[1] ** 2).sum())

        def one(x, t):
            (a, c), v = x
            ga, gc = jax.grad(inner)((a, c))
            v = 0.9 * v + gc
            return ((a - 0.05 * ga, c - 0.02 * v), v), None
        (a, c), _ = scan_steps(one, ((0.5 * jnp.eye(S), d["c0"]), jnp.zeros((O, S))), T)[0]
        return nll(a, c, q, s, d["yv"])
    return dict(S=S, O=O, N=N, V=V, T=T), dict(y=n((N, O)), yv=n((V, O)), c0=n((O, S))), dict(log_q=-np.ones(S), log_r=-np.ones(O), shrink=np.array(-2.0)), value


def sinkhorn():
    N, M, D, I = 40, 30, 8, 30

    def plan(c, la, lb, eps):
        def one(fg):
            f = eps * (la - logsumexp((fg[1] - c) / eps, 1))
            return f, eps * (lb - logsumexp((f[:, None] - c) / eps, 0))
        f, g = fold(lambda fg, _: one(fg), (jnp.zeros(N), jnp.zeros(M)), jnp.arange(I))
        return jnp.exp((f[:, None] + g - c) / eps)
    dist = lambda x, t: ((x[:, None] - t[None]) ** 2).mean(-1)

    def value(m, d):
        la, lb, x = log_softmax(m["wa"]), log_softmax(m["wb"]), d["x"]

        def inner(a, t):
            c = dist(x + x @ a, d["t"])
            return (plan(c, la, lb, jnp.exp(m["log_eps"])) * c).sum() + 0.05 * (a**2).sum()
        a = descend(inner, m["start"], 3, sgd(0.2))
        p = plan(dist(x + x @ a, d["t"]), la, lb, 0.5)
        return (((p @ d["yt"]) * N - d["yx"]) ** 2).mean()
    return dict(N=N, M=M, D=D, I=I), dict(x=n((N, D)), t=n((M, D)), yx=n(N), yt=n(M)), dict(log_eps=np.zeros(()), wa=np.zeros(N), wb=np.zeros(M), start=np.zeros((D, D))), value


def moe():
    N, E, D, H, O = 64, 4, 16, 32, 8
    start = {"experts": {"w": n((E, D, H)) / 4, "b": np.zeros((E, H)), "v": n((E, H, O)) / 5}, "gate": n((D, E)) / 4}

    def value(m, d):
        gates = lambda p, x: softmax((x @ p["gate"] + m["noise"]) / jnp.exp(m["temp"]))

        def net(p, x):
            q = p["experts"]
            h = jnp.tanh(jnp.einsum("nd,edk->nek", x, q["w"]) + q["b"])
            return jnp.einsum("ne,nek,ekc->nc", gates(p, x), h, q["v"])

        def inner(p, t):
            return ((net(p, d["x"]) - d["y"]) ** 2).mean() + jnp.exp(m["balance"]) * E * (gates(p, d["x"]).mean(0) ** 2).sum()
        p = descend(inner, m["start"], 3, adam(0.05, 1e-8))
        return ((net(p, d["xv"]) - d["yv"]) ** 2).mean()
    return dict(N=N, E=E, D=D, H=H, O=O), {"x": n((N, D)), "y": n((N, O)), "xv": n((N, D)), "yv": n((N, O))}, \
        dict(start=start, balance=np.array(-1.0), temp=np.zeros(()), noise=np.zeros(E)), value


def softdtw():
    N, S, R, F = 4, 24, 20, 4

    def dtw(a, b, gamma, price):
        softmin = lambda x, y, z: -gamma * logsumexp(jnp.stack([-x, -y, -z]) / gamma)

        def row(prev, ai):
            def cell(left, x):
                bj, p0, p1 = x
                left = (ai - bj) ** 2 + softmin(p0, p1 + price, left + price)
                return left, left
            r = jax.lax.scan(cell, jnp.asarray(20, opts.dtype), (b, prev[:-1], prev[1:]))[1]
            return jnp.concatenate([jnp.full(1, 20, opts.dtype), r])
        return fold(row, jnp.full(R + 1, 20, opts.dtype).at[0].set(0), a)[-1]

    def value(m, d):
        smooth = lambda x, f: jnp.stack([jnp.pad(x, (F - 1, 0))[j:j + S] for j in range(F)], -1) @ f
        inner = lambda f, t: jax.vmap(lambda x, y: dtw(smooth(x, f), y, jnp.exp(m["log_gamma"]), m["price"]))(d["x"], d["y"]).mean()
        return dtw(smooth(d["xv"], descend(inner, m["start"], 3, sgd(0.02))), d["yv"], 0.1, 0.0)
    return dict(N=N, S=S, R=R, F=F), dict(x=n((N, S)), y=n((N, R)), xv=n(S), yv=n(R)), dict(log_gamma=np.array(-0.5), price=np.array(0.1), start=np.full(F, 0.5)), value


def s4():
    B, S, N, D = 8, 64, 8, 8
    start = {"log_a": 0.3 * n((D, N)), "w": n((D, N)), "c": n((2, D, N)), "mix": np.ones(D)}

    def scan(p, dt, x):
        r = jnp.exp(-dt[:, None] * jnp.exp(p["log_a"]))
        re, im = r * jnp.cos(dt[:, None] * p["w"]), r * jnp.sin(dt[:, None] * p["w"])

        def one(h, xt):
            h = re * h[0] - im * h[1] + xt[:, :, None], re * h[1] + im * h[0]
            return h, (p["c"][0] * h[0] - p["c"][1] * h[1]).sum(-1)
        zero = jnp.zeros((B, D, N))
        return jax.lax.scan(one, (zero, zero), x.transpose(1, 0, 2))[1].transpose(1, 0, 2)

    def value(m, d):
        loss = lambda p, x, y: ((scan(p, jnp.exp(m["log_dt"]), x) @ p["mix"] - y) ** 2).mean()
        return loss(descend(lambda p, t: loss(p, d["x"], d["y"]), m["start"], 3, adam(0.02, 1e-8)), d["xv"], d["yv"])
    return dict(B=B, S=S, N=N, D=D), dict(x=n((B, S, D)), y=n((B, S)), xv=n((B, S, D)), yv=n((B, S))), dict(start=start, log_dt=-np.ones(D)), value


def graph():
    N, E, D, H, C, L, T = 40, 120, 8, 16, 4, 3, 6
    draw, layers = np.random.default_rng(1), [{"message": dense(2 * H, H), "update": gates(("reset", "update", "candidate"), H, H)} for _ in range(L)]
    start = {"enter": dense(D, H), "layers": tree(lambda *a: np.stack(a), *layers), "head": dense(H, C)}
    data = dict(x=n((N, D)), from_node=draw.integers(0, N, E), to_node=draw.integers(0, N, E), label=draw.integers(0, C, N), train=(np.arange(N) % 2 == 0) * 1.0, valid=(np.arange(N) % 2 == 1) * 1.0)
    gate = lambda p, x, h: x @ p["wx"] + h @ p["wh"] + p["b"]

    def gru(p, x, h):
        r, u = sigmoid(gate(p["reset"], x, h)), sigmoid(gate(p["update"], x, h))
        return (1 - u) * h + u * jnp.tanh(gate(p["candidate"], x, r * h))

    def value(m, d):
        w = sigmoid(m["edge"])[:, None]

        def loss(p, mask):
            def layer(h, l):
                msg = jnp.tanh(lin(l["message"], jnp.concatenate([h[d["from_node"]], h[d["to_node"]]], -1))) * w
                return gru(l["update"], jax.ops.segment_sum(msg, d["to_node"], N), h)
            return (xent(lin(p["head"], fold(layer, lin(p["enter"], d["x"]), p["layers"])), d["label"]) * mask).sum() / mask.sum()
        return loss(descend(lambda p, t: loss(p, d["train"]), m["start"], T, rmsprop(0.02, 1e-8)), d["valid"])
    return dict(N=N, E=E, D=D, H=H, C=C, L=L, T=T), data, dict(edge=np.zeros(E), start=start), value


def leapfrog():
    N, D, H, S, T = 16, 4, 32, 20, 5
    data = dict(q0=n((N, D)), p0=n((N, D)), qt=n((N, S, D)), qv=n((N, D)), pv=n((N, D)), qe=n((N, D)))

    def force(th, q):
        a = jnp.tanh(q @ th["w"] + th["b"])
        return -(((1 - a**2) * th["v"]) @ th["w"].T) - 0.3 * q

    def value(m, d):
        mass, dt = jnp.exp(m["log_mass"]), jnp.exp(m["log_dt"])

        def roll(th, q, p, steps):
            def one(c, _):
                q, p = c
                p = p + dt / 2 * force(th, q)
                q = q + dt * p / mass
                return (q, p + dt / 2 * force(th, q)), q
            return jax.lax.scan(one, (q, p), None, steps)[1].transpose(1, 0, 2)
        inner = lambda th: ((roll(th, d["q0"], d["p0"], S) - d["qt"]) ** 2).mean()

        def one(x, t):
            th, v = x
            g = jax.grad(inner)(th)
            v = tree(lambda v, g: 0.9 * v + g, v, g)
            return (tree(lambda p, g, v: p - 0.1 * (g + 0.9 * v), th, g, v), v), None
        th = scan_steps(one, (m["start"], tree(jnp.zeros_like, m["start"])), T)[0][0]
        return ((roll(th, d["qv"], d["pv"], 2 * S)[:, -1] - d["qe"]) ** 2).mean()
    return dict(N=N, D=D, H=H, S=S, T=T), data, dict(start={"w": 0.3 * n((D, H)), "b": 0.1 * n(H), "v": 0.2 * n(H)}, log_mass=np.zeros(D), log_dt=np.array(-2.0)), value


def contrast():
    N, V, D, H, Z, T = 64, 40, 32, 64, 16, 5
    start = {"a": dense(D, H), "b": dense(H, Z)}
    data = dict(x=n((N, D)), noise=n((T, 2, N, D)), label=n(N), xv=n((V, D)), labelv=n(V))

    def value(m, d):
        def embed(p, x):
            h = lin(p["b"], jax.nn.gelu(lin(p["a"], x), approximate=False))
            return h / jnp.sqrt((h**2).sum(-1, keepdims=True))
        s = m["strength"]
        view = lambda e: d["x"] * jnp.exp(s[0] * e) + s[1:] * e

        def inner(p, t):
            k = embed(p, view(d["noise"][t, 0])) @ embed(p, view(d["noise"][t, 1])).T / jnp.exp(m["log_temperature"])
            return (0.5 * (logsumexp(k, 0) + logsumexp(k, 1)) - jnp.diagonal(k)).mean()

        def one(x, t):
            p, v = x
            g = jax.grad(inner)(p, t)
            v = tree(lambda v, g: 0.9 * v + g, v, g)
            return (tree(lambda p, g, v: p - 0.05 * (g + 0.9 * v), p, g, v), v), None
        p = scan_steps(one, (m["start"], tree(jnp.zeros_like, m["start"])), T)[0][0]
        ones = lambda h: jnp.concatenate([h, jnp.ones((len(h), 1), h.dtype)], 1)
        h = ones(embed(p, d["x"]))
        w = jnp.linalg.solve(h.T @ h + 0.1 * jnp.eye(Z + 1), h.T @ d["label"])
        return ((ones(embed(p, d["xv"])) @ w - d["labelv"]) ** 2).mean()
    return dict(N=N, V=V, D=D, H=H, Z=Z, T=T), data, dict(log_temperature=np.array(-1.0), strength=np.full(1 + D, 0.2), start=start), value


def seq2seq():
    B, S, O, V, D, T = 16, 12, 10, 64, 32, 3
    draw = np.random.default_rng(1)
    data = dict(src=draw.integers(0, V, (T, B, S)), dst=draw.integers(0, V, (T, B, O + 1)), srcv=draw.integers(0, V, (B, S)), dstv=draw.integers(0, V, (B, O + 1)))
    start = {"es": {"table": n((V, D)) / 6}, "ed": {"table": n((V, D)) / 6}, "enc": gates(("reset", "update", "candidate"), D, D),
             "dec": gates(("reset", "update", "candidate"), 2 * D, D), "mix": n((D, D)) / 6}
    gate = lambda p, x, h: x @ p["wx"] + h @ p["wh"] + p["b"]

    def gru(p, x, h):
        r, u = sigmoid(gate(p["reset"], x, h)), sigmoid(gate(p["update"], x, h))
        return (1 - u) * h + u * jnp.tanh(gate(p["candidate"], x, r * h))

    def scores(m, src, dst):
        def enc(h, x):
            h = gru(m["enc"], x, h)
            return h, h

        def dec(h, y):
            w = softmax(jnp.einsum("jic,ic->ij", keys, h @ m["mix"]) / np.sqrt(D))
            h = gru(m["dec"], jnp.concatenate([y, jnp.einsum("ij,jic->ic", w, keys)], -1), h)
            return h, h @ m["ed"]["table"].T
        h, keys = jax.lax.scan(enc, jnp.zeros((B, D), opts.dtype), m["es"]["table"][src.T])
        return log_softmax(jax.lax.scan(dec, h, m["ed"]["table"][dst.T])[1].transpose(1, 0, 2))

    def value(m, d):
        def inner(p, t):
            z, s = scores(p, d["src"][t], d["dst"][t][:, :-1]), sigmoid(m["smooth"])
            return ((-(1 - s) * pick(z, d["dst"][t][:, 1:]) - s * z.mean(-1)) @ softmax(m["weight"])).mean()
        p = descend(inner, m["start"], T, adam(0.02, 1e-9))
        return -pick(scores(p, d["srcv"], d["dstv"][:, :-1]), d["dstv"][:, 1:]).mean()
    return dict(B=B, S=S, O=O, V=V, D=D, T=T), data, dict(smooth=np.array(-2.0), weight=np.zeros(O), start=start), value


def viterbi():
    B, S, D, C = 16, 20, 16, 8
    draw = np.random.default_rng(1)
    data = dict(x=n((B, S, D)), y=draw.integers(0, C, (B, S)), xv=n((B, S, D)), yv=draw.integers(0, C, (B, S)))

    def nll(p, cost, x, y):
        z, tr = x @ p["e"], p["tr"] - jax.nn.softplus(cost)
        a = fold(lambda a, zt: logsumexp(a[:, :, None] + tr, 1) + zt, z[:, 0], z[:, 1:].transpose(1, 0, 2))
        return (logsumexp(a, 1) - pick(z, y).sum(1) - tr[y[:, :-1], y[:, 1:]].sum(1)).mean()

    def value(m, d):
        inner = lambda p, t: nll(p, m["cost"], d["x"], d["y"]) + jnp.exp(m["l1"]) * jnp.sqrt(p["tr"] ** 2 + 0.01).sum()
        return nll(descend(inner, m["start"], 3, rmsprop(0.05, 1e-4)), m["cost"], d["xv"], d["yv"])
    return dict(B=B, S=S, D=D, C=C), data, dict(cost=np.zeros((C, C)), l1=np.array(-2.0), start={"e": 0.3 * n((D, C)), "tr": 0.3 * n((C, C))}), value


def muon():
    N, V, D, H, T = 64, 64, 32, 32, 6
    data = dict(x=n((N, D)), y=n((N, H)), xv=n((V, D)), yv=n((V, H)))

    def value(m, d):
        c, rate = m["poly"]["c"], jnp.exp(m["log_rate"])

        def orthogonal(x):
            def one(x, _):
                a = x @ x.T
                return c[0] * x + (c[1] * a + c[2] * a @ a) @ x, None
            return jax.lax.scan(one, x / (jnp.sqrt((x**2).sum()) + 1e-7), None, 5)[0]
        loss = lambda p, x, y: ((jnp.tanh(x @ p["w"] + p["b"]) @ p["u"] - y) ** 2).mean()

        def one(s, t):
            p, v = s
            g = jax.grad(loss)(p, d["x"], d["y"])
            v = {"w": 0.9 * v["w"] + g["w"], "u": 0.8 * v["u"] + g["u"]}
            return ({"w": p["w"] - rate * orthogonal(v["w"]), "u": p["u"] - rate * orthogonal(v["u"]), "b": p["b"] - 0.1 * g["b"]}, v), None
        zero = {"w": jnp.zeros((D, H)), "u": jnp.zeros((H, H))}
        p = scan_steps(one, ({"w": m["start"]["w"], "u": m["start"]["u"], "b": jnp.zeros(H)}, zero), T)[0][0]
        return loss(p, d["xv"], d["yv"])
    return dict(N=N, V=V, D=D, H=H, T=T), data, dict(poly={"c": np.array([3.4445, -4.775, 2.0315])}, log_rate=np.array(-2.0), start={"w": 0.4 * n((D, H)), "u": 0.4 * n((H, H))}), value


def main():
    define, data, meta, value = globals()[opts.name]()
    cast = lambda a: np.asarray(a, np.int32 if np.asarray(a).dtype.kind in "iu" else opts.dtype)
    data, meta = tree(cast, data), tree(cast, meta)
    if opts.save:
        os.makedirs(opts.save, exist_ok=True)
        for k, v in flatten({**data, **meta}).items():
            np.save(f"{opts.save}/{k}.npy", v)
    m, d = tree(jnp.asarray, meta), tree(jnp.asarray, data)
    start = time.perf_counter()
    compiled = jax.jit(jax.value_and_grad(value)).lower(m, d).compile()
    compile_s, times = time.perf_counter() - start, []
    for _ in range(opts.repeat + 1):
        start = time.perf_counter()
        outer, grad = jax.block_until_ready(compiled(m, d))
        times.append(time.perf_counter() - start)
    if opts.save_grad:
        os.makedirs(opts.save_grad, exist_ok=True)
        for k, v in flatten({"outer": outer} | {"d_" + k: v for k, v in grad.items()}).items():
            np.save(f"{opts.save_grad}/{k}.npy", np.asarray(v))
    times = sorted(times[1:])
    print(json.dumps({"name": opts.name, "define": " ".join(f"-D {k}={v}" for k, v in define.items()), "method": opts.method, "seconds_min": times[0],
                      "seconds_median": times[len(times) // 2], "compile_s": compile_s, "peak_bytes": compiled.memory_analysis().temp_size_in_bytes, "value": float(outer)}))


main()
