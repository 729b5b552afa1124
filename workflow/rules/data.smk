"""Data sets by name: raw files, verified and read-only, and the prepared table of each.

In: a file shipped in a package, or a download (from `data.mirror` where that is set).
Out: resources/<dataset>/<file>, then <results>/data/<dataset>/table.parquet with its split.
"""


rule fetch:
    "Raw file {wildcards.file} of {wildcards.dataset}: copy or download, verify, make read-only."
    output:
        file="resources/{dataset}/{file}",
        record="resources/{dataset}/{file}.prov.json",
    log:
        "<logs>/data/{dataset}/fetch_{file}.log",
    wildcard_constraints:
        file=r"(?!.*\.prov\.json$).+",
    priority: LONG + 1
    localrule: True
    resources:
        mirror=CONFIG["data"]["mirror"] or "",
    params:
        cfg=fetch_cfg,
        code=code_of("data/fetch.py"),
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
    priority: LONG + 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
        slots=1,
    params:
        cfg=prepare_cfg,
        code=code_of("data/prepare.py"),
    script:
        "../scripts/data/prepare.py"


rule group_flags:
    "Groups of the rows of {wildcards.dataset}: published with it, or from config/groups.yaml."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        groups="<results>/data/{dataset}/groups.parquet",
        record="<results>/data/{dataset}/groups.prov.json",
    log:
        "<logs>/data/{dataset}/groups.log",
    resources:
        mem_mb=more(3000),
        runtime=more(20),
        slots=1,
    params:
        cfg=groups_cfg,
        code=code_of("data/group_flags.py"),
    script:
        "../scripts/data/group_flags.py"
