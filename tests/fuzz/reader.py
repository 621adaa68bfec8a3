"""A slow, literal reading of .mfl programs in PyTorch, in double and eager: outer value, hypergradient and parameters by reverse over reverse, steps and loops
unrolled. It shares nothing with mflc and was written from language.md alone; every program of tests/models and tests/reference that it was given agrees to 1e-10.

`reader.py FIRST LAST > expected.txt` writes the numbers of generate.py's programs; run(FILE, FOLDER) reads any program. Needs NumPy and PyTorch."""
import glob
import itertools
import math
import os
import sys
import numpy as np
import torch
from grammar import Reader

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
STD = """
optimizer sgd(rate) on p, g { p = p - rate * g }
optimizer momentum(rate, mu = 0.9) on p, g { state m = 0  m = mu * m + g  p = p - rate * m }
optimizer nesterov(rate, mu = 0.9) on p, g { state m = 0  m = mu * m + g  p = p - rate * (g + mu * m) }
optimizer rmsprop(rate, decay = 0.9, eps = 1e-8, eps_root = 0) on p, g {
  state v = 0  v = decay * v + (1 - decay) * g^2  p = p - rate * g / (sqrt(v + eps_root) + eps) }
optimizer adagrad(rate, eps = 1e-8, eps_root = 0) on p, g { state v = 0  v = v + g^2  p = p - rate * g / (sqrt(v + eps_root) + eps) }
optimizer adam(rate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, eps_root = 0) on p, g {
  state m = 0, v = 0
  m = beta1 * m + (1 - beta1) * g
  v = beta2 * v + (1 - beta2) * g^2
  t = step + 1
  p = p - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps)
}
optimizer adamw(rate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, eps_root = 0, decay = 0) on p, g {
  state m = 0, v = 0
  m = beta1 * m + (1 - beta1) * g
  v = beta2 * v + (1 - beta2) * g^2
  t = step + 1
  p = p - rate * ((m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps) + decay * p)
}
"""

# ---- values ----
def each(f, *a):
    r = next((x for x in a if isinstance(x, dict)), None)
    return f(*a) if r is None else {k: each(f, *[x[k] if isinstance(x, dict) else x for x in a]) for k in r}
def T(x): return x if torch.is_tensor(x) else torch.tensor(x)
def R(x):
    x = T(x)
    return x if x.dtype == torch.float64 else x.to(torch.float64)
def flat(t, pre=""):
    if not isinstance(t, dict): return {pre: t}
    return {k: v for n, x in t.items() for k, v in flat(x, f"{pre}.{n}" if pre else n).items()}

def red(f):
    def run(a, axis=None, keep=False):
        a = R(a)
        if axis is None:
            r = f(a.reshape(-1), 0, False)
            return r.reshape((1,) * a.ndim) if keep else r
        return f(a, int(axis), keep)
    return run
def lse(a, d, k):
    m = torch.amax(a, d, True).detach()
    s = torch.log(torch.sum(torch.exp(a - m), d, True)) + m
    return s if k else s.squeeze(d)
def var(a, d, k): return ((a - a.mean(d, True))**2).mean(d, k)
def prod(a, d, k):
    parts = a.unbind(d); r = parts[0]
    for x in parts[1:]: r = r * x
    return r.unsqueeze(d) if k else r
RED = {"sum": red(lambda a, d, k: a.sum(d, k)), "mean": red(lambda a, d, k: a.mean(d, k)), "prod": red(prod), "var": red(var), "logsumexp": red(lse),
       "norm": red(lambda a, d, k: torch.sqrt((a * a).sum(d, k))), "max": red(torch.amax), "min": red(torch.amin)}
def maxmin(name):
    f = {"max": torch.maximum, "min": torch.minimum}[name]
    def run(a, b=None, axis=None, keep=False):
        if b is None: return RED[name](a, axis, keep)
        a, b = R(a), R(b)
        a, b = torch.broadcast_tensors(a, b)
        return f(a, b)
    return run
def softmax(a, axis=-1):
    a = R(a); e = torch.exp(a - torch.amax(a, int(axis), True).detach())
    return e / e.sum(int(axis), True)
