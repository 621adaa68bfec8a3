"""Random bilevel programs: `generate.py SEED DIR` writes DIR/fSEED/fSEED.mfl and its inputs in DIR/fSEED/in; the same seed gives the same program everywhere.

Over the whole language: sizes from 1 to 33 and their arithmetic, ranks to 5, records in records and arrays of them, per-step data, tasks, indices, functions,
loops in loops, index notation, the library, optimizers by hand, several step lines, path losses, truncation. Programs from 100000 on are of another kind, compositions
of rarer features (features.py). Only Python's standard library is needed."""
import os
import struct
import sys
from expressions import size
from statements import Statements

FEATURES = 100000                                 # programs from here on are features.py's


class Struct:
    """fields: [(name, dims as texts over sizes, kind or None, kind's sizes)]"""
    def __init__(self, name, params, fields): self.name, self.params, self.fields = name, params, fields
    def leaves(self, values, all_, lead=()):
        env = dict(zip(self.params, values))
        out = []
        for n, dims, kind, args in self.fields:
            sh = tuple(eval(d, {}, {**all_.dimvals, **env}) for d in dims)
            if kind is None: out.append((n, lead + sh))
            else: out += [(n + "." + k, s) for k, s in kind.leaves([eval(a, {}, {**all_.dimvals, **env}) for a in args], all_, lead + sh)]
        return out
    def paths(self, values, all_):
        """(access text, shape) with blocks indexed or stacked"""
        env = dict(zip(self.params, values)); out = []
        for n, dims, kind, args in self.fields:
            sh = tuple(eval(d, {}, {**all_.dimvals, **env}) for d in dims)
            if kind is None: out.append((n, sh))
            else:
                inner = kind.paths([eval(a, {}, {**all_.dimvals, **env}) for a in args], all_)
                if not sh: out += [(f"{n}.{k}", s) for k, s in inner]
                else:
                    out += [(f"{n}[{i}].{k}", s) for k, s in inner for i in {0, sh[0] - 1}]
                    out += [(f"{n}.{k}", sh + s) for k, s in kind.leaves([eval(a, {}, {**all_.dimvals, **env}) for a in args], all_)]
        return out


