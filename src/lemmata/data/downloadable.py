"""Data sets that come from the internet or a mirror; mirror_path is the place below the mirror.

The addresses are pinned to a commit where the host has commits. Whatever an address serves, only
the bytes of the sha256 given here are taken.
"""

from __future__ import annotations

from typing import Final

from lemmata.data.dataset import Dataset
from lemmata.data.raw import RawFile

_SHA256: Final = {
    "adult.data": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    "adult.test": "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
    "bank.zip": "99d7e8eb12401ed278b793984423915411ea8df099e1795f9fefe254f513fe5e",
    "compas-scores-two-years": "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d",
    "UCI_Credit_Card.csv": "f7b7d22d1f8dd27dadb25d4b78d8a4ae7c441ab6cc12d1ea58c0efc54d4d1788",
    "law_dataset.arff": "930c60e0479b742f64cbb64453da0048f7c3a390add3dd79cfacd94889d296bf",
    "dutch_census_2001.arff": "0e7e3f32668919c239db820f625815e1ea834c71402cdea595e03ef08c8616ef",
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "resnet34": "b123aebe9a94f4fe33958fa74b6411a1809f3b7f517189c8be2252befd3e91ae",
    "resnext50_32x4d": "85afef372b11427a32ebbfc08d6357af6a4d09f2174b530d0317f192ca964beb",
    "resnet110_c10": "49d17c420a3aac8144a09e3ae08bf2e5fa9b26dc7e0f7fc2113a1dee2f52687c",
    "resnet110_c100": "33f1156e28434f051a7cc82c948423878810751893f5216397865a3a861d0bc4",
    "densenet40_c10": "b1238523e4e90c5833d5b102163dcab8d89e916a31549f21f0c0b40d0091ddcf",
    "densenet40_c100": "f69725d540e02263af54b77ed297190f341edd86214ab0424a9634337f7b8b15",
    "SF.FC.C1.csv": "dfe181aa2bb41852f754f9487ca04bfe568ec19a6b21e1b13e7ab28951951773",
    "precip_Niamey_2016.csv": "df81be2693c4f21948665efbbf1f1abdd0585aa8e6ebdb5b910110bf9c8d1fa3",
}
_UCI: Final = "https://archive.ics.uci.edu"
_GITHUB: Final = "https://raw.githubusercontent.com"
_DIAGRAMS: Final = f"{_GITHUB}/hollance/reliability-diagrams"


def _adult(file: str) -> RawFile:
    source = f"{_UCI}/ml/machine-learning-databases/adult/{file}"
    return RawFile("adult", file, source, _SHA256[file], f"adult/{file}", f"{_UCI}/dataset/2/adult")


def _mnist(stem: str) -> RawFile:
    file = f"{stem}.gz"
    source = f"https://ossci-datasets.s3.amazonaws.com/mnist/{file}"
    page = "https://storage.googleapis.com/cvdf-datasets/mnist/"
    return RawFile("mnist", file, source, _SHA256[stem], f"mnist/{file}", page)


def _network(name: str, title: str, key: str, path: str, network_by: str) -> Dataset:
    """Top-label confidences of a trained network; `path` is commit and path in the repository."""
    file = path.rpartition("/")[2]
    mirror_file = f"imagenet_{file}" if "ImageNet" in path else file
    page = "https://github.com/hollance/reliability-diagrams"
    raw = RawFile(
        name, file, f"{_DIAGRAMS}/{path}", _SHA256[key], f"calibration/{mirror_file}", page
    )
    note = "p is the confidence of the predicted class, y whether that class is right"
    citation = f"Hollemans (2020), reliability-diagrams; network by {network_by}"
    return Dataset(name, title, "forecast", (raw,), "MIT", citation, note=note)


def _imagenet(name: str, title: str, model: str) -> Dataset:
    commit = "2089cf4c699f659e249e411917bd65e96833dd01"
    path = f"{commit}/results/ImageNet_pytorch-image-models/{model}.csv"
    return _network(f"imagenet_{name}", title, model, path, "Wightman (2019), timm")


def _cifar(classes: int, network: str, title: str) -> Dataset:
    commit = "c453b1257dfaba18ea70c3897274641774db663f"
    key = f"{network}_c{classes}"
    path = f"{commit}/results/markus93/probs_{key}_logits.csv"
    name = f"cifar{classes}_{network}"
    title = f"{title} on the test set of CIFAR-{classes}"
    return _network(name, title, key, path, "Kull et al. (2019), markus93/NN_calibration")


