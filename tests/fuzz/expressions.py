"""Random expressions of a given shape, as text; scope: [(text, shape)]. What needs a name of its own becomes a line before (self.lines).

Values are kept of size one by bounded functions, arguments away from poles; what has kinks is met at generic points."""
import random

SIZES = (1, 2, 2, 3, 3, 4)
UNARY = ["tanh({})", "sin({})", "cos({})", "sigmoid({})", "softplus({})", "silu({})", "gelu({})", "erf({})", "relu({})", "abs({})", "exp(0.3 * tanh({}))", "log(1.2 + ({})^2)",
         "sqrt(1 + ({})^2)", "log1p(({})^2)", "expm1(0.2 * sin({}))", "rsqrt(1 + ({})^2)", "lgamma(1.5 + sigmoid({}))", "clamp({}, -0.7, 0.6)", "-({})", "({})^2 / 2", "tanh({})^3",
         "tan(0.5 * tanh({}))", "0.5 * sign({})", "0.1 * floor(2 * tanh({}))", "2^tanh({})", "-({})^2", "1 / (2 + sin({}))", "(1.5 + sin({}))^-1.5"]
REDUCE = ["sum({}, {})", "mean({}, {})", "max({}, axis = {})", "min({}, axis = {})", "logsumexp({}, {})", "norm({} + 0.3, {})", "var({}, {})", "prod(tanh({}), {})"]
WHOLE = ["sum", "mean", "logsumexp", "var", "norm", "max", "min", "prod"]
LETTERS = "ijklmnopqrst"

def size(shape):
    n = 1
    for d in shape: n *= d
    return n

