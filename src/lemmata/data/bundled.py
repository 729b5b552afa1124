"""Data sets that arrive with the installed packages scikit-learn and statsmodels: no download.

The sha256 are those of the pinned versions of these packages; another version whose file differs
is refused. The only file known to have changed is `diabetes_data_raw.csv.gz`: [measured]
scikit-learn 1.7.2 ships other bytes of it than 1.9.1, whose file is meant here.
"""

from __future__ import annotations

from typing import Final

from lemmata.data.dataset import Dataset
from lemmata.data.raw import RawFile

_SHA256: Final = {
    "digits.csv.gz": "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
    "breast_cancer.csv": "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
    "diabetes_data_raw.csv.gz": "7fc0ded571454b1982210d3bb43f0aca44eae01a0b8654a3b24022bdb6b38009",
    "diabetes_target.csv.gz": "8e53f65eb811df43c206f3534bb3af0e5fed213bc37ed6ba36310157d6023803",
    "wine_data.csv": "10e8a802908b34f86e5da8ce962f3c806694bc98450a18f61851af59f324bede",
    "fair.csv": "fd5f3f094a34fc35ca346a14c359e046ed27843038d6921efcd50a7ab21f6af0",
    "randhie.csv": "9f6c87d05aef087a82cc4465310c8cd3f38327be6eafa43bd81fb98c4f3d088c",
    "anes96.csv": "c124d8556d6f8c4329b1fea61e3dc6891c5e663f15b7fe5791235963420ba896",
}
_SKLEARN_PAGE: Final = "https://scikit-learn.org/stable/datasets/toy_dataset.html"
_STATSMODELS_PAGE: Final = "https://www.statsmodels.org/stable/datasets/index.html"


def _sklearn(dataset: str, *files: str) -> tuple[RawFile, ...]:
    root = "package://sklearn/datasets/data"
    return tuple(
        RawFile(dataset, file, f"{root}/{file}", _SHA256[file], None, _SKLEARN_PAGE)
        for file in files
    )


def _statsmodels(package: str, dataset: str | None = None) -> tuple[RawFile, ...]:
    file = f"{package}.csv"
    source = f"package://statsmodels/datasets/{package}/{file}"
    return (RawFile(dataset or package, file, source, _SHA256[file], None, _STATSMODELS_PAGE),)


BUNDLED: Final = (
    Dataset(
        "digits",
        "Handwritten digits, 8 x 8 pixels",
        "image",
        _sklearn("digits", "digits.csv.gz"),
        "CC BY 4.0",
        "Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI (test part)",
        classes=10,
    ),
    Dataset(
        "breast_cancer",
        "Breast cancer Wisconsin (diagnostic), y = 1 benign",
        "tabular",
        _sklearn("breast_cancer", "breast_cancer.csv"),
        "CC BY 4.0",
        "Wolberg, Mangasarian, Street, Street (1995), Breast Cancer Wisconsin (Diagnostic), UCI",
    ),
    Dataset(
        "diabetes",
        "Diabetes, y = 1 disease progression above 140",
        "tabular",
        _sklearn("diabetes", "diabetes_data_raw.csv.gz", "diabetes_target.csv.gz"),
        "none stated",
        "Efron, Hastie, Johnstone, Tibshirani (2004), Least Angle Regression, Ann. Statist. 32",
        note="a regression set made binary by us: progression above 140, near its median of 140.5",
    ),
    Dataset(
        "wine",
        "Wine recognition, three cultivars",
        "tabular",
        _sklearn("wine", "wine_data.csv"),
        "CC BY 4.0",
        "Aeberhard, Forina (1992), Wine, UCI",
        classes=3,
    ),
    Dataset(
        "fair",
        "Extramarital affairs survey, y = 1 any affair",
        "tabular",
        _statsmodels("fair"),
        "included in statsmodels with permission of the author",
        "Fair (1978), A Theory of Extramarital Affairs, Journal of Political Economy 86",
    ),
    Dataset(
        "randhie",
        "RAND health insurance experiment, y = 1 any outpatient visit to a doctor",
        "tabular",
        _statsmodels("randhie"),
        "public domain",
        "Cameron, Trivedi (2005), Microeconometrics: Methods and Applications",
        note="several rows can be years of one person: rows are not independent",
    ),
    Dataset(
        "randhie_high_use",
        "RAND health insurance experiment, y = 1 more than five outpatient visits in a year",
        "tabular",
        _statsmodels("randhie", "randhie_high_use"),
        "public domain",
        "Cameron, Trivedi (2005), Microeconometrics: Methods and Applications",
        note="several rows can be years of one person: rows are not independent",
    ),
    Dataset(
        "anes96",
        "American national election survey 1996, y = 1 expected vote for Dole",
        "tabular",
        _statsmodels("anes96"),
        "public domain",
        "American National Election Studies (1996)",
    ),
)