def _solar_flares(forecaster: str) -> Dataset:
    name, file = f"solar_flares_{forecaster.lower()}", "SF.FC.C1.csv"
    commit = "eadae5165df18ba4b9aae4b7c4a0035f44e136be"
    source = f"{_GITHUB}/TimoDimi/replication_DGJ20/{commit}/data/{file}"
    page = "https://doi.org/10.7910/DVN/HYP74O"
    return Dataset(
        name,
        f"Daily forecasts of a C1.0 solar flare by {forecaster}, 2016 to 2017",
        "forecast",
        (RawFile(name, file, source, _SHA256[file], f"calibration/{file}", page),),
        "CC0",
        "Leka, Park (2019), doi 10.7910/DVN/HYP74O; Dimitriadis, Gneiting, Jordan (2021), PNAS 118",
    )


def _credit_default(name: str, title: str, note: str) -> Dataset:
    file = "UCI_Credit_Card.csv"
    page = f"{_UCI}/dataset/350/default+of+credit+card+clients"
    return Dataset(
        name,
        title,
        "tabular",
        (RawFile(name, file, None, _SHA256[file], f"credit_default/{file}", page),),
        "CC BY 4.0",
        "Yeh, Lien (2009), Expert Systems with Applications 36, doi 10.24432/C55S3H",
        note=note,
    )


def _fairness(name: str, title: str, file: str, licence: str, citation: str) -> Dataset:
    """A table of the survey doi 10.1002/widm.1452, whose repository's very bytes are meant."""
    page = "https://github.com/tailequy/fairness_dataset"
    raw = RawFile(name, file, None, _SHA256[file], f"{name}/{file}", page)
    return Dataset(name, title, "tabular", (raw,), licence, citation, note="mirror only")


def _survey(name: str, title: str, source: str, page: str, citation: str) -> Dataset:
    """A survey whose bytes this project never had: its sha256 comes from the configuration."""
    file = source.rpartition("/")[2]
    raw = RawFile(name, file, source, None, f"{name}/{file}", page)
    note = "its sha256 is the user's: data.sha256"
    return Dataset(name, title, "tabular", (raw,), "public domain (US)", citation, note=note)


