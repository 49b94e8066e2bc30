"""Takes out of the code that fastjsonschema generates what a task must not see, and what costs time for nothing.

An error loses the value it is about and the keys that the publisher chose: both may be personal data. A check that cannot
fail any more where it stands (the type of what was found to be an object a line above) is left out: a cold start compiles
the code, and every event runs it.
"""

import ast
import re
from typing import Any, Final

ERROR: Final = "JsonSchemaValueException"
PATTERNS: Final = "REGEX_PATTERNS"


def simplified(module: ast.Module, code: str, *, copies: bool) -> ast.Module:
    """`_validate(data)` and what it needs, of `code`. Without `copies`, an object's keys are looked up in the object itself."""
    functions = [each for each in module.body if isinstance(each, ast.FunctionDef)]
    is_alone = all(code.count(f"{each.name}(") == 1 for each in functions)  # no other calls it, nor it itself
    expressions = _Expressions(module, [each.name for each in functions], is_alone, copies)
    for each in functions:
        expressions.visit(each)
        each.body = _without_unread(_pruned(each.body[:-1], set())) or [ast.Pass()]  # the last one returns the data
    result = ast.Module([*expressions.patterns(), *functions], [])
    names = {each.id for each in ast.walk(result) if isinstance(each, ast.Name)}
    if names & {ERROR, PATTERNS, "custom_formats"}:
        raise RuntimeError(
            "fastjsonschema generates other code than before: look at it and adapt contracts/simplify.py"
        )
    return result


