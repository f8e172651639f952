"""Python's own answers, which the machine must give too. Run: `python3 vm/tests/python/tables.py`.

Writes integers.txt (operators), slices.txt (`slice.indices`) and formats.txt (format specifications) beside itself.
"""

import itertools
import pathlib
import random

HERE = pathlib.Path(__file__).parent
LOW, HIGH = -(2**63), 2**63 - 1
OPERATORS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
    "shl": lambda a, b: a << b,
    "shr": lambda a, b: a >> b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "min": min,
    "max": max,
}


def answer(name, a, b):
    """The result, or the exception that 64-bit integers raise."""
    if name == "pow" and b < 0:
        return "ValueError"
    if name in ("pow", "shl") and b > 200:
        small = a in (0, 1) or (a == -1 and name == "pow")
        if not small:
            return "OverflowError"
        return a ** (b % 2 + 2) if name == "pow" else (0 if a == 0 else "OverflowError")
    try:
        result = OPERATORS[name](a, b)
    except (ZeroDivisionError, ValueError) as error:
        return type(error).__name__
    return result if LOW <= result <= HIGH else "OverflowError"


def integers():
    values = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 62, 63, 64, 255, -256, 10**9, -(10**9), HIGH, LOW, LOW + 1]
    for name, a, b in itertools.product(OPERATORS, values, values):
        yield f"{name} {a} {b} {answer(name, a, b)}"


def slices():
    bounds = [None, 0, 1, 2, 4, 5, 7, -1, -2, -5, -6, HIGH, LOW]
    steps = [None, 1, 2, 3, -1, -2, -3, 7, -7, HIGH, LOW]
    for size, start, stop, step in itertools.product([0, 1, 5], bounds, bounds, steps):
        result = list(range(size))[start:stop:step]
        words = ["." if word is None else str(word) for word in (start, stop, step)]
        yield f"{size} {' '.join(words)} {','.join(map(str, result))}"


def formats():
    generator = random.Random(1)
    plain = ["", "d", "5d", "05d", "<6", "^7", ">8", "+", " ", "-5", ",", "_", "x", "#x", "X", "b", "#b", "o", "08b", "#010x",
             "c", "010,", "_b", "=+8", "*^9d", ".2f", "e", ".1%", "g", "n", "+.3e", "012,d", "s", "q", ",x", "5.2d", "é>4"]
    integers = [0, 1, -1, 7, 42, -255, 1000, 1234567, -9876543210, HIGH, LOW]
    for value, spec in itertools.product(integers, plain):
        # Python turns an integer into a float for these; the machine stays exact.
        if float(value) == value or spec[-1:] not in tuple("feg%"):
            yield "int", str(value), spec, value
    real = ["", "f", ".0f", ".1f", ".2f", ".3f", ".10f", ".20f", "8.2f", "08.2f", "+.2f", " .1f", ",.2f", "_.3f", "012,.1f", "e",
            ".0e", ".3e", "E", ".2E", "g", ".1g", ".3g", ".10g", "G", "#g", "#.0f", ".3", ".1", ".10", "%", ".1%", ".0%", ">12",
            "<12.3f", "^14.2f", "=+10.1f", "x=10.1f", "z.0f", "z.1f", "n", "d", "x", "s", "12,", ".2", "05"]
    raws = [0, 1, -1, 32768, -32768, 65536, 98304, 163840, 229376, 19661, 6554, -6554, 65535, 655360000, 6553599999]
    raws += [generator.randrange(-(2**46), 2**46) >> generator.randrange(46) for _ in range(60)]
    for raw, spec in itertools.product(raws, real):
        # Without precision and type, a fixed-point number is shown in its own shortest digits, which are not a float's.
        own_digits = "." not in spec and (spec == "" or spec[-1] not in "feEgG%ndxs")
        if not own_digits or raw % 16384 == 0:
            yield "fix", str(raw), spec, raw / 65536
    for value, spec in itertools.product([True, False], ["", "d", ">6", "<6", "05", "x", "s", ".1f", "c", "n", "%"]):
        yield "bool", str(value), spec, value
    words = ["", "s", "8", ">8", "^8s", "*<6", ".2", "5.1", "05", "=5", "d", "+", ",", "#", "0=5", "é^7"]
    for value, spec in itertools.product(["a", "text", "", "naïve"], words):
        yield "str", value, spec, value


def formatted():
    for kind, name, spec, value in formats():
        try:
            result = "=" + format(value, spec)
        except (ValueError, OverflowError) as error:
            result = type(error).__name__
        if "\n" not in result and "\0" not in result:
            yield "\t".join((kind, name, spec, result))


def write(name, lines):
    (HERE / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


write("integers.txt", integers())
write("slices.txt", slices())
write("formats.txt", formatted())