def log_softmax(a, axis=-1):
    a = R(a); return a - lse(a, int(axis), True)
def pad(a, lo, hi, axis=-1):
    a = R(a); axis = int(axis) % a.ndim; s = list(a.shape)
    z = lambda n: torch.zeros(s[:axis] + [int(n)] + s[axis + 1:])
    return torch.cat([z(lo), a, z(hi)], axis)
def flip(a, axis=None):
    a = T(a); return torch.flip(a, list(range(a.ndim)) if axis is None else [int(axis) % a.ndim])
def stack(*a, axis=0):
    a = torch.broadcast_tensors(*[T(x) for x in a])
    if any(x.dtype == torch.float64 for x in a): a = [R(x) for x in a]
    return torch.stack(list(a), int(axis))
def concat(*a, axis=0):
    a = [T(x) for x in a]
    if any(x.dtype == torch.float64 for x in a): a = [R(x) for x in a]
    return torch.cat(a, int(axis))
def one_hot(y, n):
    y = T(y); return (y[..., None] == torch.arange(int(n))).to(torch.float64)
def rms_norm(x, eps=1e-6): x = R(x); return x / torch.sqrt((x * x).mean(-1, True) + eps)
def layer_norm(x, eps=1e-5):
    x = R(x); c = x - x.mean(-1, True)
    return c / torch.sqrt((c * c).mean(-1, True) + eps)
