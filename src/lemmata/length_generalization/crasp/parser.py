"""The readable text of a C-RASP program to its syntax, with the place of whatever is wrong.

One operation a line, `#` opens a comment::

    ones   := count(Q[1])
    zeros  := count(Q[0])
    accept := not (ones <= zeros)

Counts may look back a fixed set of distances, `count[i-j in {1, 2}](P)`, `exists[i-j = 1](P)`;
`i % 4 == 0` is periodic; `if P then C else D` chooses. Generators say what may follow:
`NEXT[a] := Q[SEP] and most_a`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args
from lark.exceptions import VisitError

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp import syntax as s
from lemmata.length_generalization.crasp.printer import expression_text

GRAMMAR: Final = r"""
    program: _NEWLINE* operation (_NEWLINE+ operation)* _NEWLINE*
    operation: target ":=" expression
    target: NAME            -> named
          | "NEXT" symbol   -> following
    symbol: "[" (NAME | LETTER | INT | MARK) "]"

    ?expression: "if" disjunction "then" sum "else" sum  -> choice
               | disjunction
    ?disjunction: conjunction | disjunction "or" conjunction    -> either
    ?conjunction: negation | conjunction "and" negation         -> both
    ?negation: "not" negation                                   -> negated
             | comparison
    ?comparison: sum | sum COMPARED sum                         -> compared
    ?sum: atom | sum ADDED atom                                 -> added
    ?atom: NAME                                                 -> name
         | INT                                                  -> number
         | TRUE                                                 -> constant
         | FALSE                                                -> constant
         | "Q" symbol                                           -> letter
         | "i" "%" INT "==" INT                                 -> periodic
         | "count" distances? "(" expression ")"                -> count
         | "exists" distances? "(" expression ")"               -> exists
         | "(" expression ")"
    distances: "[" "i-j" "=" INT "]" | "[" "i-j" "in" "{" INT ("," INT)* "}" "]"

    COMPARED: "<=" | ">=" | "==" | "<" | ">"
    ADDED: "+" | "-"
    TRUE: "true"
    FALSE: "false"
    MARK: "BOS" | "SEP" | "EOS"
    NAME: /(?!(?:RESERVED)\b)[A-Za-z_][A-Za-z_0-9]*/
    LETTER: /[^\s\[\]A-Za-z_0-9]/
    INT: /[0-9]+/
    _NEWLINE: /(\r?\n[ \t]*)+/
    COMMENT: /#[^\n]*/
    %ignore COMMENT
    %ignore /[ \t]+/
