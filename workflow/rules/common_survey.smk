"""What the rules of the survey share: the editions, real and simulated, and their slices."""

from lemmata.config import build
from lemmata.survey.instrument import load_survey, plain
from lemmata.survey.simulated import SERIES, Design, simulated_survey

SURVEY = CONFIG["survey"]
PRECISION = {key: SURVEY[key] for key in ("level", "resamples", "k", "seed")}
try:
    DESIGN = build(Design, SURVEY["simulated"], "config: survey.simulated")
    # Editions that people filled in or published, and those of the simulator, never in one table.
    BRANCHES = {
        "real": load_survey(ROOT / "config" / "survey"),
        SERIES: simulated_survey(DESIGN),
    }
except LemmataError as error:
    raise SystemExit(f"lemmata: {error}")
BRANCH_OF = {name: survey for survey in BRANCHES.values() for name in survey.editions}

COMPARED = ("likert", "slopes", "predicted", "consensus", "topics")
STATEMENTS = "statements"  # known by one share each: only real surveys have such
SURVEY_DIR = "<results>/survey"
INGESTED = ("answers", "shares", "measures", "codes")


def edition_files(wc):
    """The files that an edition comes as; none where statsmodels bundles it."""
    source = BRANCH_OF[wc.edition].editions[wc.edition].source
    folder = f"config/survey/{wc.edition}"
    if source == "simulated":
        return [f"{SURVEY_DIR}/simulated/{wc.edition}.json"]
    if source == "responses":
        return sorted(map(str, Path(folder, "responses").glob("*.json"))) + withdrawals(folder)
    names = {"aggregates": ["aggregates.csv"], "interview": ["codes.yaml"], "anes96": []}
    return [f"{folder}/{name}" for name in names[source]]


def withdrawals(folder):
    """The list of who withdrew, where an edition has one."""
    path = f"{folder}/withdrawn.yaml"
    return [path] if Path(path).is_file() else []


def simulated_cfg(wc):
    """The design, and which edition of it."""
    number = list(BRANCHES[SERIES].editions).index(wc.edition)
    return canonical({"design": SURVEY["simulated"], "number": number})


def edition_cfg(wc):
    """One edition, the questions that it asked, and how its intervals are made."""
    return canonical(BRANCH_OF[wc.edition].slice(wc.edition) | {"precision": PRECISION})


def editions_cfg(survey, names):
    """Some editions as plain values, in order, and the questions that any of them asked."""
    editions = [survey.editions[name] for name in names]
    return canonical(
        {
            "editions": [plain(edition) for edition in editions],
            "bank": survey.questions_of(*editions),
        }
    )


def branch_cfg(wc):
    """All editions of a branch, and how intervals and tests are made."""
    survey = BRANCHES[wc.branch]
    return canonical(editions_cfg(survey, list(survey.editions)) | {"precision": PRECISION})


def of_branch(kind):
    """A table of every edition of a branch, in order."""
    return lambda wc: expand(f"{SURVEY_DIR}/{{e}}/{kind}.parquet", e=BRANCHES[wc.branch].editions)


def issues(wc):
    """The editions that a page looks at: those of the series up to its own."""
    return [*BRANCH_OF[wc.edition].earlier(wc.edition), wc.edition]


def page_cfg(wc):
    """The series so far, and how intervals and tests are made."""
    return canonical(editions_cfg(BRANCH_OF[wc.edition], issues(wc)) | {"precision": PRECISION})


def of_issues(kind):
    """A table of each edition that a page looks at."""
    return lambda wc: expand(f"{SURVEY_DIR}/{{e}}/{kind}.parquet", e=issues(wc))


def published_files(wc):
    """Every file of published aggregates."""
    real = BRANCHES["real"].editions.values()
    return [f"config/survey/{e.id}/aggregates.csv" for e in real if e.source == "aggregates"]


def trust_of(edition):
    """The shares of one edition's trust in AI that the power of the drift test is asked for."""
    import csv

    with (ROOT / "config" / "survey" / edition / "aggregates.csv").open() as stream:
        rows = [r for r in csv.DictReader(stream) if r["question"] == "trust_ai_output"]
    total = sum(float(row["value"]) for row in rows)
    return [float(row["value"]) / total for row in rows]


def procedures_cfg(wc):
    """Sizes of the simulations, and the two published distributions that are to be told apart."""
    shares = [trust_of("stack_overflow_2023"), trust_of("stack_overflow_2025")]
    return canonical(SURVEY["procedures"] | {"shares": shares})


def instrument_cfg(wc):
    """The whole real survey as plain values."""
    real = BRANCHES["real"]
    return canonical(
        editions_cfg(real, list(real.editions)) | {"bank": [plain(q) for q in real.bank.values()]}
    )


def survey_figures():
    """Figures of both branches, of the simulations of procedures, and a page of each edition."""
    return [
        *expand(f"{SURVEY_DIR}/{{b}}/figures/{{f}}.png", b=BRANCHES, f=COMPARED),
        f"{SURVEY_DIR}/real/figures/{STATEMENTS}.png",
        f"{SURVEY_DIR}/procedures/figures/procedures.png",
        f"{SURVEY_DIR}/studies/instrument/evidence.parquet",
        *expand(f"{SURVEY_DIR}/{{e}}/page.html", e=BRANCH_OF),
    ]
