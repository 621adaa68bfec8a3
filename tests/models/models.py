"""The problems of this folder stated again in JAX: makes NAME/in and NAME/out in double.  python models.py [NAME ...]  (needs numpy and jax)

It shares nothing with mflc: the inner steps are unrolled, the gradient is reverse over reverse. Data and starting values are drawn from a fixed seed."""
import os
import sys
import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import gelu, log_softmax, sigmoid, softmax
from jax.scipy.special import logsumexp

jax.config.update("jax_enable_x64", True)


def sgd(rate):
    return lambda p: (), lambda p, g, s, t: (p - rate * g, s)


def momentum(rate, mu=0.9):
    def step(p, g, m, t):
        m = mu * m + g
        return p - rate * m, m
    return jnp.zeros_like, step


def nesterov(rate, mu=0.9):
    def step(p, g, m, t):
        m = mu * m + g
        return p - rate * (g + mu * m), m
    return jnp.zeros_like, step


def rmsprop(rate, decay=0.9, eps=1e-8, eps_root=0.0):
    def step(p, g, v, t):
        v = decay * v + (1 - decay) * g**2
        return p - rate * g / (jnp.sqrt(v + eps_root) + eps), v
    return jnp.zeros_like, step


def adam(rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0):
    def step(p, g, s, t):
        m, v = b1 * s[0] + (1 - b1) * g, b2 * s[1] + (1 - b2) * g**2
        return p - rate * (m / (1 - b1 ** (t + 1))) / (jnp.sqrt(v / (1 - b2 ** (t + 1)) + eps_root) + eps), (m, v)
    return lambda p: (jnp.zeros_like(p), jnp.zeros_like(p)), step


def descend(inner, p, steps, opt):
    """opt: one optimizer for all of p (a dict of arrays), or one for each."""
    opt = opt if isinstance(opt, dict) else {k: opt for k in p}
    s = {k: opt[k][0](p[k]) for k in p}
    for t in range(steps):
        g = jax.grad(inner)(p, t)
        for k in p:
            p = dict(p)
            p[k], s[k] = opt[k][1](p[k], g[k], s[k], t)
    return p


def sub(p, name):
    return {k[len(name) + 1:]: v for k, v in p.items() if k.startswith(name + ".")}


def dense(p, x):
    return x @ p["w"] + p["b"]


def gru(p, x, h):
    gate = lambda n, x, h: x @ p[n + ".wx"] + h @ p[n + ".wh"] + p[n + ".b"]
    r, u = sigmoid(gate("reset", x, h)), sigmoid(gate("update", x, h))
    return (1 - u) * h + u * jnp.tanh(gate("candidate", x, r * h))


# ---- the problems: data and meta values from a generator, then (outer value, params) of (meta, data) ----
def dense_shapes(name, i, o):
    return {name + ".w": (i, o), name + ".b": (o,)}


def gru_shapes(name, i, d):
    return {f"{name}.{g}.{w}": s for g in ("reset", "update", "candidate") for w, s in (("wx", (i, d)), ("wh", (d, d)), ("b", (d,)))}


def draw(r, shapes, scale=0.5):
    return {k: scale * r.normal(size=s) for k, s in shapes.items()}


def start(values):
    return {"start." + k: v for k, v in values.items()}


def kalman(r):
    S, O, N, V, T = 3, 2, 12, 8, 5
    data = dict(y=r.normal(size=(N, O)), yv=r.normal(size=(V, O)), c0=r.normal(size=(O, S)))
    meta = dict(log_q=-1 + 0.2 * r.normal(size=S), log_r=-1 + 0.2 * r.normal(size=O), shrink=-2.0)

    def nll(p, q, s, ys):
        a, c = p["a"], p["c"]
        m, P, total = jnp.zeros(S), jnp.eye(S), 0.0
        for y in ys:
            m, P = a @ m, a @ P @ a.T + jnp.diag(q)
            e, F = y - c @ m, c @ P @ c.T + jnp.diag(s)
            total += 0.5 * e @ jnp.linalg.inv(F) @ e + 0.5 * jnp.log(jnp.linalg.det(F))
            K = P @ c.T @ jnp.linalg.inv(F)
            m, P = m + K @ e, P - K @ F @ K.T
        return total / len(ys)

    def value(m, d):
        q, s = jnp.exp(m["log_q"]), jnp.exp(m["log_r"])
        inner = lambda p, t: nll(p, q, s, d["y"]) + jnp.exp(m["shrink"]) * ((p["a"] ** 2).sum() + (p["c"] ** 2).sum())
        p = descend(inner, {"a": 0.5 * jnp.eye(S), "c": d["c0"]}, T, {"a": sgd(0.05), "c": momentum(0.02)})
        return nll(p, q, s, d["yv"]), p
    return data, meta, value