class _Expressions(ast.NodeTransformer):
    """Changes names, errors and look-ups, statement by statement."""

    def __init__(self, module: ast.Module, functions: list[str], is_alone: bool, copies: bool) -> None:
        found = [each for each in module.body if isinstance(each, ast.Assign) and _name(each.targets[0]) == PATTERNS]
        compiled = found[0].value if found else ast.Dict([], [])
        assert isinstance(compiled, ast.Dict)
        self.compiled = compiled
        self.places = {ast.unparse(key): f"_P{place}" for place, key in enumerate(self.compiled.keys) if key}
        self.functions = {name: f"_validate{place or ''}" for place, name in enumerate(functions)}
        self.is_alone, self.copies = is_alone, copies
        self.keys = {name for each in ast.walk(module) if (name := _copy_of_keys(each))}
        self.missing: tuple[str, ast.expr] | None = None

    def patterns(self) -> list[ast.stmt]:
        named = zip(self.places.values(), self.compiled.values, strict=True)
        return [ast.Assign([ast.Name(name, ast.Store())], compiled, lineno=0) for name, compiled in named]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if node.name in self.functions:
            rest: list[ast.expr] = [] if self.is_alone else [ast.Constant("event")]
            names = [ast.arg("data"), *(ast.arg("name_prefix") for _ in rest)]
            node.name, node.args = self.functions[node.name], ast.arguments([], names, None, [], [], None, rest)
        self.generic_visit(node)
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        assert isinstance(node.exc, ast.Call) and _name(node.exc.func) == ERROR
        return ast.Raise(ast.Call(ast.Name("_Violation"), [self.visit(node.exc.args[0])], []))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.type and ERROR in ast.unparse(node.type):
            node.type = ast.Name("_Violation")
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        name = _name(node.targets[0])
        if name.endswith("__missing_keys") and isinstance(node.value, ast.BinOp):
            self.missing = name, node.value
            return None
        if name in self.keys and not self.copies:
            return None
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr == "remove" and not self.copies:
            if _name(called.value) in self.keys:
                return None
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.If:
        if self.missing is None:
            self.generic_visit(node)
            return node
        (_, value), refusal = self.missing, node.body[0]
        assert isinstance(value, ast.BinOp) and isinstance(value.left, ast.Call)
        names = ast.literal_eval(value.left.args[0])
        value.left = ast.Set([ast.Constant(each) for each in names]) if names else value.left
        node.test = ast.UnaryOp(ast.Not(), ast.Compare(value.right, [ast.GtE()], [value.left]))
        node.body = [self.visit(refusal)]
        self.missing = None
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if self.missing is not None and node.id == self.missing[0]:
            return self.missing[1]
        if node.id in self.keys and not self.copies:
            node.id = node.id.removesuffix("_keys")
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        if _name(node.values[0]) == "name_prefix":
            return ast.Constant("event") if self.is_alone else ast.Name("name_prefix")
        self.generic_visit(node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Joins the pieces of a message."""
        self.generic_visit(node)
        left, right = node.left, node.right
        if not isinstance(node.op, ast.Add) or not _is_text(right):
            return node
        if _is_text(left):
            return ast.Constant(_text(left) + _text(right))
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add) and _is_text(left.right):
            return ast.BinOp(left.left, ast.Add(), ast.Constant(_text(left.right) + _text(right)))
        return left if _text(right) == "" else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if _name(node.value) == PATTERNS:
            return ast.Name(self.places[ast.unparse(node.slice)])
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        called = _name(node.func)
        if called == "str" and node.args and _name(node.args[0]) in self.keys:
            return ast.Constant("other")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            return _path(node)
        if called in self.functions:
            node.func, node.args = ast.Name(self.functions[called]), [node.args[0], *node.args[2:]]
        self.generic_visit(node)
        return node


def _copy_of_keys(node: ast.AST) -> str:
    """The name of an object's keys, in `name = set(object.keys())`; empty for any other, as that of a property `keys`."""
    if isinstance(node, ast.Assign) and re.fullmatch(r"set\(\w+\.keys\(\)\)", ast.unparse(node.value)):
        return _name(node.targets[0])
    return ""


def _path(node: ast.Call) -> ast.expr:
    """The path to an item, by its place; a key is not shown. Only places and braces of the schema are left to format."""
    assert isinstance(node.func, ast.Attribute)
    text = re.sub(r"(?<!\{)\{\w+_key\}", "*", _text(node.func.value))
    node.func.value = ast.Constant(text)
    return node if re.search(r"(?<!\{)\{\w+\}", text) else ast.Constant(text.replace("{{", "{").replace("}}", "}"))


def _name(node: ast.expr) -> str:
    """Empty for what is no plain name."""
    return node.id if isinstance(node, ast.Name) else ""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value


def _pruned(body: list[ast.stmt], truths: set[str]) -> list[ast.stmt]:
    """The statements that are still needed where `truths` hold: conditions, as source."""
    return [kept for each in body for kept in _statement(each, truths)]


def _statement(node: ast.stmt, truths: set[str]) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        return _condition(node, truths)
    if isinstance(node, ast.Assign):
        name = ast.unparse(node.targets[0])
        truths.difference_update([each for each in truths if re.search(rf"\b{re.escape(name)}", each)])
        if ast.unparse(node.value) in truths:
            truths.add(name)
            node.value = ast.Constant(True)  # code further down, where nothing is known any more, may read it
            return [node]
    if isinstance(node, ast.For | ast.Try):
        parts = [node, *(node.handlers if isinstance(node, ast.Try) else [])]
        for part in parts:
            part.body = _pruned(part.body, set(truths)) or [ast.Pass()]
        node.orelse = _pruned(node.orelse, set(truths))
    return [node]


def _without_unread(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without `name = True` for names that nothing reads."""
    module = ast.Module(body, [])
    read = {
        each.id
        for each in ast.walk(module)
        if isinstance(each, ast.Name) and not isinstance(getattr(each, "ctx", None), ast.Store)
    }
    return [each for each in (_Unread(read).visit(each) for each in body) if each is not None]


class _Unread(ast.NodeTransformer):
    def __init__(self, read: set[str]) -> None:
        self.read = read

    def visit(self, node: ast.AST) -> Any:
        """Statements alone."""
        return node if isinstance(node, ast.expr) else super().visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        is_known = isinstance(node.value, ast.Constant) and node.value.value is True
        return None if is_known and ast.unparse(node.targets[0]) not in self.read else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.If | ast.For | ast.Try | ast.ExceptHandler) and not node.body:
            node.body = [ast.Pass()]
        return node


def _condition(node: ast.If, truths: set[str]) -> list[ast.stmt]:
    test = ast.unparse(node.test)
    if test in truths:
        return _pruned(node.body, truths)
    node.body, node.orelse = _pruned(node.body, {*truths, test}), _pruned(node.orelse, set(truths))
    if not node.body:
        return [node] if node.orelse else []
    if isinstance(node.body[-1], ast.Raise) and isinstance(node.test, ast.UnaryOp):
        truths.update(_settled(node.test.operand))
    return [node]


def _settled(condition: ast.expr) -> set[str]:
    """What is known where `condition` was found to hold."""
    if isinstance(condition, ast.Compare) and isinstance(condition.comparators[0], ast.Set):
        keys = ast.unparse(condition.left).removesuffix(".keys()")
        names = [ast.unparse(each) for each in condition.comparators[0].elts]
        return {f"{name} in {variable}" for name in names for variable in (keys, f"{keys}_keys")}
    return {ast.unparse(condition)}
