"""The page of the claims table (a module, not a file beside it, so that code digests see edits)."""

from __future__ import annotations

# Colours are Okabe and Ito's; the badge says its verdict in words and by a sign as well.
CLAIMS_TABLE = """\
{% macro badge(verdict) -%}
<span class="badge {{ verdict | replace(" ", "-") }}">{{ signs[verdict] }} {{ verdict }}</span>
{%- endmacro -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Claims at scale {{ scale }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 100em; padding: 0 1em;
  color: #000; background: #fff; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: 0.5em 0; }
th, td { border-bottom: 1px solid #bbb; padding: 0.45em 0.7em; text-align: left;
  vertical-align: top; font-weight: normal; }
thead th { font-weight: bold; border-bottom: 2px solid #000; }
tr.first > * { border-top: 2px solid #888; }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.statement { min-width: 20em; max-width: 34em; }
.why, .path, .basis { color: #444; font-size: 85%; }
.path { overflow-wrap: anywhere; margin-right: 0.7em; }
tr.files a { display: inline-block; min-width: 4.8em; }
.badge { display: inline-block; white-space: nowrap; padding: 0.1em 0.55em; background: #f2f2f2;
  border-left: 0.45em solid #000; font-weight: bold; }
.supported { border-color: #0072B2; }
.refuted { border-color: #D55E00; }
.inconclusive { border-color: #E69F00; }
.not-tested { border-color: #000; border-left-style: dotted; }
</style>
</head>
<body>
<h1>Claims</h1>
<p>Scale <strong>{{ scale }}</strong>.
<strong>{{ summary }}</strong></p>
<p>A claim is supported when the whole interval of each of its statistics meets the criterion,
refuted when the whole interval of one fails it, and inconclusive otherwise. Beside each file stands
the record of the job that wrote it; <code>lemmata audit FILE</code> follows the records down to the
raw data and checks every byte.</p>
<div class="wide">
<table>
<caption>Each claim with its statistics; intervals in square brackets.</caption>
<thead>
<tr>
<th scope="col">Verdict</th><th scope="col">Claim</th><th scope="col">Statistic</th>
<th scope="col">Value</th><th scope="col">n</th><th scope="col">Criterion</th>
<th scope="col">Holds</th>
</tr>
</thead>
{%- for claim in claims %}
<tbody id="{{ claim.id }}">
{%- for part in claim.parts %}
<tr{% if loop.first %} class="first"{% endif %}>
{%- if loop.first %}
<td rowspan="{{ claim.parts | length }}">{{ badge(claim.verdict) }}</td>
<th scope="rowgroup" class="statement" rowspan="{{ claim.parts | length }}">
<code>{{ claim.id }}</code><br>{{ claim.statement }}
{%- if claim.verdict != "supported" %}
<div class="why">{{ claim.reason }}</div>
{%- endif %}
<div class="basis">{{ claim.paper.title }},
<a href="https://arxiv.org/abs/{{ claim.paper.arxiv }}">arXiv:{{ claim.paper.arxiv }}</a>.
Criterion ({{ claim.basis }}): {{ claim.source }}</div></th>
{%- endif %}
<td><code>{{ part.statistic }}</code><div class="why">{{ part.why }}</div></td>
<td class="number">{{ value(part) }}</td>
<td class="number">{{ "–" if part.n is none else part.n }}</td>
<td class="number">{{ part.criterion }}</td>
<td>{{ badge(part.verdict) }}</td>
</tr>
{%- endfor %}
<tr class="files"><td colspan="7">
{%- for name, path in links(claim) %}
<div><a href="../{{ path }}">{{ name }}</a>
<span class="path">results/{{ scale }}/{{ path }}</span>
{%- if path in records %}
<a href="../{{ records[path] }}">record</a>
<span class="path">{{ records[path].rpartition("/")[2] }}</span>
{%- endif %}</div>
{%- endfor %}</td></tr>
</tbody>
{%- endfor %}
</table>
</div>
</body>
</html>
"""