class Program(Statements):
    # ---- records ----
    def make_structs(self):
        r = self.r; out = []
        for _ in range(r.choice([0, 1, 2, 3])):
            name = self.fresh("S")
            params = ["i", "o"][:r.randrange(3)]
            fields = []
            for f in ("a", "b", "w", "u")[:r.randrange(1, 4)]:
                d = lambda: r.choice(params + ["1", "2", "3"] + ([f"{params[0]} + 1"] if params else []) + list(self.dimvals))
                if self.structs and self.chance(0.45):
                    k = r.choice(self.structs)
                    lead = [r.choice(["1", "2", "3"])] if self.chance(0.6) else []
                    fields.append((f, lead, k, [d() for _ in k.params]))
                else: fields.append((f, [d() for _ in range(r.choice([0, 1, 1, 2, 2, 3]))], None, []))
            s = Struct(name, params, fields)
            if sum(size(sh) for _, sh in s.leaves([2] * len(params), self)) > 150: continue
            self.structs.append(s)
            items = []
            for f, dims, k, args in fields:
                dd = f"[{', '.join(dims)}]" if dims else ""
                if k: items.append(f"{f}{dd} : {k.name}" + (f"[{', '.join(args)}]" if args else ""))
                else: items.append(f"{f}{dd}" + r.choice(["", " = 0.1", " = normal(0.5)"]))
            out.append(f"struct {name}{'[' + ', '.join(params) + ']' if params else ''} {{ {'  '.join(items)} }}")
        return out
    def record(self, kind, name, struct, args, lead=(), lo=-1.0, hi=1.0, declare=True):
        """declares kind name : struct and its numbers"""
        if declare: self.decl.append(f"{kind} {name}{self.text(lead)} : {struct.name}" + (f"[{', '.join(map(self.st, args))}]" if args else ""))
        for p, s in struct.leaves(args, self, lead): self.arrays[f"{name}.{p}"] = (s, self.numbers(size(s), lo, hi), False)
    def scope_of(self, name, struct, args, lead):
        if not lead: return [(f"{name}.{p}", s) for p, s in struct.paths(args, self)]
        return [(f"{name}[{i}].{p}", s) for p, s in struct.paths(args, self) for i in {0, lead[0] - 1}] + [(f"{name}.{p}", s) for p, s in struct.leaves(args, self, lead)]

    # ---- blocks ----
    def block(self, head, scope, depth, metas=(), recs=()):
        r = self.r
        self.lines, self.indent = [], "  "
        scope = list(scope)
        for _ in range(r.randrange(3)):
            shape = self.shape(3)
            scope.append((self.let(self.expr(shape, depth, scope)), shape))
        if self.chance(0.15) and self.lines:
            v, s = scope[-1]
            self.lines.append(f"  {v} = tanh({v}) + {self.expr(s, 1, scope)}")
        for _ in range(r.choice([0, 1, 1, 2])): scope += self.loop(scope, r.choice([0, 1, 1, 2]), list(recs))
        parts = [self.expr((), depth, scope) for _ in range(r.randrange(1, 3))]
        live = [s for s in scope if s[0].startswith(("p", "h", "c", "v"))]
        for e, s in live:
            if self.chance(0.8):
                f = r.choice(["mean(tanh({} - 0.2)^2)", "mean(({} - 0.3)^2) / 2", "mean(sin({}))"])
                parts.append(f.format(e) if s else f.format(e).replace("mean", ""))
        learnt = [x for x in scope if x[0].startswith("p")]
        for e, s in metas:
            if learnt and self.chance(0.9): parts.append(f"{'mean' if s else ''}({e} * {self.expr(s, 2, learnt)})")
        if self.chance(0.1) and scope: e, s = r.choice(scope); self.lines.append(f"  log seen = {'mean' if s else ''}({e})")
        self.lines.append("  return " + r.choice([" + ", "\n      + "]).join(parts))
        return f"{head} {{\n" + "\n".join(self.lines) + "\n}"

    def rate(self, shape, lead, pname):
        """text of a rate: number, meta, schedule, array, record"""
        r = self.r
        k = r.random()
        if k < 0.25: return f"{r.uniform(0.05, 0.4):.2f}"
        m = self.fresh("rate")
        if k < 0.5: self.array(m, (), -2.0, -0.5, "meta"); return f"exp({m})"
        if k < 0.62 and self.T: self.array(m, (self.T,), -2.0, -0.5, "meta"); return f"exp({m}[step])"
        if k < 0.72: self.array(m, (2,), -2.0, -0.5, "meta"); return f"exp({m}[0]) / (1 + softplus({m}[1]) * step)"
        if shape is not None: self.array(m, shape, -2.0, -0.5, "meta"); return f"exp({m})"
        struct, args, ld = self.current
        if ld and k < 0.8: self.array(m, ld, -2.0, -0.5, "meta"); return f"exp({m})"
        self.decl.append(f"meta {m} like {pname}")
        self.record("meta", m, struct, args, ld, -2.0, -0.5, declare=False)
        return r.choice([f"exp({m})", f"0.2 * sigmoid({m})"])
    def optimizer(self, shape, lead, pname, matrix):
        r = self.r
        rate = self.rate(shape, lead, pname)
        if self.chance(0.5):
            return None, r.choice([f"sgd({rate})", f"sgd(rate = {rate})", f"momentum({rate})", f"momentum({rate}, mu = 0.5)", f"nesterov({rate})", f"rmsprop({rate}, eps_root = 0.01)",
                                   f"adagrad({rate}, eps_root = 0.1)", f"adam({rate}, eps_root = 0.001)", f"adam(rate = {rate}, beta1 = 0.7, eps_root = 0.01)", f"adamw({rate}, eps_root = 0.01, decay = 0.1)"])
        name, m = self.fresh("rule"), self.fresh("m")
        self.array(m, (), -0.5, 0.9, "meta")
        states = ["m", "v", "s"][:r.randrange(0, 4)]
        lines = [f"  state {', '.join(f'{s} = ' + r.choice(['0', '0.1', '0']) for s in states)}"] if states else []
        terms = ["g", "p", "mu", "tanh(g)", "detach(g)", "g^2"] + states
        for s in states:
            lines.append("  " + r.choice([f"{s} = mu * {s} + g", f"{s} = mu * {s} + (1 - mu) * tanh(g)", f"{s} = 0.9 * {s} + 0.1 * g^2", f"{s} = {s} + 0.1 * {r.choice(terms)}", f"{s} = max(0.5 * {s}, abs(g) + 0.01)", f"{s} = {s} + (g - {s}) / (step + 2)"]))
        head, extra = "rate, mu", ""
        u = r.choice(states + ["g"])
        if self.chance(0.25): lines.append(f"  g = g * min(1, 0.7 / norm(g + 0.1))")
        if self.chance(0.2): lines += ["  q = 0.5 * g", "  for k in 0:3 {", f"    q = tanh(q) * 0.8 + 0.1 * {r.choice(states + ['p'])} + 0.05 * k", "  }"]; u = "q"
        if matrix and self.chance(0.6): lines.append(f"  q = tanh({u}) @ transpose({u}) @ p * 0.3 + {u}"); u = "q"
        if self.chance(0.25):
            rule = self.fresh("net")
            S = Struct(self.fresh("Rule"), [], [("w1", ["2", "3"], None, []), ("b1", ["3"], None, []), ("w2", ["3"], None, []), ("size", [], None, [])])
            self.extra_structs.append(f"struct {S.name} {{ w1[2, 3]  b1[3]  w2[3]  size }}")
            self.record("meta", rule, S, [])
            head, extra = head + f", rule : {S.name}", f", {rule}"
            lines.append(f"  e = tanh(stack(g, {r.choice(states + ['p'])}, axis = -1) @ rule.w1 + rule.b1)")
            lines.append(f"  {'g' if u == 'g' else 'd'} = {u} + rule.size * (e @ rule.w2)")
            u = "g" if u == "g" else "d"
        update = r.choice([f"p = p - rate * {u}", f"p = p - rate * {u} - 0.02 * sin(p)", f"p = p - rate * tanh({u} + 0.1 * p) / (1 + 0.1 * step)", f"p = p - rate * {u} / sqrt(0.3 + g^2)",
                           f"p = (1 - 0.1 * rate) * p - rate * sign({u} + 0.01) * 0.1 - rate * {u}", f"p = p - rate * (if {u} > 0 then {u} else 0.5 * {u})", f"p = p - rate * mean({u}) - 0.1 * {u}", f"p = p - rate * {u} / (0.2 + sqrt(mean(g^2) + 0.01))"])
        lines.append("  " + update)
        if self.chance(0.15) and states: lines.append(f"  {states[0]} = {states[0]} + 0.1 * p")
        if self.chance(0.2): head, extra2 = head.replace("mu", "mu = 0.5", 1) if ", rule" not in head else head, extra
        mus = m if extra or self.chance(0.8) else f"mu = {m}"
        return f"optimizer {name}({head}) on p, g {{\n" + "\n".join(lines) + "\n}", f"{name}({rate}, {mus}{extra})"

    def write(self):
        r = self.r
        structs = self.make_structs()
        self.extra_structs = []
        head = self.head
        if self.chance(0.3):
            c = self.fresh("k"); head.append(f"const {c} = {r.choice(['0.3', '1 / 3', 'exp(-1)', '2 * pi / 7'])}"); self.numbers_.append(c)
        if self.chance(0.2):
            c = self.fresh("k"); n = min(self.pick(), 9); head.append(f"const {c} = {r.choice([f'iota({n}) / {n + 1}', 'stack(' + ', '.join(self.number() for _ in range(n)) + ')', f'sin(iota({n}))'])}"); self.consts.append((c, (n,)))
        fns = self.functions()
        scope, params, steps, rules, recs = list(self.consts), [], [], [], []
        for k in range(r.randrange(1, 4)):
            shape = self.shape(3)
            scope.append((self.array(self.fresh("m"), shape, kind="meta"), shape))
        metas = [s for s in scope if s not in self.consts]
        if self.structs and self.chance(0.3):             # a record of data or of metas
            s = r.choice(self.structs); args = [self.pick() for _ in s.params]
            kind = r.choice(["data", "meta"]); n = self.fresh("x" if kind == "data" else "m")
            lead = (r.choice([1, 2, 3]),) if self.chance(0.3) else ()
            self.record(kind, n, s, args, lead)
            here = self.scope_of(n, s, args, lead)
            scope += here
            if lead: recs.append((n, (s, args), lead[0]))
            else: recs += self.sub_blocks(n, s, args)
        pscope = []
        for k in range(r.choice([1, 1, 2, 3])):
            name = self.fresh("p")
            if self.structs and self.chance(0.5):
                s = r.choice(self.structs); args = [self.pick() for _ in s.params]
                lead = (r.choice([1, 2, 3]),) if self.chance(0.25) else ()
                start = self.fresh("start")
                typed = f" : {s.name}" + (f"[{', '.join(map(self.st, args))}]" if args else "")
                self.record("meta", start, s, args, lead)
                params.append(f"param {name}{self.text(lead)}{typed} = {start}" if self.chance(0.7) else f"param {name}{self.text(lead)}{typed} = 0.5 * tanh({start})" if self.chance(0.7) else f"param {name} like {start} = {start}")
                pscope += self.scope_of(name, s, args, lead)
                if lead: recs.append((name, (s, args), lead[0]))
                else: recs += self.sub_blocks(name, s, args)
                self.current = (s, args, lead)
                rule, call = self.optimizer(None, lead, name, False)
            else:
                shape = self.shape(4)
                start = "0.1" if self.chance(0.2) else None
                if start is None:
                    start = self.array(self.fresh("m"), shape, kind="meta")
                    start = start if self.chance(0.6) else r.choice([f"tanh({start}) * 0.5", f"{start} + 0.1", f"sin({start}) - {start}^2 / 3"])
                params.append(f"param {name}{self.text(shape)} = {start}")
                pscope.append((name, shape))
                rule, call = self.optimizer(shape, (), name, len(shape) == 2)
            rules += [rule] if rule else []
            steps.append(f"step {name} by {call} for {self.T}")
        scope += pscope
        inner_scope = list(scope)
        if self.chance(0.5) and self.T:
            shape = self.shape(2)
            inner_scope.append((f"{self.array(self.fresh('b'), (self.T,) + shape)}[step]", shape))
        if self.chance(0.3): inner_scope.append(("(0.2 * step + 0.1)", ()))
        blocks = [self.block("inner", inner_scope, 3, metas, recs)]
        path = self.chance(0.25)
        if path:
            ps = list(scope)
            if self.chance(0.3) and self.T: ps.append((f"{self.array(self.fresh('b'), (self.T, 2))}[step]", (2,)))
            blocks.append(self.block("outer over steps", ps, 2, (), recs))
        if not path or self.chance(0.5): blocks.append(self.block("outer", scope, 2, (), recs))
        cut = [f"truncate {r.randrange(1, self.T)}"] if self.T > 1 and self.chance(0.15) else []
        return "\n".join([f"problem {self.name}", ""] + self.dimtext + head + structs + self.extra_structs + self.decl + params + fns + rules + [""] + blocks + steps + cut) + "\n"

def save(path, shape, numbers, whole):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % ("<i4" if whole else "<f8", "".join(f"{d}, " for d in shape))
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        f.write(struct.pack(f"<{len(numbers)}{'i' if whole else 'd'}", *numbers))

def main(seed, top):
    if seed >= FEATURES:
        import features
        return features.main(seed, top)
    p = Program(seed)
    program = p.write()
    base = os.path.join(top, p.name)
    os.makedirs(os.path.join(base, "in"), exist_ok=True)
    with open(os.path.join(base, p.name + ".mfl"), "w") as f: f.write(program)
    for name, (shape, numbers, whole) in p.arrays.items(): save(os.path.join(base, "in", name + ".npy"), shape, numbers, whole)

if __name__ == "__main__": main(int(sys.argv[1]), sys.argv[2])
