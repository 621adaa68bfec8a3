"""Random programs over what generate.py covers least: gradients inside of losses, whole-number arithmetic in indices, optimizers that start from their array, step lines
over several params, records carried by loops, reshaped and transposed fields of records, branches whose other side is not finite, tasks beside truncation.

Each program is a draw of snippets in one frame; `features.py SEED DIR` writes it as generate.py does. DIR/fSEED/fSEED_safe.mfl says the same to a reader that evaluates both
branches of an `if`: what is not finite where it does not count is finite there. Only Python's standard library is needed."""
import os
import random
import re
import sys

FUNCTIONS = """
struct Cell[i] { w[i, i]  b[i]  g }
struct Two[i] { c : Cell[i]  d[2] : Cell[i]  e[i] }
fn cell(c : Cell, h) = tanh(h @ c.w + c.b) * c.g
fn scaled(c : Cell, h) = c * (1 + 0.1 * mean(h))
fn fold(c : Cell, h, n) {
  for i in 0:n { h = cell(c, h) + 0.1 * i }
  return h
}
fn twice(t : Two, h) = cell(t.d[1], fold(t.c, h, 2)) + t.e
fn slope(c : Cell, h) = grad[c](mean(cell(c, h)^2))
fn push(c : Cell, h) = grad[h](sum(sin(cell(c, h))))
fn bend(c : Cell, h) = grad[h](sum(push(c, h) * h))
fn descend(c : Cell, h, rate) {
  for i in 0:2 { h = h - rate * grad[h](mean((cell(c, h) - 0.1 * i)^2)) }
  return h
}
"""
OPTIMIZERS = """
optimizer mine(rate, rule, k = 0.5) on p, g {
  state a = 0.1, b = 0
  a = k * a + g * (1 - k)
  b = max(0.9 * b, abs(g) + 0.01)
  for i in 0:2 { a = tanh(a + 0.1 * i * p) }
  u = if abs(a) > 0.2 then a / b else a * step
  p = p - rate * u * (1 + rule) - 0.01 * detach(p) * g
}
optimizer slow(rate, pull = 0.3) on p, g {
  state old = p, far = 2 * p + 0.1, t = 0
  t = t + 1
  p = p - rate * g / sqrt(t) + 0.01 * (far - p) * g
  old = old + pull * (p - old)
  p = if step % 2 == 1 then old else p
  far = 0.9 * far + 0.1 * p
}
optimizer uphill(rate) on p, g {
  h = 0.5 * p
  u = grad[h](sum(sin(h) * g))
  p = p - rate * (g + 0.2 * u)
}
"""
# {P} a param of D numbers, {X} [N, D], v u h o i j new names. <<c|e>> is e, which counts where c holds. In inner and path losses alone: those that read step.
SNIPPETS = [
    ("{h} = {X}\n  for b{i} in bl {{ {h} = {h} + cell(b{i}, {h}) }}", "mean({h}^2)"),
    ("{h} = {P}\n  for {i} in 0:L {{\n    for {j} in 0:2 {{ {h} = tanh({h} + bl[{i}].b * ({j} + 1)) - 0.1 * em[L - 1 - {i}] }}\n    {o}[{i}] = {h} * m\n  }}", "mean({o}^2) + sum({h})"),
    ("{v} = q\n  for {i} in 0:2 {{ {v} = scaled({v}, {P} * ({i} + 1)) }}", "mean({v}.w^2) + {v}.g * s"),
    ("{v} = two\n  for {i} in 0:3 {{\n    {v} = {v} * (1 + 0.1 * {v}.c.g * mean({P}))\n    {o}[{i}] = {v}.d[{i} % 2].b + {v}.e\n  }}", "mean({o}^2) + mean(transpose({v}.d.w)^2)"),
    ("{v} = twice(two, {X}) * {P}", "mean(tanh({v}))"),
    # whole numbers
    ("{o}[n, d] = em[ids[n], d] * {P}[d] + x[n, d]", "mean({o}^2)"),
    ("{v} = em[(2 * ids + 1) % L] * {P}", "mean(sin({v}))"),
    ("{v} = em[min(ids + 1, L - 1)] - em[max(ids - 1, 0)] * {P}", "mean({v}^2)"),
    ("{h} = s\n  for {i} in 0:N {{\n    {h} = tanh({h} + dot(em[floor(ids[{i}] / 2)], {P}) * y[({i} + 1) % N])\n    {o}[{i}] = {h} * y[max({i} - 1, 0)]\n  }}", "mean({o}^2) + {h}"),
    ("{h} = {P}\n  for {i} in 0:5 {{ {h} = tanh({h} + x[(3 * {i} + 1) % N] * (if {i} % 2 == 0 then 1 else s)) }}", "mean({h}^2)"),
    ("{v} = where(co % 3 == 1, co / 2, co * s) + where(co == 2, 1, 0)\n  {u} = {v}[:, none] * {P}", "mean({u}^2) / 30"),
    ("{v} = floor(co / 2) + co % 4 - max(co, 3)\n  {u} = {v}[:, none] * {X}", "mean({u}^2) / 20"),
    ("{v} = xt[step % TT] * {P}", "mean({v}^2)"),
    ("{v} = xt[floor(step / 2)] * {P} + em[min(step, L - 1)]", "mean(tanh({v}))"),
    ("{v} = {X}[big]\n  {u} = {v} * x[(big + 1) % N]", "mean({u} * {P})"),
    ("{v} = {P} % 0.7 + (x + {P}) % (1.3 + {P}^2)", "mean({v})"),
    # fields of records in other shapes
    ("{v} = reshape(q.w, D * D)\n  {u} = reshape(transpose(bl.w), D * D, L)", "mean(tanh({v} @ {u}))"),
    ("{v} = transpose(bl.w, 2, 0, 1) + q.w[:, none]", "mean({v}^3)"),
    ("{v} = concat(reshape(q.w * s, D * D), q.b, {P})\n  {u} = flip({v}) * cumsum({v}, 0)", "mean({u}) / D"),
    ("{v} = transpose(two.d.w, 0, 2, 1) @ reshape(two.d.b, 2, D, 1)\n  {u} = stack(two.d[0].b, two.c.b * {P}, axis = 1)", "mean({v}^2) + mean({u}^2)"),
    ("{o}[a, l, i] = sum[j](bl.w[l, i, j] * q.w[j, a]) * {P}[a]", "mean({o}^2)"),
    ("{o}[l, i] = max[j](bl.w[l, i, j] * floor(2 * {P}[j]) + bl.b[l, j])", "mean({o})"),
    ("{v} = (bl * 0.5).w + q.w\n  {u} = (two.c + q).b", "mean({v}^2) + mean({u}^2)"),
    # what is not finite where it does not count
    ("{v} = if {X} > 0.2 then log(<<{X} > 0.2|{X}>>) * sqrt(<<{X} > 0.2|{X} - 0.1>>) else {X}", "mean({v}^2)"),
    ("{v} = where({P} < 0.1, sqrt(<<{P} < 0.1|0.2 - {P}>>), 1 / <<not ({P} < 0.1)|{P}>>)", "mean(tanh({v}))"),
    ("{h} = {P}\n  for {i} in 0:3 {{ {h} = if {h} > 0 then tanh({h} + log(<<{h} > 0|{h}>>)) else 0.5 * {h} - 0.1 * {i} }}", "mean({h}^2)"),
    ("{v} = if co > 2 then {X}[:, 0] / <<co > 2|co - 2>> else (-1 - co)^2 * 0.01", "mean({v}^2) / 10"),
    # gradients in losses
    ("{v} = grad[p](mean(tanh(x * p)^2) + s * sum(p^3))", "mean({v}^2)"),
    ("{v} = slope(q, {X})", "mean({v}.w^2) + {v}.g * s + mean({v}.b * {P})"),
    ("{v} = push(q, {X}) + bend(q, {P})", "mean({v}^2)"),
    ("{v} = descend(q, {X}, s)", "mean(({v} - 0.3)^2)"),
    ("{h} = {P}\n  for {i} in 0:2 {{\n    {u} = grad[{h}](mean((x * {h} - 0.1)^2) + sum({h}^4) / 4)\n    {h} = {h} - 0.1 * {u} * m\n    {o}[{i}] = {u}\n  }}", "mean({o}^2) + sum({h})"),
    ("{v} = scaled(q, {P})\n  {u} = grad[{v}](mean(cell({v}, x)^2) * s)", "mean(cell(q + {u}, x)^2)"),
    ("{v} = grad[bl](mean(bl.w^2 * bl.b[:, none]) * sum(bl.g^2))", "mean({v}.w * q.w) + sum({v}.g * bl.g)"),
    # the rest
    ("{v} = cumsum({X}, 0)\n  {u} = flip(cumsum({v} * {P}, 1), 1)", "mean(tanh({u})^2)"),
    ("{h} = A @ transpose(A) + 2 * one_hot(iota(D), D) + outer_product({P}, {P})\n  {o} = solve({h}, m + p)", "dot({o}, {P}) + logdet({h}) / 5"),
    ("{v} = max(x, x * 1)\n  {u} = max(tanh({P}), floor(2 * {P}) / 2)", "mean({v} * {P}) + mean({u}) + max({P}) * min(m)"),
    ("{v} = if x > 0 and not (x > 1) then x * {P} else if x == 0 or x < -1 then {P} * s else 0", "mean({v}^2)"),
    ("{v} = detach({P}) * {P} + detach(m * {P})", "mean({v}^2)"),
    ("{v} = log_softmax({X} @ wc)\n  {u} = -{v}[:, lab]", "mean({u}) + mean(cross_entropy({X} @ wc * s, lab))"),
    ("{o}[a, b] = z6[0, a, 0, b, N - 1, D - 1] * {P}[0] + s\n  {v} = sum(z6 * {P}, -1)", "mean({o}^2) + mean(tanh({v}))"),
    ("{v} = prod({P} + 2) + norm({P} + 0.5) + var({P} * x) + logsumexp({P})", "tanh({v} / 10)"),
    ("{v} = pad(x, 1, 2, axis = 0) * {P}\n  {u} = concat({v}[1:N + 1], x, axis = 1)\n  {h} = stack({u}, 2 * {u}, axis = 1)", "mean(tanh({h})[:, 1] * {u})"),
    ("{v} = softmax({X}, 0) * layer_norm({P} + x, eps = 0.1)", "mean({v}^2)"),
]