def graph(r):
    N, E, D, H, C, L, T = 7, 12, 4, 5, 3, 2, 4
    data = dict(x=r.normal(size=(N, D)), from_node=r.integers(0, N, E), to_node=r.integers(0, N, E), label=r.integers(0, C, N),
                train=(np.arange(N) % 2 == 0) * 1.0, valid=(np.arange(N) % 2 == 1) * 1.0)
    layers = {k: (L,) + s for k, s in (dense_shapes("layers.message", 2 * H, H) | gru_shapes("layers.update", H, H)).items()}
    net = dense_shapes("enter", D, H) | layers | dense_shapes("head", H, C)
    meta = dict(edge=r.normal(size=E)) | start(draw(r, net))

    def value(m, d):
        w = sigmoid(m["edge"])[:, None]

        def loss(p, mask):
            h = dense(sub(p, "enter"), d["x"])
            for k in range(L):
                l = {n: v[k] for n, v in sub(p, "layers").items()}
                msg = jnp.tanh(dense(sub(l, "message"), jnp.concatenate([h[d["from_node"]], h[d["to_node"]]], -1))) * w
                h = gru(sub(l, "update"), jnp.zeros((N, H)).at[d["to_node"]].add(msg), h)
            z = log_softmax(dense(sub(p, "head"), h))
            return -(z[jnp.arange(N), d["label"]] * mask).sum() / mask.sum()
        p = descend(lambda p, t: loss(p, d["train"]), sub(m, "start"), T, rmsprop(0.02, eps_root=1e-8))
        return loss(p, d["valid"]), {"p." + k: v for k, v in p.items()}
    return data, meta, value


def seq2seq(r):
    B, S, O, V, D, T = 2, 5, 4, 6, 4, 3
    data = dict(src=r.integers(0, V, (T, B, S)), dst=r.integers(0, V, (T, B, O + 1)), srcv=r.integers(0, V, (B, S)), dstv=r.integers(0, V, (B, O + 1)))
    net = {"es.table": (V, D), "ed.table": (V, D)} | gru_shapes("enc", D, D) | gru_shapes("dec", 2 * D, D) | {"mix": (D, D)}
    meta = dict(smooth=-2.0, weight=0.3 * r.normal(size=O)) | start(draw(r, net))

    def scores(m, src, dst):
        x, h, keys = m["es.table"][src], jnp.zeros((B, D)), []
        for t in range(S):
            h = gru(sub(m, "enc"), x[:, t], h)
            keys.append(h)
        keys, y, z = jnp.stack(keys, 1), m["ed.table"][dst], []
        for t in range(O):
            w = softmax(jnp.einsum("isc,cd,id->is", keys, m["mix"].T, h) / jnp.sqrt(D))
            h = gru(sub(m, "dec"), jnp.concatenate([y[:, t], jnp.einsum("is,isc->ic", w, keys)], -1), h)
            z.append(h @ m["ed.table"].T)
        return log_softmax(jnp.stack(z, 1))

    def value(m, d):
        pick = lambda z, y: jnp.take_along_axis(z, y[..., None], -1)[..., 0]

        def inner(p, t):
            z, s = scores(p, d["src"][t], d["dst"][t][:, :-1]), sigmoid(m["smooth"])
            return ((-(1 - s) * pick(z, d["dst"][t][:, 1:]) - s * z.mean(-1)) @ softmax(m["weight"])).mean()
        p = descend(inner, sub(m, "start"), T, adam(0.02, eps_root=1e-9))
        return -pick(scores(p, d["srcv"], d["dstv"][:, :-1]), d["dstv"][:, 1:]).mean(), {"m." + k: v for k, v in p.items()}
    return data, meta, value


