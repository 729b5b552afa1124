"""A graph of entities in the making: rocrate's, with each entity said once and in compact form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rocrate.model import ContextEntity, Entity, File  # type: ignore[import-untyped]
from rocrate.rocrate import ROCrate  # type: ignore[import-untyped]

from lemmata.lineage.crate.vocabulary import ROOT, TERMS, Ref, file_id, one, ref


class Graph:
    """Entities by identifier."""

    def __init__(self) -> None:
        self._crate = ROCrate(version="1.1")
        self._crate.metadata.extra_contexts.append(TERMS)
        self._entities: dict[str, Entity] = {
            ROOT: self._crate.root_dataset,
            self._crate.metadata.id: self._crate.metadata,
        }

    def add(self, identifier: str, kinds: str | list[str], /, **said: Any) -> Ref:
        """Add an entity unless it is there; what is None or empty is not said."""
        if identifier not in self._entities:
            properties = {"@type": kinds, **_said(said)}
            self._enter(ContextEntity(self._crate, identifier, properties))
        return ref(identifier)

    def file(self, path: str, /, **said: Any) -> Ref:
        """Add a file of the crate, by its path from the crate's root."""
        properties = {"@type": "File", **_said(said)}
        self._enter(File(self._crate, dest_path=path, properties=properties))
        return ref(file_id(path))

    def web_file(self, url: str, /, **said: Any) -> Ref:
        """Add a file that lies elsewhere."""
        self._enter(File(self._crate, source=url, properties=_said(said)))
        return ref(url)

    def say(self, identifier: str, /, **said: Any) -> None:
        """Say something of an entity that is there, in place of what was said under the name."""
        for name, value in _said(said).items():
            self._entities[identifier][name] = value

    def append(self, identifier: str, name: str, value: Ref) -> None:
        """Add a reference to those of an entity's property, once."""
        entity = self._entities[identifier]
        before = entity.properties().get(name, [])
        values = before if isinstance(before, list) else [before]
        if value not in values:
            entity[name] = one([*values, value])

    def retype(self, identifier: str, kinds: list[str]) -> None:
        """Say anew what kinds of thing an entity is."""
        self._entities[identifier].properties()["@type"] = kinds

    def holds(self, identifier: str) -> bool:
        """Whether an entity is there."""
        return identifier in self._entities

    def of_type(self, kind: str) -> list[Ref]:
        """The entities of one kind, in the order of their entry."""
        return [ref(name) for name, entity in self._entities.items() if entity.type == kind]

    def metadata(self) -> dict[str, Any]:
        """The whole as JSON-LD, entities by identifier."""
        content: dict[str, Any] = self._crate.metadata.generate()
        content["@graph"].sort(key=lambda entity: str(entity["@id"]))
        return content

    def _enter(self, entity: Entity) -> None:
        self._entities[entity.id] = entity
        self._crate.add(entity)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    compact = {k: one(v) if isinstance(v, list) else v for k, v in values.items()}
    return {k: v for k, v in compact.items() if v is not None and v != []}
