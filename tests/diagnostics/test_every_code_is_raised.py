"""What is raised and what is in the catalogue are the same codes: found by walking the product's
source."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code

BASE = Path(settings.BASE_DIR)
APPS = (
    "diagnostics",
    "outbox",
    "marketplace",
    "qualification",
    "eligibility",
    "pricing",
    "repurchase",
)
NOT_RAISING = {"diagnostics/codes.py"}
NOT_RAISING_FOLDERS = {"catalogue", "migrations", "demo"}  # the demo plants what others find
# Calls that make a code happen when it stands among their arguments; a comparison or a look-up
# does not.
RAISERS = {
    "Problem",
    "build_finding",
    "Finding",
    "RejectedStockRow",
    "EditProblemRow",
    "DocumentRejection",
    "DocumentCheck",
    "_build_check",
    "_finish_reading",
    "update",
}


@functools.cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Parsed once, for every test that walks them."""
    return tuple(_trees())


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for file in sorted((BASE / app).rglob("*.py")):
            name = file.relative_to(BASE).as_posix()
            if name not in NOT_RAISING and not NOT_RAISING_FOLDERS & set(file.parts):
                yield name, parsed(file.read_text())


class Spelt(ast.NodeTransformer):
    """`C = Code` at the top of a module: every `C.X` after it is read as `Code.X`."""

    def __init__(self, short: set[str]) -> None:
        self.short = short

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(
            ast.Name("Code" if node.id in self.short else node.id, node.ctx), node
        )


def parsed(source: str) -> ast.Module:
    tree = ast.parse(source)
    short = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)
        for target in statement.targets
        if statement.value.id == "Code" and isinstance(target, ast.Name)
    }
    return Spelt(short).visit(tree) if short else tree


def named(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every `Code.X`, wherever it stands."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "Code"
        ):
            yield node.attr, node.lineno


def raised(tree: ast.AST) -> Iterator[str]:
    """Codes among the arguments of what raises, and in tables of the module that raisers take them
    from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name_of(node.func) in RAISERS:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from (code for code, _ in named(argument))
    for statement in tree.body if isinstance(tree, ast.Module) else ():
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            yield from _in_a_table(statement.value)


def _in_a_table(value: ast.expr) -> Iterator[str]:
    """`{By.SKUS: Code.SKU_UNKNOWN}` and `CODE = str(Code.X)`; a table's keys raise nothing."""
    if isinstance(value, ast.Dict):
        for each in value.values:
            yield from (code for code, _ in named(each) if isinstance(each, ast.Attribute))
    elif isinstance(value, ast.Call) and _name_of(value.func) == "str":
        yield from (code for code, _ in named(value))


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def problems_of_a_text(tree: ast.AST) -> Iterator[int]:
    """Lines where a Problem is raised with anything written out but a member of Code."""
    for node in ast.walk(tree):
        is_problem = isinstance(node, ast.Call) and _name_of(node.func) == "Problem" and node.args
        if is_problem and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
            yield node.lineno


class TestTheSource:
    def test_names_no_code_that_the_catalogue_lacks(self):
        known = set(Code.__members__)
        unknown = [
            f"{file}:{line} {c}"
            for file, tree in trees()
            for c, line in named(tree)
            if c not in known
        ]
        assert unknown == []
        assert {Code[name] for _, tree in trees() for name, _ in named(tree)} <= set(CATALOGUE)

    def test_raises_no_problem_by_a_text_of_its_own(self):
        assert [
            f"{file}:{line}" for file, tree in trees() for line in problems_of_a_text(tree)
        ] == []

    def test_can_raise_every_code_of_the_catalogue(self):
        happens = {code for _, tree in trees() for code in raised(tree)}
        assert sorted(set(Code.__members__) - happens) == []


class TestTheCatalogue:
    def test_gives_a_fix_that_says_what_to_do(self, subtests):
        for code in Code:
            with subtests.test(code=code):
                fix = CATALOGUE[code].fix
                assert len(fix.split()) > 1
                assert fix != CATALOGUE[code].cause
                assert "{detail}" not in fix


class TestTheWalk:
    """It has to see what it is meant to see, or the tests above could not fail."""

    @pytest.mark.parametrize(
        "source",
        [
            "raise Problem(Code.X, value=1)",
            "return build_finding(Code.X if low else Code.Y)",
            "yield EditProblemRow(pointer='', code=Code.X, evidence={})",
            "TABLE = {'a': Code.X}",
            "CODE = str(Code.X)",
            "C = Code\nTABLE = {'a': C.X}",
        ],
    )
    def test_finds_a_code_that_is_raised(self, source):
        assert "X" in set(raised(parsed(source)))

    @pytest.mark.parametrize(
        "source",
        [
            "if problem.code is Code.X: pass",
            "TABLE = {Code.X: 1}",
            "n = counts.get(Code.X, 0)",
            "rule(codes=(Code.X,))",
        ],
    )
    def test_counts_a_look_at_a_code_as_no_raise(self, source):
        assert "X" not in set(raised(parsed(source)))

    def test_finds_a_misspelt_code_and_a_problem_of_a_text(self):
        assert list(named(ast.parse("Problem(Code.NO_SUCH)"))) == [("NO_SUCH", 1)]
        assert list(problems_of_a_text(ast.parse("raise Problem('SOMETHING')"))) == [1]
