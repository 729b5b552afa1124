"""One Snakemake DAG that reproduces ten papers and proves where every figure came from."""
