"""Random bilevel programs: `generate.py SEED DIR` writes DIR/fSEED/fSEED.mfl and its inputs in DIR/fSEED/in; the same seed gives the same program everywhere.

A program is random in its shapes, expressions, records, optimizers, schedules of data and where meta variables enter. Its values are kept of size one by
bounded functions. Seeds divisible by three stay within what a reading without model loops, index notation and matrix kernels covers. Only the standard library.
"""
import os
import random
import struct
import sys

DIMS = (2, 3, 4)
UNARY = ["tanh({})", "sin({})", "cos({})", "sigmoid({})", "softplus({})", "silu({})", "gelu({})", "erf({})", "relu({})", "abs({})", "exp(0.3 * tanh({}))", "log(1.2 + ({})^2)",
         "sqrt(1 + ({})^2)", "log1p(({})^2)", "expm1(0.2 * sin({}))", "rsqrt(1 + ({})^2)", "lgamma(1.5 + sigmoid({}))", "clamp({}, -0.7, 0.6)", "-({})", "({})^2 / 2", "tanh({})^3",
         "tan(0.5 * tanh({}))", "0.5 * sign({})", "0.1 * floor(2 * tanh({}))"]
REDUCE = ["sum({}, {})", "mean({}, {})", "max({}, axis = {})", "min({}, axis = {})", "logsumexp({}, {})", "norm({} + 0.3, {})", "var({}, {})", "prod(tanh({}), {})"]
WHOLE = ["sum", "mean", "logsumexp", "var", "norm", "max", "min"]


def text(shape):
    return "[" + ", ".join(map(str, shape)) + "]" if shape else ""


