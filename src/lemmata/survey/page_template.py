"""Templates of an edition's page (a module, so that code digests see edits)."""

from __future__ import annotations

SHELL = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 Georgia, serif; margin: 2em auto; max-width: 50em; padding: 0 1em;
  color: #000; background: #fff; }
h1, h2, h3 { font-family: system-ui, sans-serif; line-height: 1.2; }
h2 { border-bottom: 2px solid #000; padding-bottom: 0.2em; margin-top: 2em; }
h3 { margin-top: 1.8em; }
table { border-collapse: collapse; font: 14px/1.4 system-ui, sans-serif; margin: 0.8em 0; }
th, td { border-bottom: 1px solid #bbb; padding: 0.25em 0.8em; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid #000; }
img { max-width: 100%; }
blockquote { margin: 0; padding: 0.2em 1em; border-left: 0.4em solid #D55E00; }
</style>
</head>
<body>
{{ body | safe }}
</body>
</html>
"""

PAGE = """\
# {{ edition.title | plain }}

{% if edition.source == "simulated" %}
> **SYNTHETIC.** Every answer on this page was simulated. Nobody holds these opinions.

{% endif %}
*Issue {{ issue }} of the series {{ edition.series | plain }} that we hold. Fielded: {{ edition.fielded | plain }}. \
{{ edition.citation | plain }}.*

## Who was asked

| | |
|---|---|
| population | {{ edition.population | plain }} |
| sampling | {{ edition.sampling }} |
| invited | {{ "{:,}".format(edition.invited) if edition.invited else "not known" }} |
| completed | {{ "{:,}".format(edition.completed) if edition.completed else "not known" }}\
{% if edition.invited and edition.completed %} ({{ (edition.completed / edition.invited) | percent }} of those invited)\
{% endif %} |
{% if respondents %}
| respondents on this page | {{ "{:,}".format(respondents) }} |
{% endif %}
| incentive | {{ edition.incentive | plain }} |
| consent | {{ edition.consent | plain }} |
| ethics | {{ edition.ethics | plain }} |
| licence | {{ edition.licence | plain }} |

{% if edition.note %}
{{ edition.note | plain }}

{% endif %}
{% if edition.source == "responses" and not respondents %}
> No response is in yet.

{% endif %}
## What was asked, and how it was answered

Intervals are {{ level | percent }} intervals for sampling alone, Wilson's where nothing else is said. \
Shares are of those who take a stance; no stance is told apart. Strata of fewer than {{ k }} are suppressed.

{% for caption, uri in figures %}
![{{ caption }}]({{ uri }})

{% endfor %}
{% for topic, questions in topics.items() %}
### {{ topic | plain }}

{% set brief = [] %}
{% for item in questions %}
{% set found = told(item.question.id) %}
{% if found.categories %}
**{{ item.wording.text | plain }}** (`{{ item.question.id }}`, wording {{ item.wording.version }}\
{{ ", anchor" if item.question.anchor }}{{ ", paraphrased" if item.question.origin == "paraphrase" }})

| answer | share | interval | n |
|---|---|---|---|
{% for row in found.categories %}
| {{ row.category | plain }} | {{ row.share | percent }} | {{ row | ends }} | {{ row | size }} |
{% endfor %}
{% for row in found.upper %}
| *{{ row.category | plain }}, summed* | {{ row.share | percent }} | {{ row | ends }} | {{ row | size }} |
{% endfor %}
{% for row in found.none if row.share > 0 %}
| *no stance* | {{ row.share | percent }} | {{ row | ends }} | {{ row | size }} shown |
{% endfor %}

{% set m = found.measure %}
{% if m and m.consensus == m.consensus %}
Consensus {{ "%.2f" | format(m.consensus) }}, agreement {{ "%.2f" | format(m.agreement) }}, variance \
{{ "%.2f" | format(m.variance) }} of its maximum.\
{% if m.mean_lower == m.mean_lower %} Mean stance {{ "%.2f" | format(m.mean) }} (interval \
{{ "%.2f" | format(m.mean_lower) }} to {{ "%.2f" | format(m.mean_upper) }}, bootstrap, n = {{ m | size }}).\
{% endif %}
{% if m.predicted == m.predicted %} Respondents predicted {{ m.predicted | percent }} for the upper end.{% endif %}


{% endif %}
{% if found.reasons.values() | sum %}
No stance because:\
{% for reason, number in found.reasons.items() if number %} {{ reason }} {{ number if number >= k else "< %d" % k }}\
{{ "," if not loop.last else "." }}{% endfor %}


{% endif %}
{% if found.groups %}
| group | {{ found.groups[0].category | plain }} | interval | n |
|---|---|---|---|
{% for row in found.groups %}
{% if row.suppressed %}
| {{ row.group | plain }} | suppressed | – | fewer than {{ k }}, or next to such |
{% else %}
| {{ row.group | plain }} | {{ row.share | percent }} | {{ row | ends }} | {{ row | size }} |
{% endif %}
{% endfor %}

{% endif %}
{% elif item.question.type == "free_text" %}
**{{ item.wording.text | plain }}** (`{{ item.question.id }}`, free answers\
{{ ", paraphrased" if item.question.origin == "paraphrase" }})

{% set own = codes | selectattr("question", "equalto", item.question.id) | list %}
{% if own %}
Coded: *{{ own[0].proposition | plain }}*. Read: {{ own[0].read | plain }}. {{ own[0].permission | plain }}. \
n = {{ own | map(attribute="answer") | unique | list | length }} answers: no share is computed from them. {{ coders | plain }}

| answer of | coder | stance | themes |
|---|---|---|---|
{% for row in own %}
| {{ row.name | plain }} | {{ row.coder | plain }} | {{ row.stance | plain }} | {{ row.themes | plain }} |
{% endfor %}

{% else %}
Free answers are not published.

{% endif %}
{% else %}
{{ brief.append((item, found)) or "" }}
{% endif %}
{% endfor %}
{% if brief %}
| question | published | interval | n | predicted |
|---|---|---|---|---|
{% for item, found in brief %}
{% set m = found.measure %}
{% for row in found.upper %}
| {{ item.wording.text | plain }} | {{ row.share | percent }} | {{ row | ends }} | {{ row | size }} | \
{{ m.predicted | percent if m.predicted == m.predicted else "–" }} |
{% endfor %}
{% for row in found.groups %}
| ... {{ row.group | plain }} | {{ row.share | percent }} | {{ row | ends }} | {{ row | size }} | – |
{% endfor %}
{% if m and m.forecast_mean == m.forecast_mean %}
| {{ item.wording.text | plain }} | mean {{ m.forecast_mean }}, SD {{ m.forecast_sd }}, median \
{{ m.median | int }} {{ item.question.unit }} | – | {{ m | size }} | – |
{% elif m and m.median == m.median %}
| {{ item.wording.text | plain }} | {{ m.median | int }} ({{ item.question.unit }}) | – | {{ m | size }} | – |
{% elif not found.upper %}
| {{ item.wording.text | plain }} | {{ "nobody answered yet" if edition.source == "responses" else "not whole" }} \
| – | – | – |
{% endif %}
{% endfor %}

{% endif %}
{% endfor %}
## What moved

{% if not changes %}
Nothing can be said: no earlier edition that we hold asked a comparable question in comparable words.

{% else %}
Only questions whose wording compares. Another edition may have asked other people: a change of opinion and a \
change of who was asked look alike here, unless a panel answered both.

| question | edition before | before (n) | now (n) | change | test | p | p, Holm | p, FDR | |
|---|---|---|---|---|---|---|---|---|---|
{% for row in changes %}
{% set unit = row.statistic == "upper end" %}
| {{ row.text | plain }} | {{ row["first"] | plain }} | \
{{ row.first_value | percent if unit else "%.4g" | format(row.first_value) }} ({{ row | size("first_n") }}) | \
{{ row.second_value | percent if unit else "%.4g" | format(row.second_value) }} ({{ row | size("second_n") }}) | \
{{ "%+.1f points" | format(100 * row.change) if unit else "%+.3g" | format(row.change) }} | \
{{ row.test | plain }} | {{ row.p | p }} | {{ row.p_holm | p }} | {{ row.p_fdr | p }} | \
{% if row.least_n == row.least_n and row.least_n is not none and row.least_n is number %}a difference if at least \
{{ row.least_n }} answered before{% elif row.p != row.p %}{% elif row.drifted %}moved\
{% else %}no drift found{% endif %} |
{% endfor %}

{% endif %}
{% for row in kept %}
Of the last edition's questions {{ row.kept }} are kept, {{ row.added }} are new, {{ row.retired }} retired; \
topics in common (Jaccard) {{ "%.2f" | format(row.jaccard) }}; {{ row.anchors | percent }} of the questions \
are anchors.

{% endfor %}
"""
