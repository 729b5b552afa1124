"""Sets of texts: one that arrives with PyTorch, two of film reviews from a mirror.

The sha256 of PyTorch's file is that of the pinned version; another version whose file differs is
refused. The reviews are published in archives; the sha256 are those of the files themselves.
"""

from __future__ import annotations

from typing import Final

from lemmata.data.dataset import Dataset
from lemmata.data.raw import RawFile

_SHA256: Final = {
    "_torch_docs.py": "38bd167709f8998348da6aaa926b3af3cf2d6e8eb525ac3026d58a256ade1b90",
    "rt-polarity.neg": "4af43bf489620b498a0852c5a8c6a535155dec7985fdfea782b8f7756b957ccc",
    "rt-polarity.pos": "d79ef14009bbf87cd6be21f91c3ea1a3cbcb73b34dfb4231aef7bbcd7677abc4",
    "train.tsv": "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
    "dev.tsv": "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
    "test.tsv": "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7",
}


def _mirrored(name: str, page: str, *files: str) -> tuple[RawFile, ...]:
    return tuple(RawFile(name, file, None, _SHA256[file], f"{name}/{file}", page) for file in files)


TEXT_SETS: Final = (
    Dataset(
        "torch_docs",
        "Paragraphs of PyTorch's documentation, y = 1 an example of code",
        "text",
        (
            RawFile(
                "torch_docs",
                "_torch_docs.py",
                "package://torch/_torch_docs.py",
                _SHA256["_torch_docs.py"],
                None,
                "https://docs.pytorch.org/docs/stable/torch.html",
            ),
        ),
        "BSD 3-clause",
        "PyTorch contributors (2026), documentation of torch 2.13",
        note="a paragraph that occurs again is kept once",
    ),
    Dataset(
        "sst2",
        "Stanford sentiment treebank, whole sentences, y = 1 positive",
        "text",
        _mirrored(
            "sst2",
            "https://nlp.stanford.edu/sentiment/",
            *("train.tsv", "dev.tsv", "test.tsv"),
        ),
        "none stated",
        "Socher et al. (2013), Recursive deep models for semantic compositionality, EMNLP",
        note="mirror only: sentence, tab, label; the published parts one after the other",
    ),
    Dataset(
        "rotten_tomatoes",
        "Movie review sentences (sentence polarity v1.0), y = 1 positive",
        "text",
        _mirrored(
            "rotten_tomatoes",
            "https://www.cs.cornell.edu/people/pabo/movie-review-data/",
            *("rt-polarity.neg", "rt-polarity.pos"),
        ),
        "none stated",
        "Pang, Lee (2005), Seeing stars, ACL",
        note="mirror only: the files of the published archive",
    ),
)
