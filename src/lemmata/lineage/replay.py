"""Run one recorded job again: ``python replay.py JOB.json``, in the scratch tree.

Stands by itself: what it imports of this package is the recorded code, first on the path, and not
the code that asked for it. The engine's own classes make the object that a script is given.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

from snakemake.iocontainers import (
    InputFiles,
    Log,
    OutputFiles,
    Params,
    ResourceList,
    Snakemake,
    Wildcards,
)


def main() -> None:
    """Run the script of the record with the files, settings and resources that it names.

    JOB.json: {"record": a record, "project": the folder of its code, "store": settings of the
    store, "resources": what replaces recorded resources}.
    """
    asked: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    record, project = asked["record"], Path(asked["project"])
    script = project / record["code"]["script"]
    code = {
        "digest": record["code"]["digest"],
        "script": record["code"]["script"],
        "software": record["software"],
    }
    snakemake = Snakemake(
        _files(InputFiles(), record["layout"]["input"], record["inputs"]),
        _files(OutputFiles(), record["layout"]["output"], record["outputs"]),
        Params(fromdict={"cfg": record["cfg"], "code": code}),
        Wildcards(fromdict=record["wildcards"]),
        record["threads"],
        ResourceList(fromdict={**record["resources"], **asked["resources"]}),
        Log(toclone=[record["layout"]["log"]], plainstr=True),
        {"store": asked["store"]},
        record["rule"],
        None,
        scriptdir=str(script.parent),
    )
    for path in (*record["layout"]["output"].values(), record["layout"]["log"]):
        for name in [path] if isinstance(path, str) else path:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
    sys.argv = [str(script)]
    runpy.run_path(str(script), init_globals={"snakemake": snakemake})


def _files(files: Any, named: dict[str, str | list[str]], listed: list[dict[str, Any]]) -> Any:
    """The engine's list of files in the order `listed`, with the rule's names for its parts."""
    order = {item["path"]: i for i, item in enumerate(listed)}

    def place(name: str) -> int:
        value = named[name]
        paths = [value] if isinstance(value, str) else value
        return min((order.get(path, len(order)) for path in paths), default=len(order))

    for name in sorted(named, key=place):
        value = named[name]
        start = len(files)
        if isinstance(value, str):
            files.append(value)
            files._set_name(name, start)
        else:
            files.extend(value)
            files._set_name(name, start, end=len(files))
    return files


if __name__ == "__main__":
    main()
