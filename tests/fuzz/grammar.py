"""The grammar of .mfl, read literally from language.md: text to declarations, statements and expressions as tuples. For reader.py."""
import re

TOKEN = re.compile(r"\s+|#[^\n]*|(?P<num>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|(?P<str>\"[^\"]*\")|(?P<op><=|>=|==|!=|\.\.|[-+*/%^@<>=()\[\]{},:.])")


class Reader:
    def __init__(self, text):
        self.toks, at = [], 0
        while at < len(text):
            m = TOKEN.match(text, at)
            assert m, f"stray {text[at]!r}"
            if m.lastgroup: self.toks.append((m.lastgroup, m.group(), at))
            at = m.end()
        self.text, self.i = text, 0
        self.toks += [("end", "", len(text))] * 4
    def at(self, *s): return self.toks[self.i][1] in s and self.toks[self.i][0] != "str"
    def take(self):
        self.i += 1
        return self.toks[self.i - 1][1]
    def eat(self, s):
        if self.at(s): return self.take()
    def line(self): return self.text[:self.toks[self.i][2]].count("\n") + 1
    def need(self, s):
        assert self.at(s), f"line {self.line()}: {s!r} expected, found {self.toks[self.i][1]!r}"
        return self.take()
    def name(self):
        assert self.toks[self.i][0] == "name", f"line {self.line()}: name expected, found {self.toks[self.i][1]!r}"
        return self.take()
    def many(self, f, end):
        out = []
        while not self.at(end):
            out.append(f())
            if not self.eat(","): break
        self.need(end)
        return out
    def expr(self):
        if self.eat("if"):
            c = self.expr(); self.need("then"); a = self.expr(); self.need("else")
            return ("if", c, a, self.expr())
        return self.binary(0)
    LEVELS = [("or",), ("and",), None, ("<", "<=", ">", ">=", "==", "!="), ("+", "-"), ("*", "/", "@", "%")]
    def binary(self, level):
        if level == len(self.LEVELS): return self.unary()
        if self.LEVELS[level] is None:
            return ("not", self.binary(level)) if self.eat("not") else self.binary(level + 1)
        a = self.binary(level + 1)
        while self.at(*self.LEVELS[level]):
            op = self.take()
            a = (op, a, self.expr() if self.at("if") else self.binary(level + 1))
        return a
    def unary(self): return ("neg", self.unary()) if self.eat("-") else self.power()
    def power(self):
        a = self.postfix()
        return ("^", a, self.unary()) if self.eat("^") else a
    def postfix(self):
        a = self.atom()
        while self.at("[", "."):
            if self.eat("."): a = ("field", a, self.name())
            else:
                self.take()
                items = self.many(self.item, "]")
                if a == ("name", "grad") and self.at("("):
                    self.take(); e = self.expr(); self.need(")")
                    a = ("partial", items[0][1][1], e)
                    continue
                if a[0] == "name" and a[1] in ("sum", "max", "min", "mean", "prod", "logsumexp") and self.at("(") and all(x[0] == "at" and x[1][0] == "name" for x in items):
                    self.take(); e = self.expr(); self.need(")")
                    a = ("over", a[1], [x[1][1] for x in items], e)
                else: a = ("index", a, items)
        return a
    def item(self):
        if self.eat("none"): return ("none",)
        lo = None if self.at(":") else self.expr()
        if not self.eat(":"): return ("at", lo)
        return ("slice", lo, None if self.at("]", ",") else self.expr())
    def atom(self):
        kind = self.toks[self.i][0]
        if self.eat("("):
            e = self.expr(); self.need(")")
            return e
        if kind == "num":
            s = self.take()
            return ("num", float(s) if re.search("[.eE]", s) else int(s))
        n = self.name()
        if not self.at("("): return ("name", n)
        self.take()
        return ("call", n, self.many(self.arg, ")"))
    def arg(self):
        if self.toks[self.i + 1][1] == "=" and self.toks[self.i][0] == "name":
            n = self.take(); self.take()
            return (n, self.expr())
        return (None, self.expr())
    def body(self):
        if self.eat("="): return [("return", self.expr())]
        self.need("{")
        return self.stmts()
    def stmts(self):
        out = []
        while not self.eat("}"):
            if self.eat("return"): out.append(("return", self.expr()))
            elif self.at("log") and self.toks[self.i + 1][0] == "name":
                self.take(); n = self.name(); self.need("=")
                out.append(("log", n, self.expr()))
            elif self.eat("state"):
                while True:
                    n = self.name(); self.need("=")
                    out.append(("state", n, self.expr()))
                    if not self.eat(","): break
            elif self.eat("for"):
                n = self.name(); self.need("in"); lo = self.expr()
                hi = self.expr() if self.eat(":") else None
                self.need("{")
                out.append(("for", n, lo, hi, self.stmts()))
            else:
                n = self.name()
                if self.eat("["):
                    letters = self.many(self.name, "]"); self.need("=")
                    out.append(("put", n, letters, self.expr()))
                else:
                    self.need("=")
                    out.append(("let", n, self.expr()))
        return out
    def typed(self):
        n, shape, kind, like, init = self.name(), None, None, None, None
        shape = self.shape()
        if self.eat(":"): kind = (self.name(), self.many(self.expr, ")") if self.eat("(") else self.shape())
        if self.eat("like"): like = self.name()
        if self.eat("="): init = self.expr()
        return (n, shape, kind, like, init)
    def shape(self): return self.many(self.expr, "]") if self.eat("[") else []
    def file(self):
        out = []
        while self.toks[self.i][0] != "end":
            word = self.name()
            if word == "task": self.need("data")
            if word == "problem": out.append((word, self.name()))
            elif word == "dim":
                while True:
                    n = self.name()
                    out.append((word, n, self.expr() if self.eat("=") else None))
                    if not self.eat(","): break
            elif word in ("data", "task", "meta", "param"):
                while True:
                    out.append((word, *self.typed()))
                    if not self.eat(","): break
            elif word == "const":
                while True:
                    n = self.name(); self.need("=")
                    out.append((word, n, self.expr()))
                    if not self.eat(","): break
            elif word == "struct":
                n, sizes = self.name(), self.many(self.name, "]") if self.eat("[") else []
                self.need("{")
                fields = []
                while not self.eat("}"):
                    fields.append(self.typed()); self.eat(",")
                out.append((word, n, sizes, fields))
            elif word in ("fn", "optimizer"):
                n = self.name(); self.need("(")
                args = self.many(self.typed, ")")
                if word == "optimizer":
                    self.need("on"); p = self.name(); self.need(","); g = self.name()
                    out.append((word, n, args, p, g, self.body()))
                else: out.append((word, n, args, self.body()))
            elif word == "inner": out.append((word, self.body()))
            elif word == "outer":
                over = bool(self.eat("over")) and bool(self.need("steps"))
                out.append(("path" if over else word, self.body()))
            elif word == "step":
                names = [self.name()]
                while self.eat(","): names.append(self.name())
                self.need("by"); rule = self.name(); self.need("(")
                args = self.many(self.arg, ")"); self.need("for")
                count = self.expr()
                out += [(word, n, rule, args, count) for n in names]
            elif word == "truncate": out.append((word, self.expr()))
            elif word == "learn":
                names = [self.name()]
                while self.eat(","): names.append(self.name())
                self.need("by"); rule = self.name(); self.need("(")
                self.many(self.arg, ")"); self.need("for"); self.expr()
                out.append((word, names, rule))
            elif word == "import": out.append((word, self.take()[1:-1]))
            else: raise AssertionError(f"line {self.line()}: {word!r} does not start a declaration")
        return out