def markov(r):
    S, N, V, T = 4, 10, 6, 6
    data = dict(from_state=r.integers(0, S, N), to_state=r.integers(0, S, N), dt=r.random(N) + 0.1,
                fv=r.integers(0, S, V), tv=r.integers(0, S, V), dtv=r.random(V) + 0.1)
    meta = dict(centre=0.3 * r.normal(size=S), log_pull=-2.0)

    def expm(a, order=9, squarings=4):
        b, e, term = a / 2**squarings, jnp.eye(S), jnp.eye(S)
        for k in range(1, order + 1):
            term = term @ b / k
            e = e + term
        for _ in range(squarings):
            e = e @ e
        return e

    def nll(w, a, b, dt):
        off = jnp.exp(w) * (1 - jnp.eye(S))
        g = off - jnp.diag(off.sum(1))
        return -jnp.stack([jnp.log(expm(g * dt[i])[a[i], b[i]]) for i in range(len(dt))]).mean()

    def value(m, d):
        inner = lambda p, t: nll(p["w"], d["from_state"], d["to_state"], d["dt"]) + jnp.exp(m["log_pull"]) * ((p["w"] - m["centre"][:, None]) ** 2).sum()
        p = descend(inner, {"w": jnp.zeros((S, S))}, T, sgd(0.3))
        return nll(p["w"], d["fv"], d["tv"], d["dtv"]), p
    return data, meta, value


def contrast(r):
    N, V, D, H, Z, T = 6, 5, 6, 8, 4, 5
    data = dict(x=r.normal(size=(N, D)), noise=r.normal(size=(T, 2, N, D)), label=r.normal(size=N), xv=r.normal(size=(V, D)), labelv=r.normal(size=V))
    meta = dict(log_temperature=-1.0, strength=0.2 + 0.05 * r.normal(size=1 + D)) | start(draw(r, dense_shapes("a", D, H) | dense_shapes("b", H, Z)))

    def value(m, d):
        def emb(p, x):
            h = dense(sub(p, "b"), gelu(dense(sub(p, "a"), x), approximate=False))
            return h / jnp.linalg.norm(h, axis=-1, keepdims=True)
        s = m["strength"]
        view = lambda e: d["x"] * jnp.exp(s[0] * e) + s[1:] * e

        def inner(p, t):
            k = emb(p, view(d["noise"][t, 0])) @ emb(p, view(d["noise"][t, 1])).T / jnp.exp(m["log_temperature"])
            return (0.5 * (logsumexp(k, axis=0) + logsumexp(k, axis=1)) - jnp.diag(k)).mean()
        p = descend(inner, sub(m, "start"), T, nesterov(0.05))
        ones = lambda h: jnp.concatenate([h, jnp.ones((len(h), 1))], 1)
        h = ones(emb(p, d["x"]))
        w = jnp.linalg.solve(h.T @ h + 0.1 * jnp.eye(Z + 1), h.T @ d["label"])
        return ((ones(emb(p, d["xv"])) @ w - d["labelv"]) ** 2).mean(), {"p." + k: v for k, v in p.items()}
    return data, meta, value


def muon(r):
    N, V, D, H, T = 8, 6, 5, 4, 4
    data = dict(x=r.normal(size=(N, D)), y=r.normal(size=(N, H)), xv=r.normal(size=(V, D)), yv=r.normal(size=(V, H)))
    meta = {"poly.c": np.array([3.4445, -4.775, 2.0315]), "log_rate": -2.0, "start.w": 0.4 * r.normal(size=(D, H)), "start.u": 0.4 * r.normal(size=(H, H))}

    def rule(rate, c, mu):
        def step(p, g, m, t):
            m = mu * m + g
            x = m / (jnp.sqrt((m**2).sum()) + 1e-7)
            for _ in range(5):
                a = x @ x.T
                x = c[0] * x + (c[1] * a + c[2] * a @ a) @ x
            return p - rate * x, m
        return jnp.zeros_like, step

    def value(m, d):
        loss = lambda p, x, y: ((jnp.tanh(x @ p["w"] + p["b"]) @ p["u"] - y) ** 2).mean()
        c, rate = m["poly.c"], jnp.exp(m["log_rate"])
        p = descend(lambda p, t: loss(p, d["x"], d["y"]), {"w": m["start.w"], "u": m["start.u"], "b": jnp.zeros(H)}, T,
                    {"w": rule(rate, c, 0.9), "u": rule(rate, c, 0.8), "b": sgd(0.1)})
        return loss(p, d["xv"], d["yv"]), p
    return data, meta, value


