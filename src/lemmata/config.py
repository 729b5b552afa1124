"""The configuration: a scale file laid under the user's, checked by a schema, handed out in slices.

No job sees the whole: a rule's ``cfg`` param is a slice of plain values (`canonical`), so that a
changed key reruns the jobs that read it and no others.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from lemmata.errors import LemmataError

if TYPE_CHECKING:
    import jsonschema

T = TypeVar("T")
Plain = str | int | float | bool | None
# The safe loader, in C where PyYAML was built with libyaml: eight times as fast.
SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SCALARS = (str, int, float, bool, types.NoneType)


def load_config(user: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The scale's values with the user's on top, checked against the schema.

    user: the parsed config.yaml with command-line overrides; root: the folder that holds config/.
    Raises LemmataError with one line that names the key, the value found and what is allowed.
    """
    scales = sorted(path.stem for path in (root / "config" / "scales").glob("*.yaml"))
    scale = user.get("scale", "laptop")
    if scale not in scales:
        raise LemmataError(f"config: scale = {scale!r}: {_choice(scale, scales)}")
    merged = deep_merge(read_yaml(root / "config" / "scales" / f"{scale}.yaml"), user)
    merged["scale"] = scale
    check(merged, read_yaml(root / "config" / "schema" / "config.schema.yaml"), "config")
    _check_relations(merged)
    return merged


def _check_relations(config: Mapping[str, Any]) -> None:
    """What a JSON Schema cannot say: how values of one table relate to each other."""
    split = lookup(config, "data.split")
    total = math.fsum(split[name] for name in ("train", "validation", "test"))
    if abs(total - 1.0) > 1e-9:
        raise LemmataError(f"config: data.split: shares sum to {total:g}: must sum to 1")
    for study in ("continuity", "sample_complexity"):
        key = f"calibration.studies.{study}"
        low, high = lookup(config, f"{key}.smallest"), lookup(config, f"{key}.largest")
        if low >= high:
            raise LemmataError(f"config: {key}.smallest = {low}: must be < {key}.largest = {high}")
    key = "calibration.studies.cost.sizes"
    sizes = lookup(config, key)
    if sizes != sorted(sizes):
        raise LemmataError(f"config: {key} = {sizes}: must grow")
    tasks = lookup(config, "length_generalization.tasks")
    for task in lookup(config, "length_generalization.sweep.tasks"):
        if task not in tasks:
            key = "length_generalization.sweep.tasks"
            raise LemmataError(f"config: {key}: {task!r}: {_choice(task, sorted(tasks))}")
    learned = lookup(config, "diffusion.learned")
    used = {
        f"studies.{name}.networks": study["networks"] for name, study in learned["studies"].items()
    }
    for at, names in ({"images": list(learned["images"])} | used).items():
        for name in names:
            if name not in learned["networks"]:
                known = _choice(name, sorted(learned["networks"]))
                raise LemmataError(f"config: diffusion.learned.{at}: {name!r}: {known}")
    trained = lookup(config, "self_supervised.trained")
    if "folder" in trained["images"] and trained["folder"]["path"] is None:
        key = "self_supervised.trained.folder.path"
        raise LemmataError(f"config: {key} = None: images.folder needs the path of a folder")
    delta = trained["selection"]["delta"]
    if delta not in trained["measures"]["deltas"]:
        key = "self_supervised.trained.selection.delta"
        known = _choice(delta, trained["measures"]["deltas"])
        raise LemmataError(f"config: {key} = {delta}: {known}")


def read_yaml(path: Path) -> Any:
    """Parse a YAML file safely; raises LemmataError naming file, line and problem."""
    try:
        return yaml.load(path.read_text(), Loader=SAFE)  # noqa: S506 - a safe loader
    except OSError as error:
        raise LemmataError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "damaged"
        raise LemmataError(f"{path}: {line}not valid YAML ({problem})") from error


def deep_merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid on `under`, key by key in nested mappings; lists and scalars are replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = deep_merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def check(value: Any, schema: Mapping[str, Any], name: str) -> None:
    """Raise LemmataError for the first violation of a JSON Schema, in words for a person.

    name: opens the message, such as ``config`` or a file's name.
    """
    import jsonschema  # here, as every job imports this module and few check against a schema

    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(value), key=lambda e: (len(e.absolute_path), str(e.path)))
    if errors:
        raise LemmataError(f"{name}: {_explain(errors[0])}")


