"""Random index notation, model loops and functions (expressions.py has what stands in them)."""
from expressions import LETTERS, Expressions, size


class Statements(Expressions):
    # ---- index notation ----
    def notation(self, shape, depth, sub, scope):
        r = self.r
        out = list(r.sample(LETTERS, len(shape)))
        length = dict(zip(out, shape))
        over = [l for l in r.sample(LETTERS, 4) if l not in length][:r.choice([0, 1, 1, 2, 2] if shape else [1, 1, 2, 3])]
        for l in over: length[l] = self.pick()
        free = None
        all_ = out + over
        alone = set()
        def place(l):
            """(text, axis length)"""
            n = length[l]; k = r.random()
            if k < 0.55: alone.add(l); return l, n
            if k < 0.63: return f"{l} + {r.randrange(1, 3)}", n + 2
            if k < 0.71: return f"{self.st(n)} - 1 - {l}", n
            if k < 0.78 and len(all_) > 1:
                m = r.choice([x for x in all_ if x != l])
                return f"{l} + {m}", n + length[m] - 1
            if k < 0.83 and len(all_) > 1:
                m = r.choice([x for x in all_ if x != l])
                return f"{l} - {m} + {self.st(length[m])} - 1", n + length[m] - 1
            if k < 0.88: return f"2 * {l}" if self.chance(0.5) else f"2 * {l} + 1", 2 * n
            if k < 0.94:
                c = self.pick(); y = self.index((n,), c)
                if y and not "(" in y: alone.add(l); return f"{y}[{l}]", c
            alone.add(l); return l, n
        def factor(letters):
            places = [place(l) for l in letters]
            if self.chance(0.15) and letters: places.append(place(r.choice(letters)))   # a diagonal
            if self.chance(0.1): n = self.pick(); places.insert(r.randrange(len(places) + 1), (str(r.randrange(n)), n))
            places = places[:5]
            fits = [e for e, s in scope if s == tuple(n for _, n in places) and (e.isidentifier() or e.replace(".", "").isalnum())]
            base = r.choice(fits) if fits and self.chance(0.6) else self.let(sub(tuple(n for _, n in places), min(depth - 1, 1)))
            return f"{base}[{', '.join(t for t, _ in places)}]"
        nf = r.choice([1, 2, 2, 3])
        fs = []
        for _ in range(nf):
            ls = [l for l in all_ if self.chance(0.65)]; r.shuffle(ls)
            if ls: fs.append(factor(ls[:4]))
        for l in all_:
            if l not in alone:
                n = length[l]; base = self.let(sub((n,), min(depth - 1, 1))); fs.append(f"{base}[{l}]"); alone.add(l)
        wrap = lambda f: r.choice([f, f, f, f"tanh({f})", f"sin({f})", f"({f} - 0.3)^2", f"(if {r.choice(all_)} < 1 then {f} else 0.5 * {f})" if all_ else f, f"exp(0.2 * {f})"])
        body = wrap(fs[0]) if fs else self.number()
        for f in fs[1:]: body = r.choice(["{} * {}", "{} * {}", "{} * {}", "({} + {})", "({} - {})"]).format(body, wrap(f))
        if self.chance(0.15): body = f"({body}) * (1 + 0.1 * {r.choice(all_)})" if all_ else body
        plain = [e for e, s in scope if s == () and "[" not in e]
        if plain and self.chance(0.15): body = f"{r.choice(plain)} * ({body})"
        if self.elem and self.chance(0.1): body = f"{r.choice(self.elem)[0]}({body}, 0.4)"
        if over:
            if len(over) > 1 and self.chance(0.3): body = f"{r.choice(['sum', 'mean', 'max'])}[{over[0]}]({r.choice(['sum', 'mean', 'max', 'min'])}[{', '.join(over[1:])}]({body}))"
            else: body = f"{r.choice(['sum', 'sum', 'mean', 'mean', 'max', 'min'])}[{', '.join(over)}]({body})"
            if self.chance(0.2): body = r.choice(["tanh({})", "2 * {} - 0.1", "{}^2 / 3"]).format(body)
        if not out and self.chance(0.6): return f"tanh({body})"
        if not out: return self.let(body)
        name = self.fresh("w")
        self.lines.append(f"{self.indent}{name}[{', '.join(out)}] = {body}")
        return f"tanh({name})" if self.chance(0.3) else name

    # ---- loops ----
    def rows(self, table, shape, n, i, low):
        """texts of rows of table[n + 1, ...] at loop variable i of low:low + n"""
        out = [f"{table}[{i}]", f"{table}[{n + low} - {i}]", f"(if {i} < {low + n - 1} then {table}[{i}] else 0.3)", f"{table}[{i} + 1 - 1]"]
        if low: out.append(f"{table}[{i} - 1]")
        y = self.index((n + low,), n + low + 1)
        if y and "(" not in y: out.append(f"{table}[{y}[{i}]]")
        return out
    def loop(self, scope, depth, recs):
        r = self.r
        kind = r.random()
        blocks = [x for x in recs if x[2]]
        if blocks and kind < 0.45: return self.loop_blocks(scope, depth, recs, r.choice(blocks))
        shape = r.choice([(2,), (3,), (2, 3), (), (1,), (2, 1, 2)])
        n, low = r.choice([1, 2, 3, 4]), 1 if self.chance(0.2) else 0
        i, h, ys = self.fresh("i"), self.fresh("h"), self.fresh("c")
        self.lines.append(f"{self.indent}{h} = {self.expr(shape, 1, scope)}")
        two = self.chance(0.4)
        if two: h2, s2 = self.fresh("h"), r.choice([(), (2,)]); self.lines.append(f"{self.indent}{h2} = {r.choice(['0', self.expr(s2, 1, scope)]) if not s2 else self.expr(s2, 1, scope)}")
        table = self.let(self.expr((n + low + 1,) + shape, 1, scope)) if self.chance(0.6) or self.local else self.data((n + low + 1,) + shape)
        self.lines.append(f"{self.indent}for {i} in {low}:{self.st(n + low)} {{")
        outer = self.indent
        self.indent += "  "
        inside = scope + [(h, shape), (r.choice(self.rows(table, shape, n, i, low)), shape), (f"(0.1 * {i})", ())]
        if two: inside.append((h2, s2))
        if self.chance(0.3): w = self.fresh("v"); self.lines.append(f"{self.indent}{w} = {self.expr(shape, 1, inside)}"); inside.append((w, shape))
        if depth > 0 and self.chance(0.4): inside += self.loop(inside, depth - 1, recs)
        body = self.expr(shape, 2, inside)
        self.lines.append(f"{self.indent}{h} = {r.choice(['tanh({} + 0.5 * {})', 'tanh({}) * 0.7 + 0.3 * {}', 'sin({}) + 0.2 * {}']).format(body, h)}")
        if two: self.lines.append(f"{self.indent}{h2} = {r.choice(['0.5 * {} + tanh({})', 'tanh({} * {})', 'max({}, tanh({}))']).format(h2, self.expr(s2, 1, inside))}")
        out = [(h, shape)] + ([(h2, s2)] if two else [])
        if not low:
            collected = r.choice([(), shape, (2,)])
            self.lines.append(f"{self.indent}{ys}[{i}] = {self.expr(collected, 1, inside)}")
            out.append((ys, (n,) + collected))
        self.indent = outer
        self.lines.append(f"{self.indent}}}")
        return out
    def loop_blocks(self, scope, depth, recs, rec):
        """over an array of records"""
        r = self.r
        text, (kind, args), lead = rec
        b, h, shape = self.fresh("b"), self.fresh("h"), r.choice([(2,), (3,), (2, 3), ()])
        self.lines.append(f"{self.indent}{h} = {self.expr(shape, 1, scope)}")
        by_index = self.chance(0.3)
        i = self.fresh("i")
        self.lines.append(f"{self.indent}for {i} in 0:{lead} {{" if by_index else f"{self.indent}for {b} in {text} {{")
        outer = self.indent; self.indent += "  "
        item = (f"{text}[{i}]" if self.chance(0.5) else f"{text}[{lead} - 1 - {i}]") if by_index else b
        fields = [(f"{item}.{p}", s) for p, s in kind.paths(args, self)]
        inside = scope + fields + [(h, shape)] + fields
        inner = self.sub_blocks(item, kind, args)
        if inner and self.chance(0.7): inside += self.loop_blocks(inside, depth - 1, [], r.choice(inner))
        elif depth > 0 and self.chance(0.2): inside += self.loop(inside, depth - 1, [])
        parts = [self.expr(shape, 2, inside)]
        for p, s in fields:
            if self.chance(0.6): parts.append(f"{'mean' if s else 'sin'}({p})" if self.chance(0.5) or len(s) != 1 else f"sum(sin({p}))")
        self.lines.append(f"{self.indent}{h} = tanh({' + '.join(parts)} + 0.4 * {h})")
        out = [(h, shape)]
        if by_index:
            ys = self.fresh("c")
            self.lines.append(f"{self.indent}{ys}[{i}] = {self.expr(shape, 1, inside)}")
            out.append((ys, (lead,) + shape))
        self.indent = outer
        self.lines.append(f"{self.indent}}}")
        return out
    def sub_blocks(self, text, kind, args):
        """arrays of records inside a record: (text, (kind, args), lead)"""
        env = {**self.dimvals, **dict(zip(kind.params, args))}; out = []
        for n, dims, k, a in kind.fields:
            if k is None: continue
            vals = [eval(x, {}, env) for x in a]
            if dims: out.append((f"{text}.{n}", (k, vals), eval(dims[0], {}, env)))
            else: out += self.sub_blocks(f"{text}.{n}", k, vals)
        return out

    # ---- functions ----
    def functions(self):
        r = self.r; out = []
        for _ in range(r.randrange(3)):
            name = self.fresh("fn")
            body = r.choice(["tanh(a * b + {}) - 0.1 * a", "if a > b then a * {} else b * a", "sin(a) * b + {} * a^2", "softplus(a - b) * {}"]).format(f"{r.uniform(-1, 1):.2f}")
            out.append(f"fn {name}(a, b) = {body}")
            self.elem.append((name, 2))
        for _ in range(r.randrange(3)):
            name = self.fresh("fn")
            result = self.shape(3)
            args = [(f"a{k}", self.shape(3)) for k in range(r.randrange(1, 4))]
            heads, scope, sizes, k = [], [], {}, 0
            for a, s in args:
                if self.chance(0.5) and s:
                    names = []
                    for d in s:
                        fit = [n for n, v in sizes.items() if v == d]
                        if fit and self.chance(0.3): names.append(r.choice(fit))
                        else: n = self.fresh("n"); sizes[n] = d; names.append(n)
                    heads.append(f"{a}[{', '.join(names)}]")
                else: heads.append(a)
                scope.append((a, s))
            old = self.dimvals
            self.dimvals = {**old, **sizes}
            self.lines, self.indent, self.local = [], "  ", True
            if self.chance(0.35): scope += self.loop(scope, 1, [])
            if self.chance(0.3): v = self.let(self.expr(self.shape(2), 1, scope)); 
            e = self.expr(result, 2, scope)
            e = " + ".join([e] + [f"0.3 * {'mean' if s else 'tanh'}({a})" for a, s in args if self.chance(0.7)])
            self.dimvals, self.local = old, False
            out.append(f"fn {name}({', '.join(heads)}) {{\n" + "".join(l + "\n" for l in self.lines) + f"  return {e}\n}}")
            names = self.chance(0.2)
            self.fns.append((name, [(a if names else None, s) for a, s in args], result))
        return out