DOWNLOADABLE: Final = (
    Dataset(
        "adult",
        "Census income 1994, y = 1 income above 50,000 dollars",
        "tabular",
        (_adult("adult.data"), _adult("adult.test")),
        "CC BY 4.0",
        "Becker, Kohavi (1996), Adult, UCI, doi 10.24432/C5XW20",
        note="rows with a missing value are left out; the survey weight is no feature",
    ),
    Dataset(
        "bank_marketing",
        "Bank marketing calls, y = 1 term deposit subscribed",
        "tabular",
        (
            RawFile(
                "bank_marketing",
                "bank.zip",
                f"{_UCI}/ml/machine-learning-databases/00222/bank.zip",
                _SHA256["bank.zip"],
                "bank_marketing/bank.zip",
                f"{_UCI}/dataset/222/bank+marketing",
            ),
        ),
        "CC BY 4.0",
        "Moro, Cortez, Rita (2014), Decision Support Systems 62, doi 10.24432/C5K306",
        note="the duration of the call is left out: it is known only with the outcome",
    ),
    Dataset(
        "compas",
        "COMPAS two-year recidivism, y = 1 new offence",
        "tabular",
        (
            RawFile(
                "compas",
                "compas-scores-two-years.csv",
                f"{_GITHUB}/propublica/compas-analysis/bafff5da3f2e45eca6c2d5055faad269defd135a"
                "/compas-scores-two-years.csv",
                _SHA256["compas-scores-two-years"],
                "compas/compas-scores-two-years.csv",
                "https://github.com/propublica/compas-analysis",
            ),
        ),
        "none stated",
        "Larson, Mattu, Kirchner, Angwin (2016), How We Analyzed the COMPAS Recidivism Algorithm",
        note="the raw file names real people: names, dates of birth, case numbers are never read",
    ),
    _credit_default(
        "credit_default",
        "Default of credit card clients, y = 1 default next month",
        "mirror only: the table in CSV, numbers as integers, Kaggle's header, LF line ends",
    ),
    _credit_default(
        "credit_default_published",
        "Default of credit card clients with the features of arXiv 2406.06487",
        "mirror only; amounts and age in terciles, all but sex as categories",
    ),
    _fairness(
        "law_school",
        "Law school admissions, y = 1 passed the bar",
        "law_dataset.arff",
        "none stated",
        "Wightman (1998), LSAC National Longitudinal Bar Passage Study",
    ),
    _fairness(
        "dutch_census",
        "Dutch census 2001, y = 1 a prestigious occupation",
        "dutch_census_2001.arff",
        "terms of IPUMS and Statistics Netherlands",
        "Minnesota Population Center, IPUMS International; Statistics Netherlands (2001)",
    ),
    _survey(
        "acs_income",
        "American Community Survey, California 2018, y = 1 income above 50,000 dollars",
        "https://www2.census.gov/programs-surveys/acs/data/pums/2018/1-Year/csv_pca.zip",
        "https://www.census.gov/programs-surveys/acs/microdata.html",
        "US Census Bureau (2019); Ding, Hardt, Miller, Schmidt (2021), folktables",
    ),
    _survey(
        "hmda",
        "Mortgage applications, Texas 2017, y = 1 accepted",
        "https://files.consumerfinance.gov/hmda-historic-loan-data/"
        "hmda_2017_tx_all-records_codes.zip",
        "https://www.consumerfinance.gov/data-research/hmda/historic-data/",
        "Consumer Financial Protection Bureau (2018), HMDA 2017",
    ),
    _survey(
        "meps",
        "Medical Expenditure Panel Survey 2015, panel 19, y = 1 more than 10 visits",
        "https://meps.ahrq.gov/mepsweb/data_files/pufs/h181ssp.zip",
        "https://meps.ahrq.gov/mepsweb/data_stats/download_data_files_detail.jsp?cboPufNumber=HC-181",
        "Agency for Healthcare Research and Quality (2017), MEPS HC-181",
    ),
    Dataset(
        "mnist",
        "Handwritten digits, 28 x 28 pixels; the first 60,000 rows are the published training part",
        "image",
        (
            _mnist("train-images-idx3-ubyte"),
            _mnist("train-labels-idx1-ubyte"),
            _mnist("t10k-images-idx3-ubyte"),
            _mnist("t10k-labels-idx1-ubyte"),
        ),
        "CC BY-SA 3.0 (as usually stated)",
        "LeCun, Bottou, Bengio, Haffner (1998), Proceedings of the IEEE 86",
        classes=10,
    ),
    Dataset(
        "cifar10",
        "Colour images, 32 x 32 pixels; the first 50,000 rows are the published training part",
        "image",
        (
            RawFile(
                "cifar10",
                "cifar-10-binary.tar.gz",
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                _SHA256["cifar-10-binary.tar.gz"],
                "cifar10/cifar-10-binary.tar.gz",
                "https://www.cs.toronto.edu/~kriz/cifar.html",
            ),
        ),
        "none stated",
        "Krizhevsky (2009), Learning multiple layers of features from tiny images",
        classes=10,
    ),
    _imagenet("resnet34", "ResNet-34 on the validation set of ImageNet", "resnet34"),
    _imagenet("resnext50", "ResNeXt-50 on the validation set of ImageNet", "resnext50_32x4d"),
    _cifar(10, "resnet110", "ResNet-110"),
    _cifar(10, "densenet40", "DenseNet-40"),
    _cifar(100, "resnet110", "ResNet-110"),
    _cifar(100, "densenet40", "DenseNet-40"),
    _solar_flares("DAFFS"),
    _solar_flares("NOAA"),
    Dataset(
        "precipitation_niamey",
        "Daily forecasts (EMOS) of rain at Niamey, July to September 2016",
        "forecast",
        (
            RawFile(
                "precipitation_niamey",
                "precip_Niamey_2016.csv",
                f"{_GITHUB}/frazane/scoringrules/2f8f9cae9b6074d5f6e757df6fbb95cf38792250"
                "/tests/data/precip_Niamey_2016.csv",
                _SHA256["precip_Niamey_2016.csv"],
                "calibration/precip_Niamey_2016.csv",
                "https://github.com/aijordan/reliabilitydiag",
            ),
        ),
        "CC BY 4.0",
        "Vogel et al. (2021), doi 10.1029/2020GL091022; Dimitriadis, Gneiting, Jordan (2021)",
    ),
)