def averages(r):
    N, V, D, H, T = 8, 6, 4, 3, 7
    data = dict(x=r.normal(size=(N, D)), y=r.normal(size=N), xv=r.normal(size=(V, D)), yv=r.normal(size=V))
    meta = dict(log_rate=-2.0, beta=0.9, alpha=0.5, w0=0.5 * r.normal(size=(D, H)), u0=0.5 * r.normal(size=H))

    def schedule_free(rate, beta):
        def step(p, g, s, t):
            z = s[0] - rate * g
            average = s[1] + (z - s[1]) / (t + 1)
            return (1 - beta) * z + beta * average, (z, average)
        return lambda p: (p, p), step

    def lookahead(rate, alpha, k=3):
        def step(p, g, s, t):
            p = p - rate * (g + 0.1 * (p - s[1]))
            if (t + 1) % k == 0:
                p = s[0] + alpha * (p - s[0])
                return p, (p, s[1])
            return p, s
        return lambda p: (p, jnp.tanh(2 * p)), step

    def value(m, d):
        loss = lambda p, x, y: ((jnp.tanh(x @ p["w"] + p["b"]) @ p["u"] - y) ** 2).mean()
        free = schedule_free(jnp.exp(m["log_rate"]), m["beta"])
        p = descend(lambda p, t: loss(p, d["x"], d["y"]), {"w": m["w0"], "b": jnp.zeros(H), "u": m["u0"]}, T,
                    {"w": free, "b": free, "u": lookahead(2 * jnp.exp(m["log_rate"]), m["alpha"])})
        return loss(p, d["xv"], d["yv"]), p
    return data, meta, value


