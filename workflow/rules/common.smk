"""What all rules share: slices of the configuration, code digests, what families list, claims.

Every rule has two params. `cfg` holds the values that the job reads, nothing else, as plain data;
`code` says what will run: script, digest over its import closure, versions of its libraries.
"""

from dataclasses import asdict
from functools import cache

from lemmata.claims import load_claims
from lemmata.config import canonical, lookup
from lemmata.data import registry
from lemmata.data.group_definitions import load_groups
from lemmata.provenance import code as provenance_code


wildcard_constraints:
    dataset="[a-z0-9_]+",
    family="[a-z_]+",
    model=r"(?!(figures|recalibrated)(/|$))[a-z0-9_]+",  # folders beside those of the models
    seed="[0-9]+",
    study="[a-z_]+",


# Params ---------------------------------------------------------------------------------------

INTEGERS = {"seed"}  # wildcards that enter computations as numbers


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


# Resources ------------------------------------------------------------------------------------

# Priority of rules whose jobs take longest: begun last, they would leave the other cores idle. More
# for what they wait for, less for what comes of them.
LONG = 10


def more(first):
    """A resource that grows with every retry: `first`, twice that, three times that.

    Rules that take seconds have `slots` besides: a profile for a cluster may let several of them
    share a job, and says with `slots` how many of those it asks cores and memory for.
    """
    return lambda wildcards, attempt: first * attempt


# Data -----------------------------------------------------------------------------------------


def fetch_cfg(wc):
    """Which file, where it was published, and what its bytes must be."""
    raw = registry.raw_file(wc.dataset, wc.file)
    vouched = CONFIG["data"]["sha256"].get(f"{wc.dataset}/{wc.file}")
    return canonical(asdict(raw) | {"sha256": raw.sha256 or vouched})


def raw_files(wc):
    """The raw files that a data set is prepared from; none for a synthetic one."""
    files = registry.dataset(wc.dataset).files
    return [f"resources/{raw.dataset}/{raw.name}" for raw in files]


def prepare_cfg(wc):
    """Split settings for what is trained on, the generator's settings for a synthetic set."""
    entry = registry.dataset(wc.dataset)
    cfg = {"dataset": wc.dataset}
    if entry.kind != "forecast":
        cfg["split"] = lookup(CONFIG, "data.split")
    if entry.origin == "synthetic":
        cfg["synthetic"] = lookup(CONFIG, f"data.{wc.dataset}")
    return canonical(cfg)


try:
    GROUPS = load_groups(ROOT / "config" / "groups.yaml")
except LemmataError as error:
    raise SystemExit(f"lemmata: {error}")


def groups_cfg(wc):
    """The groups that the configuration defines for one data set; its own need no definition."""
    return canonical({"dataset": wc.dataset, "groups": GROUPS.get(wc.dataset, {})})


# What every family adds to ---------------------------------------------------------------------

# (family, data set, model) -> tables of predictions. All that stands here gets SmoothECE, reliability
# diagrams, recalibration and measures by group.
PREDICTIONS = {}

# Family -> the seed that its diagrams show.
FIRST_SEED = {}

# Experiments that a configuration may leave out; a claim can require one by name.
EXPERIMENTS = {}

# Paper -> its figures.
FIGURES = {}


def predictions_of(wc):
    """The prediction tables of the model that the wildcards name."""
    return PREDICTIONS[wc.family, wc.dataset, wc.model]


def all_of(family, dataset):
    """(model, table) of everything that a family predicts on a data set."""
    listed = [(key[2], paths) for key, paths in PREDICTIONS.items() if key[:2] == (family, dataset)]
    return [(model, path) for model, paths in listed for path in paths]


def predictions_of_all(wc):
    """The prediction tables of every model on the data set that the wildcards name."""
    return [path for _, path in all_of(wc.family, wc.dataset)]


def figures_of_papers():
    """Every figure of the selected papers."""
    return [figure for paper in CONFIG["papers"] for figure in FIGURES[paper]]


# Claims ---------------------------------------------------------------------------------------

try:
    ALL_CLAIMS = {claim.id: claim for claim in load_claims(ROOT / "config" / "claims.yaml")}
except LemmataError as error:
    raise SystemExit(f"lemmata: {error}")

CLAIMS = sorted(name for name in ALL_CLAIMS if name.split(".")[0] in CONFIG["papers"])


def claim_tables(claim):
    """Evidence tables of a claim; none where it requires an experiment that is not configured."""
    met = claim.requires is None or EXPERIMENTS[claim.requires]
    return list(claim.tables) if met else []


def evidence_of(wc):
    """The evidence tables that a claim is judged by."""
    return [f"<results>/{table}" for table in claim_tables(ALL_CLAIMS[wc.claim])]


def claim_cfg(wc):
    """One claim as data, the scale that decides whether it is asked, and its tables' names."""
    claim = ALL_CLAIMS[wc.claim]
    return canonical(
        {"claim": claim.to_dict(), "scale": CONFIG["scale"], "tables": claim_tables(claim)}
    )


def record_of(path):
    """The record of the job that writes a file: the output `record` of the rule whose output it is."""
    for maker in workflow.rules:
        for output in maker.output:
            found = output.match(path)
            if found:
                return str(maker.output.record.apply_wildcards(found.groupdict()))
    raise SystemExit(f"lemmata: {path}: no rule writes it, but config/claims.yaml names it")


def claims_table_cfg(wc):
    """The scale, and the record of each file that the table leads to, below <results>."""
    results = f"results/{CONFIG['scale']}/"
    files = [f"claims/{name}.json" for name in CLAIMS]
    for name in CLAIMS:
        tables = claim_tables(ALL_CLAIMS[name])
        files += [*tables, ALL_CLAIMS[name].figure] if tables else []
    records = {path: record_of(results + path).removeprefix(results) for path in files}
    return canonical({"scale": CONFIG["scale"], "records": records})