""".replace("RESERVED", "if|then|else|or|and|not|true|false|count|exists|in|i|Q|NEXT|BOS|SEP|EOS")


def parse(text: str, name: str = "program", symbols: Collection[str] = ()) -> s.Program:
    """Parse and type-check a program; `name` opens the messages.

    symbols: the alphabet with its marks, where the program is to be held to one. Raises
    LemmataError, one line with line and column: for text that is no program, a name that is not
    defined before its use or defined twice, a count where a truth value belongs or the other way
    round, a modulus of 0 or a residue outside it, a symbol that is not in the alphabet, and an
    acceptor whose last operation counts.
    """
    try:
        tree = _lark().parse(text)
        operations: list[tuple[Token, str | None, _Typed]] = _Build(symbols).transform(tree)
        return _checked(operations, name)
    except RecursionError as error:
        raise LemmataError(f"{name}: expressions nest too deeply; name parts of them") from error
    except UnexpectedCharacters as error:
        found = text.splitlines()[error.line - 1][error.column - 1 :][:1]
        raise _wrong(name, error.line, error.column, f"unexpected {found!r}") from error
    except UnexpectedToken as error:
        found = "the end of the text" if error.token.type == "$END" else repr(str(error.token))
        raise _wrong(name, error.line, error.column, f"unexpected {found}") from error
    except VisitError as error:
        if isinstance(error.orig_exc, _Misplaced):
            raise _wrong(name, *error.orig_exc.place, str(error.orig_exc)) from error
        raise


class _Misplaced(Exception):  # noqa: N818 - becomes a LemmataError, with the program's name
    def __init__(self, message: str, token: Token) -> None:
        super().__init__(message)
        self.place = (token.line or 0, token.column or 0)


class _Typed:
    """An expression, whether it is Boolean (None: a name, known later), and where it stands."""

    def __init__(self, expression: Any, boolean: bool | None, token: Token) -> None:
        self.expression = expression
        self.boolean = boolean
        self.token = token
        self.inside: list[tuple[_Typed, bool]] = []  # parts and the type each must have

    def having(self, *parts: tuple[_Typed, bool]) -> _Typed:
        self.inside = list(parts)
        return self


@v_args(inline=True)
class _Build(Transformer[Token, Any]):
    """Tree to syntax; types are checked afterwards, when the names are known."""

    def __init__(self, symbols: Collection[str]) -> None:
        super().__init__()
        self.symbols = symbols

    def program(self, *operations: Any) -> list[Any]:
        return list(operations)

    def operation(self, target: tuple[Token, str | None], body: _Typed) -> Any:
        return (*target, body)

    def named(self, name: Token) -> tuple[Token, None]:
        return name, None

    def following(self, symbol: Token) -> tuple[Token, str]:
        return symbol, str(symbol)

    def symbol(self, token: Token) -> Token:
        if self.symbols and token not in self.symbols:
            allowed = ", ".join(self.symbols)
            raise _Misplaced(f"{token}: no such symbol; allowed: {allowed}", token)
        return token

    def name(self, token: Token) -> _Typed:
        return _Typed(s.Name(str(token)), None, token)

    def number(self, token: Token) -> _Typed:
        return _Typed(s.Number(int(token)), False, token)

    def letter(self, token: Token) -> _Typed:
        return _Typed(s.Symbol(str(token)), True, token)

    def periodic(self, modulus: Token, residue: Token) -> _Typed:
        if not 0 <= int(residue) < int(modulus):
            raise _Misplaced(f"i % {modulus} is never {residue}", residue)
        return _Typed(s.Periodic(int(modulus), int(residue)), True, modulus)

    def constant(self, word: Token) -> _Typed:
        return _Typed(s.Constant(word == "true"), True, word)

    def negated(self, body: _Typed) -> _Typed:
        return _Typed(s.Not(body.expression), True, body.token).having((body, True))

    def both(self, left: _Typed, right: _Typed) -> _Typed:
        found = s.Both(left.expression, right.expression)
        return _Typed(found, True, left.token).having((left, True), (right, True))

    def either(self, left: _Typed, right: _Typed) -> _Typed:
        found = s.Either(left.expression, right.expression)
        return _Typed(found, True, left.token).having((left, True), (right, True))

    def compared(self, left: _Typed, operator: Token, right: _Typed) -> _Typed:
        found = s.Compare(left.expression, str(operator), right.expression)  # type: ignore[arg-type]
        return _Typed(found, True, left.token).having((left, False), (right, False))

    def added(self, left: _Typed, operator: Token, right: _Typed) -> _Typed:
        found = s.Sum(left.expression, str(operator), right.expression)  # type: ignore[arg-type]
        return _Typed(found, False, left.token).having((left, False), (right, False))

    def choice(self, condition: _Typed, then: _Typed, otherwise: _Typed) -> _Typed:
        found = s.Choice(condition.expression, then.expression, otherwise.expression)
        parts = ((condition, True), (then, False), (otherwise, False))
        return _Typed(found, False, condition.token).having(*parts)

    def distances(self, *tokens: Token) -> tuple[int, ...]:
        return tuple(sorted({int(token) for token in tokens}))

    def count(self, *parts: Any) -> _Typed:
        *looked, body = parts
        found = s.Count(body.expression, looked[0] if looked else None)
        return _Typed(found, False, body.token).having((body, True))

    def exists(self, *parts: Any) -> _Typed:
        *looked, body = parts
        found = s.Exists(body.expression, looked[0] if looked else None)
        return _Typed(found, True, body.token).having((body, True))


def _checked(operations: list[tuple[Token, str | None, _Typed]], name: str) -> s.Program:
    types: dict[str, bool] = {}
    followed: set[str] = set()
    found = []
    for token, next_of, body in operations:
        boolean = _type_of(body, types, name)
        place = (token.line or 0, token.column or 0)
        if next_of is None:
            if str(token) in types:
                raise _wrong(name, *place, f"{token} is defined twice")
            types[str(token)] = boolean
        elif next_of in followed:
            raise _wrong(name, *place, f"NEXT[{next_of}] is defined twice")
        elif not boolean:
            raise _wrong(name, *place, f"NEXT[{next_of}] must be true or false, not a count")
        else:
            followed.add(next_of)
        title = str(token) if next_of is None else f"NEXT[{next_of}]"
        found.append(s.Operation(title, body.expression, boolean, next_of))
    if not followed and not found[-1].boolean:
        raise _wrong(name, *place, f"{token}, the last operation, must be true or false")
    return s.Program(tuple(found))


def _type_of(typed: _Typed, types: dict[str, bool], name: str) -> bool:
    """Whether an expression is Boolean; its parts are checked on the way."""
    for part, wanted in typed.inside:
        if _type_of(part, types, name) != wanted:
            said = ("a count", "true or false") if wanted else ("true or false", "a count")
            place = (part.token.line or 0, part.token.column or 0)
            text = expression_text(part.expression)
            raise _wrong(name, *place, f"{text} is {said[0]}, where {said[1]} is needed")
    if typed.boolean is not None:
        return typed.boolean
    if str(typed.token) not in types:
        place = (typed.token.line or 0, typed.token.column or 0)
        raise _wrong(name, *place, f"{typed.token} is not defined above")
    return types[str(typed.token)]


def _wrong(name: str, line: int, column: int, message: str) -> LemmataError:
    where = f", line {line}, column {column}" if line > 0 else ""
    return LemmataError(f"{name}{where}: {message}")


@cache
def _lark() -> Lark:
    return Lark(GRAMMAR, start="program", parser="lalr", maybe_placeholders=False)
