"""Runs programs as Python: reads a JSON array of texts, writes one of {"out", "error"}."""
import contextlib, io, json, operator, sys

sys.setrecursionlimit(5000)


def value(x):
    return Vector(x) if isinstance(x, list) else int(x)


def where(c, a, b):
    n = len(c)
    a = a if isinstance(a, list) else [a] * n
    b = b if isinstance(b, list) else [b] * n
    return Vector(x if t else y for t, x, y in zip(c, a, b))


class Vector(list):
    """A tensor of one axis."""

    def __getitem__(self, i):
        got = list.__getitem__(self, i)
        return Vector(got) if isinstance(i, slice) else got

    __neg__ = lambda self: Vector(-x for x in self)
    __abs__ = lambda self: Vector(abs(x) for x in self)


def elementwise(function, swapped):
    def of(self, other):
        other = other if isinstance(other, list) else [other] * len(self)
        return Vector(function(y, x) if swapped else function(x, y) for x, y in zip(self, other))

    return of


for name in "add sub mul floordiv mod gt lt".split():
    setattr(Vector, f"__{name}__", elementwise(getattr(operator, name), False))
    if name in ("add", "sub", "mul"):
        setattr(Vector, f"__r{name}__", elementwise(getattr(operator, name), True))


def run(text):
    text = text.replace(".reveal()", "").replace("sint(", "value(").replace("sbool(", "bool(")
    out, error = io.StringIO(), None
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(text, "program", "exec"), {"value": value, "where": where, "sint": int})
        except Exception as raised:
            error = type(raised).__name__
    return {"out": out.getvalue(), "error": error}


json.dump([run(text) for text in json.load(sys.stdin)], sys.stdout)