def rope(x, base=10000):
    x = R(x); S, K = x.shape[-2:]
    j = torch.arange(K // 2).to(torch.float64)
    th = torch.arange(S).to(torch.float64)[:, None] * float(base) ** (-2 * j / K)
    a, b = x[..., :K // 2], x[..., K // 2:]
    return torch.cat([a * torch.cos(th) - b * torch.sin(th), a * torch.sin(th) + b * torch.cos(th)], -1)
def attention(q, k, v, causal=False):
    q, k, v = R(q), R(k), R(v)
    s = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if causal:
        S, Z = s.shape[-2:]
        s = torch.where(torch.arange(Z)[None, :] <= torch.arange(S)[:, None], s, torch.tensor(-1e300))
    return softmax(s) @ v
def conv2d(x, f):
    x, f = R(x), R(f); n, h, w, c = x.shape; a, b, _, o = f.shape
    y = 0
    for i in range(a):
        for j in range(b):
            y = y + x[:, i:i + h - a + 1, j:j + w - b + 1, :] @ f[i, j]
    return y
def windows(x, k):
    x = R(x); k = int(k); n, h, w, c = x.shape; p, q = h // k, w // k
    return torch.stack([x[:, i:p * k:k, j:q * k:k, :] for i in range(k) for j in range(k)], -1)
def solve_triangular(l, b, upper=False):
    l, b = R(l), R(b); n = l.shape[-1]
    rows = [None] * n
    for i in (range(n - 1, -1, -1) if upper else range(n)):
        acc = b[..., i, :] if b.ndim > 1 else b[i]
        for j in (range(i + 1, n) if upper else range(i)):
            acc = acc - (l[..., i, j, None] if b.ndim > 1 else l[i, j]) * rows[j]
        rows[i] = acc / (l[..., i, i, None] if b.ndim > 1 else l[i, i])
    return torch.stack(rows, -2 if b.ndim > 1 else 0)
def cholesky(a):
    a = R(a); n = a.shape[-1]; L = [[torch.zeros(a.shape[:-2])] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            s = (a[..., i, j] + a[..., j, i]) / 2
            for k in range(j): s = s - L[i][k] * L[j][k]
            L[i][j] = torch.sqrt(s) if i == j else s / L[j][j]
    return torch.stack([torch.stack(r, -1) for r in L], -2)
def logdet(a):
    L = cholesky(a); return 2 * torch.log(torch.diagonal(L, dim1=-2, dim2=-1)).sum(-1)
def solve(a, b):
    a, b = R(a), R(b)
    if b.ndim == 1 or b.ndim == a.ndim - 1: return torch.linalg.solve(a, b[..., None])[..., 0]
    return torch.linalg.solve(a, b)
def cross_entropy(z, y):
    z = log_softmax(z); y = T(y)
    if y.ndim == z.ndim: return -(z * R(y)).sum(-1)
    return -torch.gather(z, -1, y[..., None].long())[..., 0]
sizes = lambda s: tuple(int(n) for n in s)
CALL = {**RED, "max": maxmin("max"), "min": maxmin("min"), "softmax": softmax, "log_softmax": log_softmax, "pad": pad, "flip": flip, "stack": stack, "concat": concat, "one_hot": one_hot,
        "rms_norm": rms_norm, "layer_norm": layer_norm, "rope": rope, "attention": attention, "conv2d": conv2d, "max_pool2d": lambda x, k: windows(x, k).amax(-1), "avg_pool2d": lambda x, k: windows(x, k).mean(-1),
        "solve_triangular": solve_triangular, "cholesky": cholesky, "logdet": logdet, "solve": solve, "cross_entropy": cross_entropy, "mse": lambda a, b: ((R(a) - R(b))**2).mean(),
        "dot": lambda a, b: (R(a) * R(b)).sum(), "outer_product": lambda a, b: R(a)[:, None] * R(b), "transpose": lambda x, *o: T(x).permute(*(sizes(o) if o else range(T(x).ndim - 1, -1, -1))),
        "reshape": lambda x, *s: T(x).reshape(sizes(s)), "cumsum": lambda x, axis: R(x).cumsum(int(axis)), "iota": lambda n: torch.arange(int(n)), "tril": lambda x: torch.tril(R(x)),
        "zeros": lambda *s: torch.zeros(sizes(s)), "ones": lambda *s: torch.ones(sizes(s)), "broadcast": lambda e, *s: R(e).expand(sizes(s)),
        "where": lambda c, a, b: each(lambda c, a, b: torch.where(truth(c), R(a), R(b)), c, a, b), "clamp": lambda x, lo, hi: each(lambda x, lo, hi: torch.where(R(x) < lo, R(lo), torch.where(R(x) > hi, R(hi), R(x))), x, lo, hi)}
def truth(c): c = T(c); return c if c.dtype == torch.bool else c != 0
EACH = {n: getattr(torch, n) for n in "exp log log1p expm1 sqrt rsqrt sin cos tan tanh sigmoid erf lgamma abs sign floor".split()}
EACH.update(softplus=lambda x: torch.logaddexp(x, torch.zeros_like(x)), relu=lambda x: torch.where(x <= 0, 0.0, x), gelu=lambda x: x / 2 * (1 + torch.erf(x / math.sqrt(2))), silu=lambda x: x * torch.sigmoid(x), detach=lambda x: x.detach())
def arith(f):
    def g(a, b):
        if torch.is_tensor(a) and a.dtype == torch.bool: a = R(a)
        if torch.is_tensor(b) and b.dtype == torch.bool: b = R(b)
        return f(a, b)
    return g
def power(a, b):
    if not torch.is_tensor(a) and not torch.is_tensor(b): return a ** b
    if torch.is_tensor(b) or not isinstance(b, int): return torch.pow(R(a), b if not torch.is_tensor(b) else R(b))
    return torch.pow(R(a), b)
def matmul(a, b): return R(a) @ R(b)
def cmp(f): return lambda a, b: f(T(a), T(b)) if torch.is_tensor(a) or torch.is_tensor(b) else f(a, b)
OPS = {"+": arith(lambda a, b: a + b), "-": arith(lambda a, b: a - b), "*": arith(lambda a, b: a * b), "/": arith(lambda a, b: a / b), "^": arith(power), "@": matmul, "%": arith(lambda a, b: torch.remainder(T(a), T(b)) if torch.is_tensor(a) or torch.is_tensor(b) else a % b),
       "<": cmp(lambda a, b: a < b), "<=": cmp(lambda a, b: a <= b), ">": cmp(lambda a, b: a > b), ">=": cmp(lambda a, b: a >= b), "==": cmp(lambda a, b: a == b), "!=": cmp(lambda a, b: a != b),
       "and": lambda a, b: (truth(a) & truth(b)), "or": lambda a, b: (truth(a) | truth(b))}
FLAGS = {"keep", "causal", "upper"}

def rename(e, m):
    """Letters of `over` get names of their own; returns the copy and the list of (new name)."""
    if isinstance(e, list): return [rename(x, m) for x in e]
    if not isinstance(e, tuple): return e
    if e[0] == "name" and len(e) == 2: return ("name", m.get(e[1], e[1])) if isinstance(e[1], str) else e
    if e[0] == "over":
        new = [f"{l}@{next(COUNT)}" for l in e[2]]
        BOUND.extend(new)
        return ("over", e[1], new, rename(e[3], {**m, **dict(zip(e[2], new))}))
    if e[0] == "field": return ("field", rename(e[1], m), e[2])
    if e[0] == "call": return ("call", e[1], [(n, rename(x, m)) for n, x in e[2]])
    return tuple(rename(x, m) for x in e)
COUNT = itertools.count()
BOUND = []
def mentions(e):
    if isinstance(e, list): return set().union(*map(mentions, e)) if e else set()
    if not isinstance(e, tuple): return set()
    if e[0] == "name" and len(e) == 2: return {e[1]} if isinstance(e[1], str) and "@" in e[1] else set()
    return set().union(set(), *[mentions(x) for x in e[1:]])
def subs(e):
    yield e
    if isinstance(e, (tuple, list)):
        for x in e:
            if isinstance(x, (tuple, list)): yield from subs(x)

class Program:
    def __init__(self, path):
        self.fns, self.structs, self.optimizers, self.decl = {}, {}, {}, []
        self.load(Reader(STD).file()); self.path = path
        self.load(Reader(open(path).read()).file())
        self.of = lambda *w: [d for d in self.decl if d[0] in w]
        self.one = lambda w: (self.of(w) or [None])[0]
        self.statics = {"pi": math.pi}
    def load(self, decls):
        for d in decls:
            if d[0] == "import":
                p = os.path.join(os.path.dirname(self.path), d[1])
                self.load(Reader(open(p if os.path.exists(p) else os.path.join(TOP, "compiler", d[1])).read()).file())
            elif d[0] in ("fn", "struct", "optimizer"): {"fn": self.fns, "struct": self.structs, "optimizer": self.optimizers}[d[0]][d[1]] = d[2:]
            else: self.decl.append(d)
    def eval(self, e, env):
        k = e[0]
        if k == "num": return e[1]
        if k == "name":
            assert e[1] in env, f"unknown name {e[1]}"
            return env[e[1]]
        if k == "neg": return each(lambda x: -x if not (torch.is_tensor(x) and x.dtype == torch.bool) else -R(x), self.eval(e[1], env))
        if k == "not":
            return ~truth(self.eval(e[1], env))
        if k == "if":
            c = self.eval(e[1], env)
            a, b = self.eval(e[2], env), self.eval(e[3], env)
            return each(lambda c, a, b: torch.where(truth(c), R(a), R(b)), c, a, b)
        if k in OPS: return each(OPS[k], self.eval(e[1], env), self.eval(e[2], env))
        if k == "field": return self.eval(e[1], env)[e[2]]
        if k == "partial":                                # by that name alone: what was computed from it before stays as it is
            own = each(lambda a: R(a) * 1.0 if R(a).requires_grad else R(a).detach().requires_grad_(True), env[e[1]])
            value, leaves = R(self.eval(e[2], {**env, e[1]: own})), flat(own)
            got = torch.autograd.grad(value, list(leaves.values()), create_graph=True, allow_unused=True) if value.requires_grad else [None] * len(leaves)
            by_name = {n: torch.zeros_like(a) if g is None else g for (n, a), g in zip(leaves.items(), got)}
            def like(t, path): return {k: like(v, f"{path}.{k}" if path else k) for k, v in t.items()} if isinstance(t, dict) else by_name[path]
            return like(own, "")
        if k == "over":
            if not any("@" in l for l in e[2]):
                return self.notation([], e, env)
            return self.over(e, env)
        if k == "index":
            if mentions(e[2]):
                a = self.eval(e[1], env); at = [T(self.eval(it[1], env)) for it in e[2]]
                assert len(at) == a.ndim, f"every axis {e}"
                return a[tuple(torch.broadcast_tensors(*at))] if len(at) > 1 else a[at[0]]
            return self.index(self.eval(e[1], env), e[2], env)
        flags = {x[1] for n, x in e[2] if n is None and x[0] == "name" and x[1] in FLAGS and x[1] not in env}
        args = [(n, self.eval(x, env)) for n, x in e[2] if not (n is None and x[0] == "name" and x[1] in flags)]
        if e[1] in self.fns: return self.call(e[1], args, env)
        place, named = [x for n, x in args if n is None], {n: x for n, x in args if n is not None}
        if e[1] in EACH:
            return each(lambda a: EACH[e[1]](R(a)), place[0])
        f = CALL[e[1]]
        if e[1] in ("max", "min") and len(place) == 2: return each(lambda a, b: f(a, b), *place)
        return f(*place, **named, **{x: True for x in flags})
    def over(self, e, env):
        v = R(self.eval(e[3], env))
        for l in e[2]:
            ax, n = env["@axis"][l], env["@range"][l]
            if v.ndim <= ax or v.ndim < env["@rank"]: v = v.reshape((1,) * (env["@rank"] - v.ndim) + tuple(v.shape)) if v.ndim == 0 else v
            assert v.ndim == env["@rank"]
            s = list(v.shape)
            if s[ax] == 1 and n != 1: s[ax] = n; v = v.expand(s)
        axes = [env["@axis"][l] for l in e[2]]
        if e[1] in ("sum", "mean"): return getattr(v, e[1])(axes, True)
        if e[1] in ("max", "min"): return getattr(torch, "a" + e[1])(v, axes, True)
        for a in axes: v = {"prod": prod, "logsumexp": lse}[e[1]](v, a, True)
        return v
    def notation(self, letters, e, env):
        top = [f"{l}@{next(COUNT)}" for l in letters]
        BOUND.clear()
        e = rename(e, dict(zip(letters, top)))
        bound = top + list(BOUND)
        ranges, uses = {}, []
        for x in subs(e):
            if isinstance(x, tuple) and x and x[0] == "index" and mentions(x[2]):
                base = self.eval(x[1], env)
                assert len(x[2]) == base.ndim
                for it, n in zip(x[2], base.shape):
                    if it[0] == "at" and it[1][0] == "name" and it[1][1] in bound:
                        assert ranges.setdefault(it[1][1], n) == n, ("disagree", it, n)
                    elif mentions(it[1]) and not any(isinstance(y, tuple) and y and y[0] == "index" for y in subs(it[1])): uses.append((it[1], n))
        todo = [l for l in bound if l not in ranges]
        def value(ex, at):
            return self.eval(ex, {**env, **at})
        for l in todo:
            best = None
            for ex, n in uses:
                ms = mentions(ex)
                if l not in ms: continue
                assert all(m in ranges or m == l for m in ms), "two free letters"
                v = 0
                corners = [dict(zip([m for m in ms if m != l], c)) for c in itertools.product(*[(0, ranges[m] - 1) for m in ms if m != l])]
                while all(0 <= value(ex, {**c, l: v}) < n for c in corners) and v < 1000: v += 1
                best = v if best is None else min(best, v)
            assert best, ("no range", l)
            ranges[l] = best
        rank = len(bound)
        env = {**env, "@axis": {l: i for i, l in enumerate(bound)}, "@range": ranges, "@rank": rank}
        for i, l in enumerate(bound):
            env[l] = torch.arange(ranges[l]).reshape([-1 if j == i else 1 for j in range(rank)])
        v = T(self.eval(e, env))
        if v.ndim < rank: v = v.reshape((1,) * rank)
        n = [ranges[l] for l in top]
        return v.expand(n + [1] * (rank - len(n))).reshape(n)
    def index(self, a, items, env):
        if isinstance(a, dict): return {k: self.index(v, items, env) for k, v in a.items()}
        a = T(a); ax = 0; colons = 0
        for it in items:
            if it[0] == "none": a = a.unsqueeze(ax); ax += 1; colons = -99
            elif it[0] == "slice":
                n = a.shape[ax]
                lo, hi = [None if x is None else int(self.eval(x, env)) for x in it[1:]]
                full = it[1] is None and it[2] is None
                lo = 0 if lo is None else lo + n if lo < 0 else lo
                hi = n if hi is None else hi + n if hi < 0 else hi
                assert 0 <= lo < hi <= n, "range"
                a = a.narrow(ax, lo, hi - lo); ax += 1
                colons = colons + 1 if full else -99
            else:
                i = T(self.eval(it[1], env)).long()
                if i.ndim == 0:
                    a = a.select(ax, int(i)); colons = -99
                elif colons == i.ndim and ax == i.ndim:
                    assert a.shape[:ax] == i.shape, "pick"
                    a = a[tuple(torch.meshgrid(*[torch.arange(n) for n in i.shape], indexing="ij")) + (i,)]; colons = -99
                else:
                    s = a.shape
                    a = a.index_select(ax, i.reshape(-1)).reshape(s[:ax] + i.shape + s[ax + 1:]); ax += i.ndim; colons = -99
        return a
    def call(self, name, args, env):
        formal, body = self.fns[name]
        local = dict(self.statics)
        given = {}
        k = 0
        for n, x in args:
            if n is None: n = formal[k][0]; k += 1
            given[n] = x
        for n, shape, kind, _, init in formal:
            x = given[n] if n in given else self.eval(init, local)
            local[n] = x
            if isinstance(x, dict): dims_ = next(iter(flat(x).values())).shape[:len(shape)] if shape else ()
            else: dims_ = T(x).shape if shape else ()
            if shape: assert len(shape) == len(dims_), f"{name}: rank"
            for s, size in zip(shape, dims_):
                if s[0] == "name" and s[1] not in local: local[s[1]] = size
                assert int(self.eval(s, local)) == size, f"{name}: {s}"
        return self.run(body, local)
    def run(self, body, env, state=None, loop=None):
        env = dict(env)
        r = self.block(body, env, state, loop)
        return env if r is None else r
    def block(self, body, env, state, loop):
        for s in body:
            if s[0] == "return": return self.eval(s[1], env)
            if s[0] == "log": self.eval(s[2], env)
            elif s[0] == "state": env[s[1]] = state[s[1]]
            elif s[0] == "let": env[s[1]] = self.eval(s[2], env)
            elif s[0] == "put":
                if loop and s[2] == [loop[0]]: loop[1].setdefault(s[1], []).append(R(self.eval(s[3], env)))
                else: env[s[1]] = self.notation(s[2], s[3], env)
            else:
                _, n, lo, hi, inner = s
                puts = {}
                if hi is None:
                    it = self.eval(lo, env)
                    count = next(iter(flat(it).values())).shape[0]
                    items = [each(lambda x: x[i], it) for i in range(count)]
                else: items = range(int(self.eval(lo, env)), int(self.eval(hi, env)))
                before = set(env)
                for x in items:
                    local = dict(env); local[n] = x
                    self.block(inner, local, state, (n, puts))
                    for k in before:
                        if k != n: env[k] = local[k]
                for k, v in puts.items(): env[k] = torch.stack(v)
    def layout(self, shape, kind, env):
        lead = sizes(self.eval(s, env) for s in shape)
        if kind is None or kind[0] in ("real", "int", "index"): return lead
        names, fields = self.structs[kind[0]]
        inside = {**env, **dict(zip(names, [self.eval(s, env) for s in kind[1]]))}
        grow = lambda t: {k: grow(v) for k, v in t.items()} if isinstance(t, dict) else lead + t
        return grow({f[0]: self.layout(f[1], f[2], inside) for f in fields})
    def leads(self, shape, kind, depth=0):
        if kind is None or kind[0] in ("real", "int", "index"): return depth
        return {f[0]: self.leads(f[1], f[2], depth + len(shape)) for f in self.structs[kind[0]][1]}
    def inits(self, shape, kind, init, env):
        """the initialiser of a declaration of a struct: numbers"""
        if kind is None or kind[0] in ("real", "int", "index"): return self.eval(init, env)
        names, fields = self.structs[kind[0]]
        inside = {**env, **dict(zip(names, [self.eval(s, env) for s in kind[1]]))}
        return {f[0]: self.inits(f[1], f[2], f[4], inside) for f in fields}

def load(folder): return {os.path.basename(f)[:-4]: np.load(f) for f in glob.glob(os.path.join(folder, "*.npy"))}

def run(path, folder, mode=None, dims={}):
    pr = Program(path)
    files = load(folder)
    env = {"none": None, "pi": math.pi, **dims}
    for _, n, e in pr.of("dim"):
        if e is not None and n not in env:
            try: env[n] = pr.eval(e, env)
            except AssertionError: pass
    flatdata = {}
    for d in pr.of("data", "task"):
        if d[3] is not None and d[3][0] in pr.structs: continue
        shape = files[d[1]].shape[1 if d[0] == "task" else 0:]
        assert len(shape) == len(d[2]), f"{d[1]}: {shape}"
        for s, size in zip(d[2], shape):
            if s[0] == "name" and s[1] not in env: env[s[1]] = size
            assert int(pr.eval(s, env)) == size, f"{d[1]}: {shape}"
    for _, n, e in pr.of("dim"):
        if e is not None and n not in env: env[n] = pr.eval(e, env)
    pr.statics = env
    for _, n, e in pr.of("const"): env[n] = pr.eval(e, env)
    layouts = {}
    for d in pr.of("meta", "param", "data", "task"):
        if d[4] is None: layouts[d[1]] = pr.layout(d[2], d[3], env)
    for d in pr.of("param", "meta") * 2:
        if d[4] is not None and d[4] in layouts: layouts[d[1]] = layouts[d[4]]
    tasks = [d[1] for d in pr.of("task")]
    ntask = None
    def bind(p, lay, whole, task=False):
        nonlocal ntask
        if isinstance(lay, dict): return {k: bind(f"{p}.{k}", v, whole, task) for k, v in lay.items()}
        a = files[p]
        if task: ntask = a.shape[0]
        assert a.shape[1 if task else 0:] == tuple(lay), f"{p}: file {a.shape}, text {lay}"
        return torch.tensor(a).long() if whole else torch.tensor(a.astype(np.float64))
    meta = {}
    for d in pr.of("meta"):
        try: meta[d[1]] = bind(d[1], layouts[d[1]], False)
        except KeyError:
            v = pr.inits(d[2], d[3], d[5], env) if d[5] is None else pr.eval(d[5], env)
            meta[d[1]] = each(lambda s, x: R(x).expand(s).clone(), layouts[d[1]], v)
    data = {d[1]: bind(d[1], layouts[d[1]], d[3] is not None and d[3][0] == "index", d[0] == "task") for d in pr.of("data", "task")}
    for k, v in meta.items():
        for a in flat(v).values(): a.requires_grad_(True)
    steps = {d[1]: d for d in pr.of("step")}
    kinds = {d[1]: d for d in pr.of("param")}
    def kind_of(n):
        d = kinds[n]
        while d[4] is not None: d = next(x for x in pr.of("meta", "param") if x[1] == d[4])
        return d
    T_ = {int(pr.eval(d[4], env)) for d in steps.values()}.pop()
    cut = pr.one("truncate"); cut = int(pr.eval(cut[1], env)) if cut else None

    def value(data):
        glob_ = {**env, **data, **meta}
        scope = lambda p, t=None: {**glob_, **p, **({} if t is None else {"step": t})}
        p = {}
        for d in pr.of("param"):
            v = pr.eval(d[5], scope({})) if d[5] is not None else pr.inits(d[2], d[3], None, env)
            p[d[1]] = each(lambda s, x: R(x).expand(s) + 0.0, layouts[d[1]], v)
        states = None
        def track(t): return each(lambda a: a if a.requires_grad else a.detach().requires_grad_(True), t)
        def advance(p, states, t):
            p = {k: track(v) for k, v in p.items()}
            loss = R(pr.run(pr.one("inner")[1], scope(p, t)))
            names, leaves = zip(*flat(p).items())
            if loss.requires_grad: gs = torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
            else: gs = [None] * len(leaves)
            g = {n: torch.zeros_like(l) if x is None else x for n, l, x in zip(names, leaves, gs)}
            states = {} if states is None else dict(states)
            def walk(q, path, args, formal, body, pn, gn, own):
                if isinstance(q, dict):
                    return {k: walk(v, f"{path}.{k}", {n: a[k] if isinstance(a, dict) and formal[n] is None else a for n, a in args.items()}, formal, body, pn, gn, own) for k, v in q.items()}
                a2 = {}
                for n, a in args.items():
                    k = leads[path]
                    if torch.is_tensor(a) and own and min(k, a.ndim) >= own and a.ndim < q.ndim and formal[n] is None: k = min(k, a.ndim); a = a.reshape(tuple(a.shape[:k]) + (1,) * (q.ndim - a.ndim) + tuple(a.shape[k:]))
                    a2[n] = a
                e = {**env, **a2, pn: q, gn: g[path], "step": t}
                if path not in states:
                    states[path] = {}
                    for s in body:
                        if s[0] == "state": states[path][s[1]] = R(pr.eval(s[2], {**e, **states[path]})).expand(q.shape)
                out = pr.run(body, e, states[path])
                states[path] = {k: out[k] for k in states[path]}
                r = R(out[pn]); assert r.shape == q.shape, (path, r.shape, q.shape)
                return r
            new = {}
            for n, d in steps.items():
                formal, pname, gname, body = pr.optimizers[d[2]]
                args = {f[0]: pr.eval(f[4], env) for f in formal if f[4] is not None}
                for k, (key, e) in enumerate(d[3]): args[key or formal[k][0]] = pr.eval(e, scope({}, t))
                own = len(kind_of(n)[2]) if kind_of(n)[3] is not None else 0         # an array of records: an argument may have one value per record
                leads = {(n + "." + k if k else n): v for k, v in flat(pr.leads(kind_of(n)[2], kind_of(n)[3])).items()}
                new[n] = walk(p[n], n, args, {f[0]: f[2] for f in formal}, body, pname, gname, own)
            path = R(pr.run(pr.one("path")[1], scope(new, t))) if pr.one("path") else 0.0
            return new, states, path
        total = 0.0
        for t in range(T_):
            if cut and 0 < t == T_ - cut:
                p = {k: each(lambda a: a.detach(), v) for k, v in p.items()}
                states = None if states is None else {k: {n: a.detach() for n, a in s.items()} for k, s in states.items()}
            p, states, path = advance(p, states, t)
            if cut and t < T_ - cut and torch.is_tensor(path): path = path.detach()
            total = total + path
        if pr.one("outer"): total = total + R(pr.run(pr.one("outer")[1], scope(p)))
        return total, p
    leaves = flat(meta)
    if not tasks: v, p = value(data)
    else:
        v, p = sum(value({k: each(lambda a: a[i], x) if k in tasks else x for k, x in data.items()})[0] for i in range(ntask)) / ntask, {}
    gs = torch.autograd.grad(v, list(leaves.values()), allow_unused=True) if torch.is_tensor(v) and v.requires_grad else [None] * len(leaves)
    out = {"outer": R(v).detach().numpy()}
    for (n, l), x in zip(leaves.items(), gs): out["d_" + n] = (torch.zeros_like(l) if x is None else x).detach().numpy()
    for n, a in flat(p).items(): out["p_" + n] = a.detach().numpy()
    return out


def main(first, last):
    """The lines of expected.txt for the programs first..last of generate.py."""
    import tempfile
    import expected
    import generate
    for seed in range(first, last + 1):
        with tempfile.TemporaryDirectory() as top:
            generate.main(seed, top)
            base = f"{top}/f{seed}/f{seed}"
            safe = base + "_safe.mfl"                       # features.py: where a branch is not finite that does not count
            for name, a in run(safe if os.path.exists(safe) else base + ".mfl", f"{top}/f{seed}/in").items():
                np.save(f"{top}/{name}.npy", np.asarray(a, order="C"))     # expected.py reads rows
            for name, (norm, product) in expected.told(top).items():
                print(seed, name, repr(norm), repr(product))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
