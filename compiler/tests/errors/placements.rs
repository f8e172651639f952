//! One unclosed bracket, one missing colon: one error, wherever it stands, and no error of what is right around it.

use crate::markdown::compile;
use mpcc::diagnostic::render;

/// Programs in which `¤` stands before the character that is left out.
const BRACKETS: [(&str, &str); 20] = [
    ("in the middle of a file", "x = 1\ny = max(1, 2¤)\nz = 3\nprint(x, z)\n"),
    ("on the first line", "x = [1, 2¤]\nprint(3)\n"),
    ("on the last line", "x = 1\nprint(x¤)\n"),
    ("on the last line, without its end", "x = 1\nprint(x¤)"),
    ("in a function", "def f(x: int) -> int:\n    y = abs(x¤)\n    return 2\n\nprint(f(3))\n"),
    ("in the last line of a function", "def f(x: int) -> int:\n    return abs(x¤)\n\nprint(f(3))\n"),
    ("in the parameters of a function", "def f(x: int¤):\n    print(3)\n\nprint(4)\n"),
    ("in a call", "x = sum([1, 2, abs(3¤), 4])\nprint(3)\n"),
    ("in a list of several lines", "x = [\n    1,\n    2,\n¤]\ny = 2\nprint(y)\n"),
    ("in a call of several lines", "x = max(\n    1,\n    abs(2¤),\n)\ny = 2\nprint(y)\n"),
    ("in an index", "x = zeros(3)\ny = x[1¤]\nprint(3)\n"),
    ("in brackets of three kinds", "x = [(1, [2, 3]), (4, [5, 6¤])]\ny = 1\n"),
    ("before a block", "x = [1, 2¤]\nfor i in range(3):\n    print(i)\n"),
    ("before a function", "x = (1 + 2¤)\n\ndef f():\n    return 1\n\nprint(f())\n"),
    ("in the condition of an if", "x = 3\nif max(x, 2¤) > 1:\n    print(x)\nelse:\n    print(2)\n"),
    (
        "in the head of a for with an if in it",
        "for i in range(3¤):\n    if i > 1:\n        print(i)\n    elif i > 0:\n        print(0)\n    else:\n        print(1)\n",
    ),
    ("in the head of a for", "for i in range(3¤):\n    print(i)\nprint(4)\n"),
    ("in a nested block", "for i in range(3):\n    for j in range(2):\n        print(i, j¤)\n    print(i)\nprint(4)\n"),
    ("before a port", "role alice\nx = (1 + 2¤)\ninput a: sint from alice\noutput b: sint to alice\nb = a\n"),
    ("in the type of a port", "role alice\ninput a: sint[3¤] from alice\noutput b: sint to alice\nb = sint(1)\n"),
];

const COLONS: [(&str, &str); 18] = [
    ("of an if", "x = 3\nif x > 2¤:\n    print(x)\nprint(4)\n"),
    ("of an if at the end", "x = 3\nif x > 2¤:\n    print(x)"),
    ("of an elif", "x = 3\nif x > 2:\n    print(x)\nelif x > 1¤:\n    print(2)\nelse:\n    print(3)\n"),
    ("of an else", "x = 3\nif x > 2:\n    print(x)\nelse¤:\n    print(2)\n"),
    ("of a for", "for i in range(3)¤:\n    print(i)\n"),
    ("of a for over a list", "for i in [1, 2, 3]¤:\n    print(i)\n"),
    ("of a while", "x = 3\nwhile x > 1¤:\n    x -= 1\nprint(x)\n"),
    ("of a while with a call", "x = 3\nwhile abs(x) > 1¤:\n    x -= 1\nprint(x)\n"),
    ("of a def", "def f(x: int)¤:\n    return x\n\nprint(f(3))\n"),
    ("of a def with a result", "def f(x: int) -> int¤:\n    return x\n\nprint(f(3))\n"),
    (
        "of a def in a def",
        "def f(x: int) -> int:\n    def g(y: int)¤:\n        return y\n    return g(x)\n\nprint(f(3))\n",
    ),
    ("of an if in a def", "def f(x: int) -> int:\n    if x > 2¤:\n        return 1\n    return 2\n\nprint(f(3))\n"),
    (
        "of an else in a def",
        "def f(x: int) -> int:\n    if x > 2:\n        return 1\n    else¤:\n        return 2\n\nprint(f(3))\n",
    ),
    ("of a nested for", "for i in range(3):\n    for j in range(2)¤:\n        print(i, j)\n    print(i)\n"),
    ("of an if with and", "x = 3\nif x > 2 and x < 5¤:\n    print(x)\n"),
    ("of an if with not", "x = 3\nif not x > 2¤:\n    print(x)\n"),
    ("of an if with a comment", "x = 3\nif x > 2¤:  # large\n    print(x)\n"),
    ("of an if with an empty line after it", "x = 3\nif x > 2¤:\n\n    print(x)\n"),
];

/// Leaves the character after each `¤` out, and wants the one error, and none before.
fn check(places: &[(&str, &str)], allowed: &[&str]) {
    for (place, text) in places {
        let (before, after) = text.split_once('¤').expect("a place where something is left out");
        let whole = compile(&format!("{before}{after}"), &[]);
        let shown = |found: &mpcc::Compilation| render::human(&found.sources, &found.diagnostics, false);
        assert!(whole.program.is_some(), "{place}: wrong before anything is left out\n{}", shown(&whole));
        let found = compile(&format!("{before}{}", &after[1..]), &[]);
        let codes: Vec<_> = found.diagnostics.iter().map(|found| found.code.id()).collect();
        assert!(codes.len() == 1 && allowed.contains(&codes[0]), "{place}: {codes:?}\n{text}\n{}", shown(&found));
    }
}

/// Where another bracket closes in its stead, that one is pointed at.
#[test]
fn an_unclosed_bracket_is_one_error() {
    check(&BRACKETS, &["E0020", "E0021"]);
}

#[test]
fn a_missing_colon_is_one_error() {
    check(&COLONS, &["E0031"]);
}
