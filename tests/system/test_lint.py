"""make lint says what is wrong, where, and is silent about what is right."""

import subprocess

import pytest

GOOD_H = "#ifndef LIB_A_H\n#define LIB_A_H\nint a(void);\n#endif\n"

FAULTS = [
    ("lib/a.c", '#include "milter/main.h"\n', 1, "knows no program"),
    ("lib/a.c", "#include <libmilter/mfapi.h>\n", 1, "never includes"),
    ("lib/a.c", "\n#include <sqlite3.h>\n", 2, "belongs only"),
    ("statusd/a.c", "#include <sqlite3.h>\n", 1, "belongs only"),
    ("statusd/a.c", '#include "queuewatch/watch.h"\n', 1, "another's header"),
    ("milter/main.c", "#include <spf2/spf.h>\n", 1, "belongs only"),
    ("lib/a.c", "int\nf(char *a, const char *b)\n{\n\treturn *strcpy(a, b);\n}\n",
     4, "strcpy() is banned"),
    ("milter/a.c", "long\nf(void)\n{\n\treturn time(NULL);\n}\n", 4, "reads a clock"),
    ("milter/a.c", "void\nf(void)\n{\n\texit(1);\n}\n", 4, "only main.c exits"),
    ("lib/a.c", "#ifdef __linux__\nint a;\n#endif\n", 1, "only include guards"),
    ("lib/a.h", "int a;\n", 1, "include guard"),
    ("lib/a.c", "int a; /* TODO: more */\n", 1, "TODO"),
    ("lib/a.c", "int a;\n" * 501, 501, "501 lines"),
    ("lib/a.c", "int  a;\n", 1, "format"),
    ("man/greywl.1", ".Dd $Mdocdate$\n.Dt GREYWL 1\n.Os\n.Sh NAME\n.Xx\n", 5, "macro"),
]


def lint(root, tree):
    done = subprocess.run([root / "tests/lint", tree], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout


@pytest.fixture
def tree(root, tmp_path):
    (tmp_path / ".clang-format").write_text((root / ".clang-format").read_text())
    return tmp_path


def test_silent_about_what_is_right(root, tree):
    (tree / "lib").mkdir()
    (tree / "lib/a.h").write_text(GOOD_H)
    (tree / "lib/a.c").write_text(
        '#include "lib/a.h"\n\n#include <stddef.h>\n\n'
        '/* strcpy(a, b) and time(NULL) in a comment, "system(x)" in a text */\n'
        'const char *a_text = "strcpy(a, time(NULL))";\n')
    assert lint(root, tree) == (0, "lint: 2 C files, 0 faults\n")


@pytest.mark.parametrize("name,text,line,word", FAULTS,
                         ids=[f"{f[3]} in {f[0]}" for f in FAULTS])
def test_each_fault_is_named(root, tree, name, text, line, word):
    path = tree / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    status, out = lint(root, tree)
    assert status == 1
    assert any(f.startswith(f"{name}:{line}: ") and word in f
               for f in out.splitlines()), out


def test_circle_of_headers(root, tree):
    (tree / "lib").mkdir()
    for here, there in (("A", "b"), ("B", "a")):
        (tree / f"lib/{here.lower()}.h").write_text(
            f'#ifndef LIB_{here}_H\n#define LIB_{here}_H\n#include "lib/{there}.h"\n#endif\n')
    status, out = lint(root, tree)
    assert status == 1 and "circle of includes" in out