class Program:
    def __init__(self, seed):
        self.r, self.name, self.arrays, self.count = random.Random(seed * 31 + 5), f"f{seed}", {}, 0

    def chance(self, p): return self.r.random() < p
    def pick(self, *a): return self.r.choice(a)

    def numbers(self, name, shape, below=None, lo=None, hi=None, task=False):
        r, n = self.r, 1
        shape = ((self.tasks,) if task and self.tasks else ()) + shape
        for d in shape: n *= d
        rough = self.chance(0.4)                           # numbers of one digit: equal ones, and zeros
        draw = (lambda: r.randrange(below)) if below else (lambda: r.uniform(lo, hi)) if lo is not None else (lambda: round(r.gauss(0, 1), 1)) if rough else (lambda: r.gauss(0, 1))
        self.arrays[name] = (shape, [draw() for _ in range(n)], below is not None)

    def snippet(self, where):
        while True:
            lines, value = self.r.choice(SNIPPETS)
            if where != "outer" or "step" not in lines: break
        self.count += 1
        names = {k: f"{k}{self.count}" for k in "vuhoij"}
        p = self.pick("p", "p", "q.b", "bl[0].b", "bl.b[-1]")
        fill = lambda t: t.format(P=p, X=x, **names)
        x = self.pick("x", "tanh(x + p)", "(x * p)")
        if "{X}[" in lines: x = "x"
        return "  " + fill(lines), f"{self.pick('0.3', '0.7', 's', '1')} * ({fill(value)})"

    def block(self, head, n, where, more):
        parts = [self.snippet(where) for _ in range(n)]
        return f"{head} {{\n" + "\n".join(p[0] for p in parts) + "\n  return " + " + ".join([p[1] for p in parts] + more) + "\n}\n"

    def rule(self):
        rate = self.pick("0.1", "0.1 * sigmoid(s)", "lr[step % TT]", "0.2 * exp(s - 2)")
        return self.pick(f"sgd({rate})", f"momentum({rate}, mu = 0.6)", f"adam({rate}, eps_root = 1e-3)", f"mine({rate}, s)", f"rmsprop({rate}, eps_root = 0.01)", f"nesterov({rate})",
                         f"slow({rate})", f"slow({rate}, pull = sigmoid(s))", f"uphill({rate})")

    def data(self, n, d, l, c, tt):
        task = self.pick("x", "y") if self.tasks else None
        of = lambda k: "task data" if k == task else "data"
        self.numbers("x", (n, d), task=task == "x"), self.numbers("y", (n,), task=task == "y"), self.numbers("ids", (n,), l), self.numbers("big", (d,), n), self.numbers("lab", (n,), c)
        self.numbers("xt", (tt, n, d)), self.numbers("z6", (1, 2, 1, 2, n, d)), self.numbers("co", (n,), 7)
        return (f"dim N = {n}, D = {d}, L = {l}, C = {c}, TT = {tt}\n{of('x')} x[N, D]\n{of('y')} y[N]\ndata ids[N] : index(L), big[D] : index(N), lab[N] : index(C)\n"
                "data xt[TT, N, D], z6[1, 2, 1, 2, N, D]\ndata co[N] : int\n")

    def metas(self, d, l, c, tt):
        shapes = {"m": (d,), "s": (), "cm.w": (d, d), "cm.b": (d,), "cm.g": (), "em": (l, d), "A": (d, d), "wc": (d, c), "b0.w": (l, d, d), "b0.b": (l, d), "b0.g": (l,), "two.c.w": (d, d),
                  "two.c.b": (d,), "two.c.g": (), "two.d.w": (2, d, d), "two.d.b": (2, d), "two.d.g": (2,), "two.e": (d,)}
        for name, shape in shapes.items(): self.numbers(name, shape)
        self.numbers("lr", (tt,), lo=0.05, hi=0.3)
        return "meta m[D], s, em[L, D], lr[TT], A[D, D], wc[D, C]\nmeta cm : Cell[D], two : Two[D], b0[L] : Cell[D]\n"

    def write(self):
        r = self.r
        n, d, l, c, t = r.choice([1, 2, 3, 5, 8, 9]), r.choice([1, 2, 4, 5, 8]), r.choice([1, 2, 3, 4]), r.choice([2, 3, 5]), r.choice([0, 1, 2, 3, 4, 5])
        tt = max(t, 1)
        self.tasks = r.choice([1, 2, 3]) if self.chance(0.25) else 0
        head = self.data(n, d, l, c, tt) + self.metas(d, l, c, tt)
        params = "param p[D] = m\nparam q : Cell[D] = cm\nparam bl[L] : Cell[D] = b0\n"
        text = self.block("inner", r.randrange(1, 5), "inner", ["0.1 * sum(p^2)", "mean(q.w^2)", "mean(bl.w^2)", "s * mean(p * m)"])
        path = self.chance(0.4)
        if path: text += self.block("outer over steps", r.randrange(1, 3), "path", ["mean(p^2)"])
        if not path or self.chance(0.6): text += self.block("outer", r.randrange(1, 4), "outer", ["mean((p - 0.3)^2)", "mean((bl.b - q.b)^2)"])
        lines = self.pick("p|q|bl", "p|q|bl", "p, q|bl", "p|bl, q", "bl, p, q").split("|")
        text += "".join(f"step {names} by {self.rule()} for {t}\n" for names in lines)
        if t and self.chance(0.35): text += f"truncate {r.randrange(1, t + 2)}\n"
        return f"problem {self.name}\n\n{head}{FUNCTIONS}{OPTIMIZERS}\n{params}\n{text}"


MARK = re.compile(r"<<(.*?)\|(.*?)>>")
def plain(text): return MARK.sub(r"(\2)", text)
def safe(text): return MARK.sub(r"(if \1 then \2 else 1.5)", text)

def main(seed, top):
    from generate import save
    p = Program(seed)
    text = p.write()
    base = os.path.join(top, p.name)
    os.makedirs(os.path.join(base, "in"), exist_ok=True)
    for end, t in (("", plain(text)), ("_safe", safe(text))):
        with open(os.path.join(base, p.name + end + ".mfl"), "w") as f: f.write(t)
    for name, (shape, numbers, whole) in p.arrays.items(): save(os.path.join(base, "in", name + ".npy"), shape, numbers, whole)

if __name__ == "__main__": main(int(sys.argv[1]), sys.argv[2])
