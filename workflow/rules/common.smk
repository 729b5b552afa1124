"""What the rules share: slices of the configuration, code digests, lists of inputs and targets.

Every rule has two params. `cfg` holds the values that the job reads, nothing else, as plain data;
`code` says what will run: script, digest over its import closure, versions of its libraries.
"""

from functools import cache

from lemmata.claims import load_claims
from lemmata.config import canonical, lookup
from lemmata.data import registry
from lemmata.provenance import code as provenance_code

INTEGERS = {"seed"}  # wildcards that enter computations as numbers


wildcard_constraints:
    dataset="[a-z0-9_]+",
    family="[a-z]+",
    model="[a-z_]+",
    seed="[0-9]+",
    study="[a-z_]+",


@cache
def code_of(script):
    """The `code` param of a script below workflow/scripts."""
    path = f"workflow/scripts/{script}"
    try:
        found = provenance_code.code_of(ROOT / path)
    except LemmataError as error:
        raise SystemExit(f"lemmata: {error}")
    return {"digest": found.digest, "script": path, "software": found.software}


def slice_of(*wildcards, **keys):
    """The `cfg` param: the named wildcards, and the configuration below each dotted key.

    A key may hold wildcards: ``slice_of("seed", settings="calibration.networks.{model}")``.
    """

    def cfg(wc):
        values = {name: getattr(wc, name) for name in wildcards}
        values |= {name: int(values[name]) for name in INTEGERS & values.keys()}
        values |= {name: lookup(CONFIG, key.format(**wc)) for name, key in keys.items()}
        return canonical(values)

    return cfg


def dataset_of(wc):
    """The registry's entry for the dataset wildcard."""
    return registry.dataset(wc.dataset)