def _explain(error: jsonschema.ValidationError) -> str:
    """``key = value: what is allowed`` for one violation."""
    key = _dotted(error.absolute_path)
    value: Any = error.instance
    limit: Any = error.validator_value
    found = f"{key} = {value!r}" if key else f"{value!r}"
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            schema: Any = error.schema
            allowed = sorted(schema.get("properties", {}))
            unknown = sorted(set(value) - set(allowed))[0]
            at = f"{key}.{unknown}" if key else unknown
            return f"{at} = {value[unknown]!r}: unknown key; {_choice(unknown, allowed)}"
        case "propertyNames":
            return f"{key}: unknown key; {error.message}"
        case "required":
            missing = sorted(set(limit) - set(value))
            return f"{key + '.' if key else ''}{missing[0]}: missing"
        case "type":
            kinds = [limit] if isinstance(limit, str) else list(limit)
            hint = " (write 1.0e-4, not 1e-4, in YAML)" if _looks_like_number(error) else ""
            return f"{found}: must be of type {' or '.join(kinds)}{hint}"
        case "enum":
            return f"{found}: {_choice(value, limit)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            return f"{found}: must be {_SIGNS[error.validator]} {limit}"
        case "minItems" | "minLength" | "minProperties":
            return f"{found}: must have at least {limit} entries"
        case "uniqueItems":
            return f"{found}: entries must differ"
        case _:
            return f"{found}: {error.message}"


_SIGNS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def _looks_like_number(error: jsonschema.ValidationError) -> bool:
    if not isinstance(error.instance, str) or "number" not in str(error.validator_value):
        return False
    try:
        float(error.instance)
    except ValueError:
        return False
    return True


def _dotted(path: typing.Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _choice(found: object, allowed: typing.Sequence[object]) -> str:
    names = [str(item) for item in allowed]
    close = difflib.get_close_matches(str(found), names, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"allowed: {', '.join(names)}{meant}"


def lookup(config: Mapping[str, Any], key: str) -> Any:
    """The value below a dotted key; raises LemmataError naming the key when there is none."""
    value: Any = config
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise LemmataError(f"config: {key}: missing")
        value = value[part]
    return value


def canonical(value: Any, key: str = "cfg") -> Any:
    """A copy made of dict (keys sorted), list and plain scalars only.

    Snakemake records params of other types (paths, dates, numpy scalars) not at all, so a change of
    one would go unnoticed: they are refused with a LemmataError that names the key.
    """
    if isinstance(value, Mapping):
        bad = [name for name in value if not isinstance(name, str)]
        if bad:
            raise LemmataError(f"{key}: key {bad[0]!r} is not a string")
        return {name: canonical(value[name], f"{key}.{name}") for name in sorted(value)}
    if isinstance(value, list):
        return [canonical(item, f"{key}[{i}]") for i, item in enumerate(value)]
    if type(value) in SCALARS:
        return value
    allowed = "str, int, float, bool, None, list, dict"
    raise LemmataError(f"{key} = {value!r}: is a {type(value).__name__}; allowed: {allowed}")


def build(cls: type[T], values: Mapping[str, Any], key: str = "cfg") -> T:
    """An instance of a settings dataclass from a mapping, nested dataclasses included.

    Lists become tuples where the field asks for one. Raises LemmataError for an unknown or missing
    key, or a value of another type (an int is accepted where a float is asked).
    """
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise LemmataError(f"{key}.{name}: unknown key; {_choice(name, sorted(fields))}")
    for name, field in fields.items():
        optional = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if name not in values and not optional:
            raise LemmataError(f"{key}.{name}: missing")
    return cls(**{n: _convert(values[n], hints[n], f"{key}.{n}") for n in values})


def _convert(value: Any, hint: Any, key: str) -> Any:
    """`value` as the annotated type `hint`, or a LemmataError."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return build(typing.cast("type[Any]", hint), value, key)
    if origin in (typing.Union, types.UnionType):
        return _first(value, arguments, key)
    if origin is typing.Literal:
        if value in arguments:
            return value
        raise LemmataError(f"{key} = {value!r}: {_choice(value, arguments)}")
    if origin is tuple and isinstance(value, list | tuple):
        items = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(items) != len(value):
            raise LemmataError(f"{key} = {value!r}: must have {len(items)} entries")
        pairs = zip(value, items, strict=True)
        return tuple(_convert(v, h, f"{key}[{i}]") for i, (v, h) in enumerate(pairs))
    if origin in (dict, Mapping, list) or hint is Any:
        return value
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    wanted = getattr(hint, "__name__", str(hint))
    raise LemmataError(f"{key} = {value!r}: must be of type {wanted}")


def _first(value: Any, hints: tuple[Any, ...], key: str) -> Any:
    failures = []
    for hint in hints:
        try:
            return _convert(value, hint, key)
        except LemmataError as error:
            failures.append(error)
    raise failures[0]
