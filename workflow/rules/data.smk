"""Data sets by name: raw files, verified and read-only, and the prepared table of each.

In: a file shipped in a package, or a download (from `data.mirror` where that is set).
Out: resources/<dataset>/<file>, then <results>/data/<dataset>/table.parquet with its split.
"""


def fetch_cfg(wc):
    """Which file, and what its bytes must be; where it comes from changes no result."""
    raw = registry.raw_file(wc.dataset, wc.file)
    return canonical({"dataset": wc.dataset, "file": wc.file, "sha256": raw.sha256})


def raw_files(wc):
    """The raw files that a data set is prepared from; none for a synthetic one."""
    return [f"resources/{wc.dataset}/{raw.name}" for raw in dataset_of(wc).files]


def prepare_cfg(wc):
    """Split settings for what is trained on, the generator's settings for a synthetic set."""
    entry = dataset_of(wc)
    cfg = {"dataset": wc.dataset}
    if entry.kind != "forecast":
        cfg["split"] = lookup(CONFIG, "data.split")
    if entry.origin == "synthetic":
        cfg["synthetic"] = lookup(CONFIG, f"data.{wc.dataset}")
    return canonical(cfg)


rule fetch:
    "Raw file {wildcards.file} of {wildcards.dataset}: copy or download, verify, make read-only."
    output:
        file="resources/{dataset}/{file}",
        record="resources/{dataset}/{file}.prov.json",
    log:
        "<logs>/data/{dataset}/fetch_{file}.log",
    params:
        cfg=fetch_cfg,
        code=code_of("data/fetch.py"),
    wildcard_constraints:
        file=r"(?!.*\.prov\.json$).+",
    localrule: True
    resources:
        mirror=CONFIG["data"]["mirror"] or "",
    script:
        "../scripts/data/fetch.py"


rule prepare:
    "Table of {wildcards.dataset}: features, label, groups, and each row's split."
    input:
        raw=raw_files,
    output:
        table="<results>/data/{dataset}/table.parquet",
        record="<results>/data/{dataset}/table.prov.json",
    log:
        "<logs>/data/{dataset}/prepare.log",
    params:
        cfg=prepare_cfg,
        code=code_of("data/prepare.py"),
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/data/prepare.py"
