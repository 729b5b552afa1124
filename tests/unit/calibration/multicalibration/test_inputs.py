"""Bad input ends in one clear line, for every post-processor alike."""

from __future__ import annotations

import numpy as np
import pytest

from lemmata.calibration.multicalibration.boosting import Boosted
from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.multicalibration.mcgrad_peer import McGradPeer
from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.recalibration import Isotonic, Platt, Temperature
from lemmata.errors import LemmataError

MODELS = [HKRR(0.1), HJZ("hedge", 0.9), Boosted(), Platt(), Isotonic(), Temperature()]
P = np.array([0.1, 0.4, 0.6, 0.9])
Y = np.array([0, 0, 1, 1])
G = np.array([[True, False], [True, True], [True, False], [True, True]])
BAD = [
    (P - 0.5, Y, G, r"p holds -0\.4 to 0\.4: must lie in \[0, 1\]"),
    (np.array([0.1, np.nan, 0.6, 0.9]), Y, G, "p holds nan to nan"),
    (P, Y * 2, G, r"y holds 0\.0 to 2\.0: must lie in \[0, 1\]"),
    (P, Y / 2, G, "labels must be 0 or 1"),
    (P[:3], Y, G, r"p has shape \(3,\), y \(4,\)"),
    (P, Y, G[:3], r"groups have shape \(3, 2\): must be \(4, G\)"),
    (P, Y, G[:, :0], r"groups have shape \(4, 0\)"),
    (P, Y, G.astype(int), "groups are of type int64: must be boolean"),
    (P, Y, np.column_stack([G, np.zeros(4, bool)]), "groups: column 2 has no rows"),
    (P[:0], Y[:0], G[:0], "p and y are empty"),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(("p", "y", "groups", "said"), BAD, ids=range(len(BAD)))
def test_fit_refuses(model, p, y, groups, said):
    with pytest.raises(LemmataError, match=said) as error:
        model.fit(p, y, groups)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_predict_refuses_other_groups_and_predictions(model):
    fitted = model.fit(P, Y, G)
    assert fitted.predict(P, G).shape == (4,)
    with pytest.raises(LemmataError, match="groups: 1 are given, the model knows 2"):
        fitted.predict(P, G[:, :1])
    with pytest.raises(LemmataError, match="p holds"):
        fitted.predict(P + 1.0, G)


def test_peer_that_is_not_installed_says_how_to_get_it():
    try:
        import mcgrad  # noqa: F401
    except ImportError:
        with pytest.raises(LemmataError, match="pip install mcgrad"):
            McGradPeer()
    else:
        assert McGradPeer().fit(np.tile(P, 50), np.tile(Y, 50), np.tile(G, (50, 1)))


def test_settings_are_grids_in_order():
    found = settings_of(
        {
            "isotonic": {},
            "hkrr": {"alpha": [0.1, 0.05]},
            "hjz": [
                {"learner": ["hedge", "mlprod"], "learning_rate": 0.9},
                {
                    "learner": "hedge",
                    "adversary": "hedge",
                    "learning_rate": 0.9,
                    "adversary_rate": [0.9, 0.98],
                },
            ],
        }
    )
    assert [f"{s.post_processor} {s.label}" for s in found] == [
        "isotonic ",
        "hkrr alpha=0.1",
        "hkrr alpha=0.05",
        "hjz learner=hedge learning_rate=0.9",
        "hjz learner=mlprod learning_rate=0.9",
        "hjz learner=hedge adversary=hedge learning_rate=0.9 adversary_rate=0.9",
        "hjz learner=hedge adversary=hedge learning_rate=0.9 adversary_rate=0.98",
    ]
    assert isinstance(found[1].make(3), HKRR)
    assert found[1].make(3).seed == 3


@pytest.mark.parametrize(
    ("configured", "said"),
    [
        ({"histogram": {}}, "post-processor 'histogram': unknown; allowed: platt"),
        ({"hkrr": {"alpha": 0.1, "beta": 2}}, "post-processor hkrr: .*unexpected keyword.*'beta'"),
        ({"hkrr": {"alpha": 2.0}}, r"hkrr: alpha = 2\.0"),
        ({"hkrr": [{"alpha": 0.1}, {"alpha": 0.1}]}, "two settings 'alpha=0.1'"),
    ],
)
def test_settings_refused(configured, said):
    with pytest.raises(LemmataError, match=said):
        settings_of(configured)