def wraps(r):
    N, K, T, S = 6, 2, 5, 4
    data = dict(x=r.normal(size=(K, N, 3)), y=r.normal(size=(K, N)), start=r.normal(size=N), goal=r.normal(size=2 * N))
    meta = dict(log_rates=-2 + 0.2 * r.normal(size=3), speed=0.1, mix=0.2 * r.normal(size=3))
    i, j = np.arange(N), np.arange(2 * N)

    def ring(u, m):
        for t in range(S):
            u = u - m["speed"] * (jnp.roll(u, -1) - jnp.roll(u, 1)) + m["mix"][t % 3] * u[i // 2] + 0.1 * u[np.maximum(i - 2, 0)] * u[np.minimum(i + t, N - 1)]
        return u

    doubled = lambda u: jnp.repeat(u, 2) + 0.1 * jnp.mod(3 * u[(5 - j) % N], 1.5)
    lagged = lambda x: jnp.concatenate([jnp.zeros((1, 3)), x[:-1]]) + x[(i - 3) // 4 + 1]

    def value(m, d):
        inner = lambda p, t: ((lagged(d["x"][t % K]) @ p["w"] - d["y"][t % K]) ** 2).mean() + ((doubled(ring(p["u"], m)) - d["goal"]) ** 2).mean()
        rule = lambda p, g, s, t: (p - jnp.exp(m["log_rates"][t % 3]) * (1 + t // 2 / 4) * g, s)
        p = descend(inner, {"w": jnp.full(3, 0.1), "u": d["start"]}, T, (lambda p: (), rule))
        return ((d["x"][-1] @ p["w"] - d["y"][-1]) ** 2).mean() + ((j // 4)[N:] * p["u"] ** 2).sum() + (doubled(ring(p["u"], m)) * ((j - 5) % 3)).sum(), p
    return data, meta, value


def sharpness(r):
    N, V, D, H, T = 6, 5, 3, 4, 3
    data = dict(x=r.normal(size=(N, D)), y=r.normal(size=(N, 1)), xv=r.normal(size=(V, D)), yv=r.normal(size=(V, 1)), other=r.normal(size=(N, D)), mix=r.random(N))
    meta = dict(log_rho=-2.0, log_penalty=-1.0, rates=np.full(3, 0.1)) | start(draw(r, dense_shapes("l1", D, H) | dense_shapes("l2", H, 1)))

    def value(m, d):
        net = lambda p, x: dense(sub(p, "l2"), jnp.tanh(dense(sub(p, "l1"), x)))
        loss = lambda p, x, y: ((net(p, x) - y) ** 2).mean()
        slope = lambda p, z: jax.grad(lambda z: net(p, z).sum())(z)

        def inner(p, t):
            g = jax.grad(loss)(p, d["x"], d["y"])
            size = jnp.sqrt(sum((v**2).sum() for v in g.values()))
            mix = d["mix"][:, None]
            s = jnp.linalg.norm(slope(p, mix * d["x"] + (1 - mix) * d["other"]), axis=1)
            return loss({k: v + jnp.exp(m["log_rho"]) * g[k] / size for k, v in p.items()}, d["x"], d["y"]) + jnp.exp(m["log_penalty"]) * ((s - 1) ** 2).mean()
        p = q = descend(inner, sub(m, "start"), T, sgd(0.1))
        for i in range(3):
            g = jax.grad(loss)(q, d["xv"], d["yv"])
            q = {k: v - m["rates"][i] * g[k] for k, v in q.items()}
        return loss(q, d["x"], d["y"]), {"p." + k: v for k, v in p.items()}
    return data, meta, value


def physics(r):
    N, M, H, T = 8, 5, 6, 4
    data = dict(t=r.normal(size=(N, 1)), tm=r.normal(size=(M, 1)), um=r.normal(size=(M, 1)))
    meta = {"damping": 0.1, "stiffness": 1.0, "pot.a": 1.0, "pot.b": 0.3} | start(draw(r, dense_shapes("l1", 1, H) | dense_shapes("l2", H, 1), 1.0))

    def value(m, d):
        u = lambda p, t: dense(sub(p, "l2"), jnp.tanh(dense(sub(p, "l1"), t)))
        du = lambda p, t: jax.grad(lambda t: u(p, t).sum())(t)
        ddu = lambda p, t: jax.grad(lambda t: du(p, t).sum())(t)
        fit = lambda p: ((u(p, d["tm"]) - d["um"]) ** 2).mean()

        def inner(p, t):
            return ((ddu(p, d["t"]) + 2 * m["damping"] * du(p, d["t"]) + m["stiffness"] * u(p, d["t"])) ** 2).mean() + fit(p)
        rule = lambda p, g, s, t: (p - 0.05 * (m["pot.a"] * g + m["pot.b"] * 2 * g / (1 + g**2)), s)
        p = descend(inner, sub(m, "start"), T, (lambda p: (), rule))
        return fit(p) + 0.1 * (du(p, d["t"]) ** 2).mean(), {"p." + k: v for k, v in p.items()}
    return data, meta, value


def evidence(r):
    N, D, T = 8, 3, 10
    data = dict(x=r.normal(size=(N, D)), y=(r.random(N) < 0.5) * 1.0)
    meta = dict(log_alpha=0.3 * r.normal(size=D), log_rate=-2.0)

    def value(m, d):
        x, y, alpha = d["x"], d["y"], jnp.exp(m["log_alpha"])
        point = lambda w, x, y: jnp.logaddexp(0, x @ w) - y * (x @ w)
        energy = lambda w: point(w, x, y).sum() + 0.5 * (alpha * w**2).sum()
        scores = lambda w: (jax.vmap(jax.grad(point), (None, 0, 0))(w, x, y) ** 2).sum(1)
        p = descend(lambda p, t: energy(p["w"]) + 0.1 * jnp.sqrt(1 + scores(p["w"])).sum(), {"w": jnp.zeros(D)}, T, sgd(jnp.exp(m["log_rate"])))
        return energy(p["w"]) + 0.5 * jnp.linalg.slogdet(jax.hessian(energy)(p["w"]))[1] - 0.5 * m["log_alpha"].sum(), p
    return data, meta, value


def unet(r):
    N, S, C, G, T = 2, 8, 4, 2, 3
    data = dict(noisy=r.normal(size=(N, S, S, 1)), clean=r.normal(size=(N, S, S, 1)), noise=r.normal(size=(T, N, S // 2, S // 2, C)))
    layer = lambda n, k, i, o: {n + ".f": (k, k, i, o), n + ".bias": (o,)}
    meta = dict(log_noise=-2 + 0.2 * r.normal(size=C), log_weight=0.2 * r.normal(size=(S, S))) | start(
        draw(r, layer("down", 3, 1, C) | layer("coarse", 3, C, C) | layer("up", 3, 2 * C, C) | {"gain": (C,)} | layer("out", 1, C, 1), 0.3))

    def value(m, d):
        conv = lambda p, x: jax.lax.conv_general_dilated(x, p["f"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["bias"]
        act = lambda x: gelu(x, approximate=False)

        def net(p, x, noise):
            h = conv(sub(p, "down"), x).reshape(N, S * S, G, C // G)
            h = (h - h.mean((1, 3), keepdims=True)) / jnp.sqrt(h.var((1, 3), keepdims=True) + 1e-5)
            fine = act(p["gain"] * h.reshape(N, S, S, C))
            coarse = act(conv(sub(p, "coarse"), fine.reshape(N, S // 2, 2, S // 2, 2, C).max((2, 4))) + noise)
            return conv(sub(p, "out"), act(conv(sub(p, "up"), jnp.concatenate([fine, coarse.repeat(2, 1).repeat(2, 2)], -1))))

        def inner(p, t):
            return (jnp.exp(m["log_weight"])[:, :, None] * (net(p, d["noisy"], jnp.exp(m["log_noise"]) * d["noise"][t]) - d["clean"]) ** 2).mean()
        p = descend(inner, sub(m, "start"), T, momentum(0.1))
        a = jnp.abs(net(p, d["noisy"], 0) - d["clean"])
        return jnp.where(a < 1, 0.5 * a**2, a - 0.5).mean(), {"p." + k: v for k, v in p.items()}
    return data, meta, value


def held(r):
    N, D, T = 5, 3, 4
    data = dict(x=r.normal(size=(N, D)), y=r.normal(size=N))
    meta = dict(log_rate=np.full(D, -2.0), pull=0.3, start=0.5 * r.normal(size=D))
    stop = jax.lax.stop_gradient

    def value(m, d):
        loss = lambda u: ((jnp.tanh(d["x"] @ u) - d["y"]) ** 2).mean()
        size = lambda u: (u**2).sum()

        def adapt(u):
            average, slow, anchor = 0, stop(u), u
            for i in range(4):
                g = jax.grad(lambda u: loss(u) + (average * u).sum() + m["pull"] * size(u - slow))(u)
                average = 0.5 * average + 0.1 * g
                u = u - jnp.exp(m["log_rate"]) * (g + jax.grad(lambda u: loss(u) + m["pull"] * size(u - anchor))(u))
                slow = stop(0.5 * slow + 0.5 * u)
            return u

        def inner(p, t):
            w = p["w"]
            h, q = stop(w), 0
            for i in range(3):
                q = q + jax.grad(lambda w: (h * w**2).sum() + loss(w))(w)
                h = stop(h + w)
            g = jax.grad(lambda u: loss(u) + size(u - 1))(jnp.zeros(D))
            return loss(adapt(w)) + 0.1 * (w * g).sum() + 0.01 * size(q)
        p = descend(inner, dict(w=m["start"]), T, sgd(0.3))
        return loss(p["w"]) + 0.01 * size(p["w"]), p
    return data, meta, value


PROBLEMS = dict(kalman=kalman, graph=graph, seq2seq=seq2seq, markov=markov, contrast=contrast, muon=muon, averages=averages, wraps=wraps, sharpness=sharpness, physics=physics,
                evidence=evidence, unet=unet, held=held)

for number, (name, problem) in enumerate(PROBLEMS.items()):
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    data, meta, value = problem(np.random.default_rng(number))
    (outer, p), grad = jax.value_and_grad(lambda m: value(m, data), has_aux=True)({k: jnp.asarray(v) for k, v in meta.items()})
    results = {"outer": outer} | {"d_" + k: v for k, v in grad.items()} | {"p_" + k: v for k, v in p.items()}
    for folder, arrays in ("in", data | meta), ("out", results):
        os.makedirs(f"{name}/{folder}", exist_ok=True)
        for k, v in arrays.items():
            v = np.asarray(v)
            np.save(f"{name}/{folder}/{k}.npy", v.astype(np.int32) if v.dtype.kind == "i" else v.astype(np.float64))