class Program:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.name = f"f{seed}"
        self.plain = seed % 3 == 0
        self.arrays = {}                          # name: (shape, numbers, whole)
        self.decl = []
        self.T = self.r.choice([1, 2, 3, 3, 4])
        self.used = set()
        self.count = 0
        self.lines = None                         # statements of the block that is written
        self.indent = "  "
        self.fns = []

    def fresh(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def numbers(self, n, lo=-1.0, hi=1.0):
        return [self.r.uniform(lo, hi) for _ in range(n)]

    def array(self, name, shape, lo=-1.0, hi=1.0, kind="data", task=False):
        n = 1
        for d in shape:
            n *= d
        self.arrays[name] = (shape, self.numbers(n, lo, hi), False)
        self.decl.append(f"{kind} {name}{text(shape)}")
        return name

    def data(self, shape):
        """A data array of this shape: one that is there, or a new one."""
        have = [n for n, (s, _, w) in self.arrays.items() if s == shape and not w and n.startswith("x")]
        if have and self.r.random() < 0.6:
            return self.r.choice(have)
        return self.array(self.fresh("x"), shape)

    def index(self, shape, bound):
        name = self.fresh("y")
        n = 1
        for d in shape:
            n *= d
        self.arrays[name] = (shape, [self.r.randrange(bound) for _ in range(n)], True)
        self.decl.append(f"data {name}{text(shape)} : index({bound})")
        return name

    # ---- expressions of a given shape; scope: [(text, shape)] ----

    def leaf(self, shape, scope):
        fits = [e for e, s in scope if s == shape]
        if fits and self.r.random() < 0.85:
            return self.r.choice(fits[-4:] if self.r.random() < 0.5 else fits)
        if not shape:
            some = [(e, s) for e, s in scope if s]
            if some and self.r.random() < 0.7:
                e, s = self.r.choice(some)
                return f"{e}[{', '.join(str(self.r.randrange(d)) for d in s)}]"
            return f"{self.r.uniform(-1, 1):.3f}"
        return self.data(shape)

    def expr(self, shape, depth, scope):
        r = self.r
        if depth <= 0 or r.random() < 0.08:
            return self.leaf(shape, scope)
        sub = lambda s=shape, d=depth - 1: self.expr(tuple(s), d, scope)
        if r.random() < 0.40:
            kind = r.randrange(9)
            if kind < 4:
                other = shape[r.randrange(len(shape) + 1):] if r.random() < 0.5 else shape
                a, b = sub(), sub(other)
                if r.random() < 0.5:
                    a, b = b, a
                return r.choice(["({} + {})", "({} - {})", "({} * {})", "({} * {})", "({} / (1.5 + ({})^2))"]).format(a, b)
            if kind == 4:
                return f"(if {sub()} {r.choice(['<', '>', '<=', '>='])} {sub()} then {sub()} else {sub()})"
            if kind == 5:
                return f"{r.choice(['max', 'min'])}({sub()}, {sub()})"
            if kind == 6 and r.random() < 0.4:
                return f"detach({sub()})"
            if kind == 7:
                return f"(1 + ({sub()})^2)^(0.5 * tanh({sub()}))"
            if self.fns and kind == 8:
                return f"{r.choice(self.fns)}({sub()}, {sub(())})"
        if r.random() < 0.35:
            return r.choice(UNARY).format(sub())
        return self.structured(shape, depth, scope, sub)

    def structured(self, shape, depth, scope, sub):
        r, rank = self.r, len(shape)
        d = r.choice(DIMS)
        choices = ["reduce"]
        if rank == 0:
            choices += ["whole", "whole", "dot"] + ([] if self.plain else ["notation0", "logdet"])
        if rank >= 1:
            choices += ["slice", "flip", "cumsum", "softmax", "concat", "stack", "gather", "pick", "reshape", "pad"] + ([] if self.plain else ["norms", "notation"])
        if rank == 1:
            choices += ["matvec", "vecmat"] + ([] if self.plain else ["solve", "window", "diag"])
        if rank == 2:
            choices += ["matmul", "matmul", "transpose", "outer"] + (["tril"] if shape[0] == shape[1] else []) + ([] if self.plain else ["einsum", "attention"] + (["cholesky"] if shape[0] == shape[1] else []))
        if rank >= 3:
            choices = ["stack", "softmax", "flip", "bmm", "slice"]
        k = r.choice(choices)
        if k == "reduce" and rank < 3:
            axis = r.randrange(rank + 1)
            return r.choice(REDUCE).format(sub(shape[:axis] + (d,) + shape[axis:]), axis)
        if k == "whole":
            s = tuple(r.choice(DIMS) for _ in range(r.randrange(1, 3)))
            f = r.choice(WHOLE)
            return f"{f}({sub(s)}{' + 0.2' if f == 'norm' else ''})"
        if k == "dot":
            return f"dot({sub((d,))}, {sub((d,))})"
        if k == "slice":
            axis, extra = r.randrange(rank), r.randrange(1, 3)
            at = r.randrange(extra + 1)
            big = sub(shape[:axis] + (shape[axis] + extra,) + shape[axis + 1:], min(depth - 1, 1))
            return f"({big})[{':, ' * axis}{at}:{at + shape[axis]}]"
        if k == "flip":
            return f"flip({sub()}, {r.randrange(rank)})"
        if k == "cumsum":
            return f"cumsum({sub()}, {r.randrange(rank)})"
        if k == "softmax":
            return r.choice(["softmax({}, {})", "(log_softmax({}, {}) / 3)"]).format(sub(), r.randrange(rank))
        if k == "concat" and shape[0] > 1:
            cut = r.randrange(1, shape[0])
            return f"concat({sub((cut,) + shape[1:])}, {sub((shape[0] - cut,) + shape[1:])})"
        if k == "stack" and shape[0] == 2:
            return f"stack({sub(shape[1:])}, {sub(shape[1:])})"
        if k == "gather" and rank <= 2:
            n = r.choice(DIMS)
            return f"({sub((n,) + shape[1:])})[{self.index(shape[:1], n)}]"
        if k == "pick" and rank == 1:
            return f"({sub(shape + (d,))})[:, {self.index(shape, d)}]"
        if k == "reshape" and rank == 1 and shape[0] == 4:
            return f"reshape({sub((2, 2))}, 4)"
        if k == "pad" and shape[-1] > 2:
            return f"pad({sub(shape[:-1] + (shape[-1] - 1,))}, {'1, 0' if r.random() < 0.5 else '0, 1'})"
        if k == "matvec":
            return f"({sub(shape + (d,))} @ {sub((d,))})"
        if k == "vecmat":
            return f"({sub((d,))} @ {sub((d,) + shape)})"
        if k == "matmul":
            return f"({sub((shape[0], d))} @ {sub((d, shape[1]))})"
        if k == "bmm":
            return f"({sub(shape[:-1] + (d,))} @ {sub((d, shape[-1]))})"
        if k == "transpose":
            return f"transpose({sub(shape[::-1])})"
        if k == "outer":
            return f"outer_product({sub(shape[:1])}, {sub(shape[1:])})"
        if k == "tril":
            return f"tril({sub()})"
        return self.beyond(k, shape, depth, sub, d)

    def spd(self, n, sub):
        a = self.let(sub((n, n)))
        return f"({a} @ transpose({a}) / 2 + 2 * one_hot(iota({n}), {n}))"

    def let(self, e):
        """Index notation and repeated uses want a name."""
        name = self.fresh("v")
        self.lines.append(f"{self.indent}{name} = {e}")
        return name

    def beyond(self, k, shape, depth, sub, d):
        r = self.r
        if k == "notation0":
            a = self.let(sub((d, d)))
            return f"sum[i, j]({a}[i, j] * {a}[j, i]) / {d * d}"
        if k == "logdet":
            return f"logdet({self.spd(d, sub)})"
        if k == "norms":
            return f"{r.choice(['layer_norm', 'rms_norm'])}({sub()} + 0.2, eps = 0.01)" if shape[-1] > 1 else f"tanh({sub()})"
        if k == "notation":
            a, f = self.let(sub(shape + (d,))), self.let(sub((d,)))
            letters = ["i", "j", "l", "o"][:len(shape)]
            name = self.fresh("w")
            at = ", ".join(letters)
            self.lines.append(f"{self.indent}{name}[{at}] = {r.choice(['sum', 'mean', 'max'])}[k]({a}[{at}, k] * {f}[k])")
            return name
        if k == "solve":
            n = shape[0]
            return r.choice(["solve({}, {})", "solve_triangular(cholesky({}), {})"]).format(self.spd(n, sub), sub())
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
        if k == "einsum":
            a, b, c = self.let(sub((shape[0], d))), self.let(sub((d,))), self.let(sub((d, shape[1])))
            name = self.fresh("w")
            self.lines.append(f"{self.indent}{name}[i, j] = sum[k]({a}[i, k] * {b}[k] * {c}[k, j])")
            return name
        if k == "attention":
            n = r.choice(DIMS)
            return f"attention({sub((shape[0], d))}, {sub((shape[0] if r.random() < 0.5 else shape[0], d))}, {sub()}{', causal' if r.random() < 0.5 else ''})"
        if k == "cholesky":
            return f"cholesky({self.spd(shape[0], sub)})"
        return f"tanh({sub()})"

    # ---- blocks ----

    def loop(self, scope, depth):
        """A model loop that carries one array, collects another, and may hold a loop."""
        r = self.r
        shape = r.choice([(2,), (3,), (2, 3), ()])
        n = r.choice([2, 3, 4])
        i = self.fresh("i")
        h, ys = self.fresh("h"), self.fresh("c")
        self.lines.append(f"{self.indent}{h} = {self.expr(shape, 1, scope)}")
        table = self.data((n,) + shape) if shape else self.data((n,))
        if scope and r.random() < 0.6:
            table = self.let(self.expr((n,) + shape, 1, scope))
        self.lines.append(f"{self.indent}for {i} in 0:{n} {{")
        outer, before = self.indent, len(self.lines)
        self.indent += "  "
        row = r.choice([f"{table}[{i}]", f"{table}[{n} - 1 - {i}]", f"(if {i} < {n - 1} then {table}[{i}] else 0.3)"])
        inside = scope + [(h, shape), (row, shape), (f"(0.1 * {i})", ())]
        if depth > 0 and r.random() < 0.35:
            inside += self.loop(inside, depth - 1)
        body = self.expr(shape, 2, inside)
        self.lines.append(f"{self.indent}{h} = tanh({body} + 0.5 * {h})")
        collected = r.choice([(), shape])
        self.lines.append(f"{self.indent}{ys}[{i}] = {self.expr(collected, 1, inside)}")
        self.indent = outer
        self.lines.append(f"{self.indent}}}")
        return [(h, shape), (ys, (n,) + collected)]

    def block(self, head, scope, depth, metas=()):
        r = self.r
        self.lines, self.indent = [], "  "
        scope = list(scope)
        for _ in range(r.randrange(3)):
            shape = tuple(r.choice(DIMS) for _ in range(r.randrange(3)))
            scope.append((self.let(self.expr(shape, depth, scope)), shape))
        if not self.plain:
            for _ in range(r.choice([0, 1, 1, 2])):
                scope += self.loop(scope, 1)
        parts = [self.expr((), depth, scope) for _ in range(r.randrange(1, 3))]
        live = [s for s in scope if s[0].startswith(("p", "h", "c", "v"))]
        for e, s in live:
            if r.random() < 0.8:
                f = r.choice(["mean(tanh({} - 0.2)^2)", "mean(({} - 0.3)^2) / 2", "mean(sin({}))"])
                parts.append(f.format(e) if s else f.format(e).replace("mean", ""))
        learnt = [x for x in scope if x[0].startswith("p")]
        for e, s in metas:                        # no meta variable without a use
            if learnt and r.random() < 0.9:
                parts.append(f"{'mean' if s else ''}({e} * {self.expr(s, 2, learnt)})")
        self.lines.append("  return " + " + ".join(parts))
        return f"{head} {{\n" + "\n".join(self.lines) + "\n}"

    def functions(self):
        r = self.r
        out = []
        for _ in range(r.randrange(3)):
            name = self.fresh("fn")
            body = r.choice(["tanh(a * b + {}) - 0.1 * a", "if a > b then a * {} else b * a", "sin(a) * b + {} * a^2", "softplus(a - b) * {}"]).format(f"{r.uniform(-1, 1):.2f}")
            out.append(f"fn {name}(a, b) = {body}")
            self.fns.append(name)
        return out

    def optimizer(self, shape, record):
        """(declaration or None, call)"""
        r = self.r
        rate = f"{r.uniform(0.05, 0.4):.2f}"
        if r.random() < 0.6:
            m = self.fresh("rate")
            self.array(m, shape if not record and r.random() < 0.4 else (), -2.0, -0.5, "meta")
            rate = f"exp({m})"
        if r.random() < 0.35:
            name = self.fresh("rule")
            m = self.fresh("m")
            self.array(m, (), -0.5, 0.9, "meta")
            update = r.choice(["p = p - rate * m", "p = p - rate * m - 0.02 * sin(p)", "p = p - rate * tanh(m + 0.1 * p) / (1 + 0.1 * step)", "p = p - rate * m / sqrt(0.3 + g^2)"])
            moment = r.choice(["m = mu * m + g", "m = mu * m + (1 - mu) * tanh(g)", "m = mu * m + g + 0.1 * p"])
            return f"optimizer {name}(rate, mu) on p, g {{\n  state m = {r.choice(['0', '0.1'])}\n  {moment}\n  {update}\n}}", f"{name}({rate}, {m})"
        return None, r.choice([f"sgd({rate})", f"sgd({rate})", f"momentum({rate})", f"momentum({rate}, mu = 0.5)", f"nesterov({rate})", f"rmsprop({rate}, eps_root = 0.01)",
                               f"adagrad({rate}, eps_root = 0.1)", f"adam({rate}, eps_root = 0.001)", f"adamw({rate}, eps_root = 0.01, decay = 0.1)"])

    def write(self):
        r = self.r
        fns = self.functions()
        scope, params, steps, rules = [], [], [], []
        for k in range(r.randrange(1, 4)):        # meta variables of the losses
            shape = tuple(r.choice(DIMS) for _ in range(r.randrange(3)))
            scope.append((self.array(self.fresh("m"), shape, kind="meta"), shape))
        metas = list(scope)
        structs = []
        for k in range(r.randrange(1, 3)):
            name = self.fresh("p")
            record = r.random() < 0.35
            if record:
                s = self.fresh("S")
                fields = [(f, tuple(r.choice(DIMS) for _ in range(r.randrange(3)))) for f in ("a", "b", "w")[:r.randrange(1, 4)]]
                structs.append(f"struct {s} {{ " + "  ".join(f"{f}{text(sh)}" for f, sh in fields) + " }")
                start = self.fresh("start")
                self.decl.append(f"meta {start} : {s}")
                for f, sh in fields:
                    n = 1
                    for d in sh:
                        n *= d
                    self.arrays[f"{start}.{f}"] = (sh, self.numbers(n), False)
                params.append(f"param {name} : {s} = {start}")
                scope += [(f"{name}.{f}", sh) for f, sh in fields]
                shape = ()
            else:
                shape = tuple(r.choice(DIMS) for _ in range(r.randrange(3)))
                start = "0.1" if r.random() < 0.3 else None
                if start is None:
                    start = self.array(self.fresh("m"), shape, kind="meta")
                    start = start if r.random() < 0.7 else f"tanh({start}) * 0.5"
                params.append(f"param {name}{text(shape)} = {start}")
                scope.append((name, shape))
            rule, call = self.optimizer(shape, record)
            rules += [rule] if rule else []
            steps.append(f"step {name} by {call} for {self.T}")
        inner_scope = list(scope)
        if r.random() < 0.5:
            shape = tuple(r.choice(DIMS) for _ in range(r.randrange(2)))
            inner_scope.append((f"{self.array(self.fresh('b'), (self.T,) + shape)}[step]", shape))
        if r.random() < 0.3:
            inner_scope.append(("(0.2 * step + 0.1)", ()))
        blocks = [self.block("inner", inner_scope, 3, metas)]
        path = r.random() < 0.25
        if path:
            blocks.append(self.block("outer over steps", scope, 2))
        if not path or r.random() < 0.5:
            blocks.append(self.block("outer", scope, 2))
        cut = [f"truncate {r.randrange(1, self.T)}"] if self.T > 1 and r.random() < 0.15 else []
        return "\n".join([f"problem {self.name}", ""] + structs + self.decl + params + fns + rules + [""] + blocks + steps + cut) + "\n"


def save(path, shape, numbers, whole):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % ("<i4" if whole else "<f8", "".join(f"{d}, " for d in shape))
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        f.write(struct.pack(f"<{len(numbers)}{'i' if whole else 'd'}", *numbers))


def main(seed, top):
    p = Program(seed)
    program = p.write()
    base = os.path.join(top, p.name)
    os.makedirs(os.path.join(base, "in"), exist_ok=True)
    with open(os.path.join(base, p.name + ".mfl"), "w") as f:
        f.write(program)
    for name, (shape, numbers, whole) in p.arrays.items():
        save(os.path.join(base, "in", name + ".npy"), shape, numbers, whole)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