class Expressions:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.name = f"f{seed}"
        self.arrays, self.decl, self.used_dims = {}, [], set()
        self.T = self.r.choice([0, 1, 2, 2, 3, 3, 4, 5])
        self.count = 0
        self.lines, self.indent, self.local = None, "  ", False
        self.fns, self.elem, self.structs, self.recfns = [], [], [], []
        self.ntask = self.r.choice([1, 2, 3]) if self.r.random() < 0.15 else 0
        self.SIZES = self.r.choice([SIZES, SIZES, (1, 2, 5, 8, 9, 17), (3, 4, 7, 16, 33)])
        self.most = 600 if self.SIZES is not SIZES else 10000
        self.dims()
        self.tables, self.head = {}, []
        self.consts, self.numbers_ = [], []

    def chance(self, p): return self.r.random() < p
    def fresh(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"
    def dims(self):
        r = self.r
        self.dimvals, self.dimtext = {}, []
        for n in r.sample(["A", "B", "C", "D", "N", "H"], r.randrange(1, 5)): self.dimvals[n] = r.choice(self.SIZES)
        self.dimtext.append("dim " + ", ".join(f"{n} = {v}" for n, v in self.dimvals.items()))
        if self.chance(0.4):
            a = r.choice(list(self.dimvals))
            e = r.choice([f"{a} + 1", f"2 * {a}", f"{a} * {a}", f"2 * {a} - 1"])
            self.dimtext.append(f"dim G = {e}")
            self.dimvals["G"] = eval(e, {}, self.dimvals)
    def st(self, n):
        """the text of a size"""
        r = self.r
        fits = [d for d, v in self.dimvals.items() if v == n]
        k = r.random()
        if fits and k < 0.6: return r.choice(fits)
        if k < 0.7:
            d, v = r.choice(list(self.dimvals.items()))
            if v < n: return f"{d} + {n - v}"
            if v > n: return f"{d} - {v - n}"
        return str(n)
    def text(self, shape): return "[" + ", ".join(map(self.st, shape)) + "]" if shape else ""
    def pick(self): return self.r.choice(self.SIZES)
    def shape(self, most=3):
        while True:
            s = tuple(self.pick() for _ in range(self.r.choice([0, 1, 1, 2, 2, 3, 3, 4, 5][:2 * most])))
            if size(s) <= self.most: return s
    def numbers(self, n, lo=-1.0, hi=1.0): return [self.r.uniform(lo, hi) for _ in range(n)]
    def array(self, name, shape, lo=-1.0, hi=1.0, kind="data"):
        task = kind == "data" and self.ntask and self.chance(0.4)
        full = ((self.ntask,) if task else ()) + shape
        self.arrays[name] = (full, self.numbers(size(full), lo, hi), False)
        self.decl.append(f"{'task ' if task else ''}{kind} {name}{self.text(shape)}")
        return name
    def data(self, shape):
        have = [n for n, (s, _, w) in self.arrays.items() if s == shape and not w and n.startswith("x")]
        if not self.ntask and have and self.chance(0.6): return self.r.choice(have)
        return self.array(self.fresh("x"), shape)
    def index(self, shape, bound):
        """text of an integer array below bound"""
        r = self.r
        if len(shape) == 1 and (self.local or self.chance(0.25)) and shape[0] <= bound:
            n = shape[0]
            if not self.local and self.chance(0.3):
                have = [k for k, (m, b) in self.tables.items() if m == n and b <= bound]
                if have: return r.choice(have)
                name = self.fresh("k"); self.head.append(f"const {name} = {self.st(n)} - 1 - iota({self.st(n)})"); self.tables[name] = (n, n)
                return name
            return r.choice([f"iota({self.st(n)})", f"({self.st(n)} - 1 - iota({self.st(n)}))", f"(iota({self.st(n)}) + {bound - n})"])
        if self.local: return None
        have = [n for n, (s, v, w) in self.arrays.items() if s == shape and w == bound]
        if have and not self.ntask and self.chance(0.5): return r.choice(have)
        name = self.fresh("y")
        task = self.ntask and self.chance(0.3)
        full = ((self.ntask,) if task else ()) + shape
        self.arrays[name] = (full, [r.randrange(bound) for _ in range(size(full))], bound)
        self.decl.append(f"{'task ' if task else ''}data {name}{self.text(shape)} : index({self.st(bound)})")
        return name

    # ---- expressions ----
    def number(self): return self.r.choice([f"{self.r.uniform(-1, 1):.3f}", f"{self.r.uniform(-1, 1):.2f}", "0.5", "1", "2", "(1 / 3)", "(pi / 4)"] + self.numbers_ * 2)
    def leaf(self, shape, scope):
        r = self.r
        fits = [e for e, s in scope if s == shape]
        if fits and self.chance(0.85): return r.choice(fits[-4:] if self.chance(0.5) else fits)
        some = [(e, s) for e, s in scope if len(s) > len(shape)]
        r.shuffle(some)
        for e, s in some:                                  # a part of something
            if not shape: return f"{e}[{', '.join(str(r.randrange(-d, d)) for d in s)}]"
            k = len(s) - len(shape)
            if s[k:] == shape: return f"{e}[{', '.join(str(r.randrange(d)) for d in s[:k])}]"
            if s[:len(shape)] == shape and self.chance(0.7): return f"{e}[{', '.join([':'] * len(shape) + [str(r.randrange(d)) for d in s[len(shape):]])}]"
        if not shape: return self.number()
        for e, s in scope:
            if len(s) == len(shape) and all(a >= b for a, b in zip(s, shape)) and self.chance(0.8):
                return f"{e}[{', '.join(':' if a == b else f'{a - b}:' if self.chance(0.3) else f':{b - a}' if self.chance(0.5) else f'0:{self.st(b)}' for a, b in zip(s, shape))}]"
            if len(s) == 1 and len(shape) == 2 and s[0] == shape[0] and self.chance(0.3): return f"({e}[:, none] + zeros({self.st(shape[0])}, {self.st(shape[1])}))"
        if self.local or self.chance(0.1):
            ss = ", ".join(map(self.st, shape))
            return r.choice([f"ones({ss})", f"broadcast({self.leaf((), scope)}, {ss})", f"({self.leaf((), scope)} + zeros({ss}))", f"broadcast({self.leaf(shape[-1:], scope)}, {ss})" if len(shape) > 1 else f"(iota({self.st(shape[0])}) / 7)"])
        return self.data(shape)

    def expr(self, shape, depth, scope):
        r = self.r
        if depth <= 0 or self.chance(0.06) or size(shape) > 2 * self.most: return self.leaf(shape, scope)
        sub = lambda s=shape, d=depth - 1: self.expr(tuple(s), d, scope)
        if self.chance(0.38):
            kind = r.randrange(13)
            if kind < 5:
                a = sub()
                k = r.random()
                if k < 0.4: b = sub(shape[r.randrange(len(shape) + 1):])
                elif k < 0.6 and shape: b = sub(tuple(1 if self.chance(0.5) else d for d in shape))
                else: b = sub()
                if self.chance(0.5): a, b = b, a
                return r.choice(["({} + {})", "({} - {})", "({} * {})", "({} * {})", "({} / (1.5 + ({})^2))"]).format(a, b)
            if kind == 5:
                c = f"{sub()} {r.choice(['<', '>', '<=', '>='])} {sub(r.choice([shape, ()]))}"
                if self.chance(0.2): c = f"({c}) {r.choice(['and', 'or'])} {sub()} > 0.1"
                if self.chance(0.1): c = f"not ({c})"
                return r.choice(["(if {} then {} else {})", "where({}, {}, {})"]).format(c, sub(), sub(r.choice([shape, (), shape[1:]])))
            if kind == 6: return f"{r.choice(['max', 'min'])}({sub()}, {sub()})"
            if kind == 7: return f"detach({sub()})" if self.chance(0.4) else f"({sub()} * {sub(())})"
            if kind == 8: return f"(1 + ({sub()})^2)^(0.5 * tanh({sub()}))"
            if kind == 9 and self.elem: 
                f, n = r.choice(self.elem)
                return f"{f}({sub()}, {sub(())})"
            if kind in (10, 11) and self.fns:
                fits = [f for f in self.fns if f[2] == shape]
                if fits:
                    f, args, _ = r.choice(fits)
                    return f"{f}({', '.join(self.expr(s, depth - 1, scope) if not n else f'{n} = {self.expr(s, depth - 1, scope)}' for n, s in args)})"
            if kind == 12: return f"clamp({sub()}, {sub(())} - 1.5, {r.uniform(0.3, 1):.2f})"
        if self.chance(0.3): return r.choice(UNARY).format(sub())
        return self.structured(shape, depth, scope, sub)

    def structured(self, shape, depth, scope, sub):
        r, rank = self.r, len(shape)
        d = self.pick()
        choices = ["reduce", "notation", "notation"]
        if rank == 0: choices += ["whole", "whole", "dot", "logdet", "xent", "mse", "select"]
        if rank >= 1: choices += ["slice", "flip", "cumsum", "softmax", "concat", "stack", "gather", "pick", "pad", "norms", "select", "reshape", "newaxis", "keep", "notation"]
        if rank == 1: choices += ["matvec", "vecmat", "solve", "window", "diag"]
        if rank == 2: choices += ["matmul", "matmul", "transpose", "outer", "attention", "solve2", "rope", "vecbmm"] + (["tril", "cholesky"] if shape[0] == shape[1] else []) + ["onehot"]
        if rank >= 3: choices += ["bmm", "bmm", "permute", "attention", "bmm1", "rope"]
        if rank == 4: choices += ["conv", "pool", "pool"]
        k = r.choice(choices)
        if k == "reduce" and rank < 4:
            axis = r.randrange(rank + 1)
            neg = axis - rank - 1 if self.chance(0.3) else axis
            return r.choice(REDUCE).format(sub(shape[:axis] + (d,) + shape[axis:]), neg)
        if k == "keep":
            axis = r.randrange(rank)
            return f"({sub()} - {r.choice(['mean', 'max', 'sum', 'logsumexp'])}({sub()}, axis = {axis}, keep))"
        if k == "whole":
            s = tuple(self.pick() for _ in range(r.randrange(1, 4)))
            f = r.choice(WHOLE)
            return f"{f}({sub(s)}{' + 0.2' if f == 'norm' else ' / 3' if f == 'sum' else ''})"
        if k == "dot": return f"dot({sub((d,))}, {sub((d,))})"
        if k == "mse": return f"mse({sub((d,))}, {sub((d,))})"
        if k == "xent":
            s = r.choice([(d,), (d, 2), (2, 1)]); c = max(2, self.pick())
            if self.chance(0.4): return f"mean(cross_entropy({sub(s + (c,))}, softmax({sub(s + (c,))})))"
            y = self.index(s, c)
            return f"mean(cross_entropy({sub(s + (c,))}, {y}))" if y else sub()
        if k == "select":
            axis, n = r.randrange(rank + 1), d
            if rank >= 4: return sub()
            return f"({sub(shape[:axis] + (n,) + shape[axis:])})[{':, ' * axis}{r.randrange(-n, n)}]"
        if k == "slice":
            axis, extra = r.randrange(rank), r.randrange(1, 3)
            at = r.randrange(extra + 1)
            big = sub(shape[:axis] + (shape[axis] + extra,) + shape[axis + 1:], min(depth - 1, 1))
            lo, hi = ("" if at == 0 and self.chance(0.5) else str(at)), ("" if at == extra and self.chance(0.5) else str(at - extra) if at < extra and self.chance(0.4) else f"{at} + {self.st(shape[axis])}")
            return f"({big})[{':, ' * axis}{lo}:{hi}]"
        if k == "newaxis":
            axis = r.randrange(rank)
            if shape[axis] == 1: return f"({sub(shape[:axis] + shape[axis + 1:])})[{', '.join([':'] * axis + ['none'])}]"
            return f"(({sub(shape[:axis] + shape[axis + 1:])})[{', '.join([':'] * axis + ['none'])}] * {sub()})"
        if k == "flip": return f"flip({sub()}, {r.randrange(rank)})" if self.chance(0.8) else f"flip({sub()})"
        if k == "cumsum": return f"cumsum({sub()}, {r.choice([r.randrange(rank), -1])})"
        if k == "softmax":
            ax = r.choice([f", {r.randrange(rank)}", "", f", axis = {r.randrange(-rank, 0)}"])
            return r.choice(["softmax({}{})", "(log_softmax({}{}) / 3)"]).format(sub(), ax)
        if k == "concat":
            axis = r.randrange(rank)
            if shape[axis] > 1:
                cut = r.randrange(1, shape[axis])
                part = lambda n: sub(shape[:axis] + (n,) + shape[axis + 1:])
                return f"concat({part(cut)}, {part(shape[axis] - cut)}{f', axis = {axis}' if axis else ''})"
        if k == "stack":
            axis = r.randrange(rank)
            if shape[axis] in (1, 2, 3): return f"stack({', '.join(sub(shape[:axis] + shape[axis + 1:]) for _ in range(shape[axis]))}{f', axis = {axis}' if axis else ''})"
        if k == "gather" and rank <= 4:
            n = d; cut = r.randrange(1, min(rank, 3) + 1); before = r.randrange(2) if rank - cut >= 1 else 0
            # axis `before` is gathered by an index array of rank cut; not when it would pick
            if before + cut > rank: before = 0
            if before == cut and before: before = 0
            idx = self.index(shape[before:before + cut], n)
            if idx: return f"({sub(shape[:before] + (n,) + shape[before + cut:])})[{':, ' * before}{idx}]"
        if k == "pick" and rank <= 3:
            cut = r.randrange(1, rank + 1)
            n = d
            idx = self.index(shape[:cut], n)
            if idx: return f"({sub(shape[:cut] + (n,) + shape[cut:])})[{':, ' * cut}{idx}]"
        if k == "reshape":
            n = size(shape)
            opts = [(n,)] + [(a, n // a) for a in (2, 3) if n % a == 0] + [(a, 1, n // a) for a in (2,) if n % a == 0]
            return f"reshape({sub(r.choice(opts))}, {', '.join(map(self.st, shape))})"
        if k == "pad":
            axis = r.randrange(rank)
            if shape[axis] > 2:
                a = r.randrange(3)
                ax = "" if axis == rank - 1 else f", axis = {axis}"
                return f"pad({sub(shape[:axis] + (shape[axis] - 2,) + shape[axis + 1:])}, {a}, {2 - a}{ax})"
        if k == "norms": return f"{r.choice(['layer_norm', 'rms_norm'])}({sub()} + 0.2, eps = 0.05)"
        if k == "matvec": return f"({sub(shape + (d,))} @ {sub((d,))})"
        if k == "vecmat": return f"({sub((d,))} @ {sub((d,) + shape)})"
        if k == "vecbmm": return f"({sub((d,))} @ {sub((shape[0], d, shape[1]))})"
        if k == "matmul": return f"({sub((shape[0], d))} @ {sub((d, shape[1]))})"
        if k == "bmm": return f"({sub(shape[:-1] + (d,))} @ {sub((d, shape[-1]))})" if self.chance(0.5) else f"({sub(shape[:-1] + (d,))} @ {sub(shape[:-2] + (d, shape[-1]))})"
        if k == "bmm1": return f"({sub((shape[-2], d))} @ {sub(shape[:-2] + (d, shape[-1]))})"
        if k == "transpose": return f"transpose({sub(shape[::-1])})"
        if k == "permute":
            o = list(range(rank)); r.shuffle(o)
            s = [0] * rank
            for i, a in enumerate(o): s[a] = shape[i]
            return f"transpose({sub(s)}, {', '.join(map(str, o))})"
        if k == "outer": return f"outer_product({sub(shape[:1])}, {sub(shape[1:])})"
        if k == "tril": return f"tril({sub()})"
        if k == "onehot":
            y = self.index(shape[:1], d)
            if y: return f"(one_hot({y}, {self.st(d)}) @ {sub((d, shape[1]))})"
        return self.beyond(k, shape, depth, sub, d, scope)

    def let(self, e):
        name = self.fresh("v")
        self.lines.append(f"{self.indent}{name} = {e}")
        return name
    def spd(self, n, sub):
        a = self.let(f"tanh({sub((n, n))})")
        return f"({a} @ transpose({a}) / 2 + 2 * one_hot(iota({self.st(n)}), {n}))"
    def beyond(self, k, shape, depth, sub, d, scope):
        r = self.r; rank = len(shape)
        if k == "logdet": return f"logdet({self.spd(d, sub)})"
        if k == "solve":
            n = shape[0]
            return r.choice(["solve({}, {})", "solve_triangular(cholesky({}), {})", "solve_triangular(transpose(cholesky({})), {}, upper)"]).format(self.spd(n, sub), sub())
        if k == "solve2":
            n = shape[0]
            return r.choice(["solve({}, {})", "solve_triangular(cholesky({}), {})", "solve_triangular(transpose(cholesky({})), {}, upper)"]).format(self.spd(n, sub), sub())
        if k == "window":
            a, f = self.let(sub((shape[0] + d - 1,), min(depth - 1, 1))), self.let(sub((d,)))
            name = self.fresh("w")
            self.lines.append(f"{self.indent}{name}[i] = sum[k]({a}[i + k] * {f}[k])")
            return name
        if k == "diag":
            a = self.let(sub((shape[0], shape[0])))
            name = self.fresh("w")
            self.lines.append(f"{self.indent}{name}[i] = {a}[i, i] + {a}[i, 0]")
            return name
        if k == "attention":
            s, lead, e = self.pick(), shape[:-2], self.pick()
            causal = self.chance(0.5)
            if causal: s = shape[-2]
            return f"attention({sub(lead + (shape[-2], e))}, {sub(lead + (s, e))}, {sub(lead + (s, shape[-1]))}{', causal' if causal else ''})"
        if k == "rope" and shape[-1] % 2 == 0: return f"rope({sub()}{r.choice(['', ', base = 50', ', 100'])})"
        if k == "cholesky": return f"cholesky({self.spd(shape[0], sub)})"
        if k == "conv":
            a, b, c = r.choice([1, 2]), r.choice([1, 2]), self.pick()
            return f"(conv2d({sub((shape[0], shape[1] + a - 1, shape[2] + b - 1, c), min(depth - 1, 1))}, {sub((a, b, c, shape[3]), min(depth - 1, 1))}) / 2)"
        if k == "pool":
            w = 2
            return f"{r.choice(['max_pool2d', 'avg_pool2d'])}({sub((shape[0], 2 * shape[1] + r.randrange(2), 2 * shape[2], shape[3]), min(depth - 1, 1))}, 2)"
        if k == "notation": return self.notation(shape, depth, sub, scope)
        return f"tanh({sub()})"
