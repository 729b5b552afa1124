"""C-RASP syntax back to text; what is printed parses to the same program."""

from __future__ import annotations

from lemmata.length_generalization.crasp import syntax as s

# How tightly an expression binds: what binds looser than its place asks for gets brackets.
_CHOICE, _OR, _AND, _NOT, _COMPARE, _SUM, _ATOM = range(7)


def text_of(program: s.Program) -> str:
    """The program's text, one operation a line, names aligned."""
    width = max(len(operation.name) for operation in program.operations)
    lines = [f"{o.name:<{width}} := {expression_text(o.expression)}" for o in program.operations]
    return "\n".join(lines) + "\n"


def expression_text(expression: s.Expression, least: int = _CHOICE) -> str:
    """Text of one expression, in brackets where it binds looser than `least`."""
    text, binds = _text(expression)
    return text if binds >= least else f"({text})"


def _text(expression: s.Expression) -> tuple[str, int]:
    match expression:
        case s.Symbol(name):
            return f"Q[{name}]", _ATOM
        case s.Constant(value):
            return str(value).lower(), _ATOM
        case s.Periodic(modulus, residue):
            return f"i % {modulus} == {residue}", _ATOM
        case s.Number(value):
            return str(value), _ATOM
        case s.Name(name):
            return name, _ATOM
        case s.Not(body):
            return f"not {expression_text(body, _NOT)}", _NOT
        case s.Both(left, right):
            return f"{expression_text(left, _AND)} and {expression_text(right, _NOT)}", _AND
        case s.Either(left, right):
            return f"{expression_text(left, _OR)} or {expression_text(right, _AND)}", _OR
        case s.Compare(first, operator, second):
            sides = expression_text(first, _SUM), expression_text(second, _SUM)
            return f"{sides[0]} {operator} {sides[1]}", _COMPARE
        case s.Sum(first, sign, second):
            return f"{expression_text(first, _SUM)} {sign} {expression_text(second, _ATOM)}", _SUM
        case s.Choice(condition, then, otherwise):
            parts = (expression_text(condition, _OR), expression_text(then, _SUM))
            rest = expression_text(otherwise, _SUM)
            return f"if {parts[0]} then {parts[1]} else {rest}", _CHOICE
        case s.Exists(inside, distances):
            return f"exists{_distances(distances)}({expression_text(inside)})", _ATOM
        case s.Count(inside, distances):
            return f"count{_distances(distances)}({expression_text(inside)})", _ATOM


def _distances(distances: tuple[int, ...] | None) -> str:
    if distances is None:
        return ""
    if len(distances) == 1:
        return f"[i-j = {distances[0]}]"
    return f"[i-j in {{{', '.join(map(str, distances))}}}]"
