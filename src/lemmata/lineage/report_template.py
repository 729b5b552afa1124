"""HTML of what the report says of a figure, shown inside the engine's page: no script, no link out.

The engine's page sets light text on dark beside a figure and dark on light on its first page, so
colours here are inherited, apart from the badges, which bring their own background.
"""

from __future__ import annotations

# Colours are Okabe and Ito's; a badge says its state in words and by a sign as well.
MACROS = """\
{% macro style() %}
<style>
.lemmata table { width: 100%; margin: 0.3em 0 0.8em; }
.lemmata th, .lemmata td { padding: 0.25em 0.8em 0.25em 0; text-align: left; vertical-align: top;
  font-weight: normal; color: inherit; }
.lemmata h4 { margin: 1.1em 0 0.3em; color: inherit; font-weight: 600; }
.lemmata p { margin: 0.2em 0 0.5em; }
.lemmata code { font-weight: normal; color: inherit; overflow-wrap: anywhere; }
.lemmata code::before, .lemmata code::after { content: none; }
.lemmata a { color: inherit; }
.lemmata .small { font-size: 85%; opacity: 0.85; }
.lemmata .badge { display: inline-block; white-space: nowrap; padding: 0 0.5em; font-weight: 600;
  color: #000; background: #f2f2f2; border-left: 0.45em solid #000; line-height: 1.5; }
.lemmata .supported, .lemmata .intact { border-color: #0072B2; }
.lemmata .refuted, .lemmata .forged, .lemmata .changed, .lemmata .missing { border-color: #D55E00; }
.lemmata .inconclusive, .lemmata .stale { border-color: #E69F00; }
.lemmata .not-tested, .lemmata .not-judged { border-left-style: dotted; }
.lemmata .statistic { margin: 0 0 0.5em; }
.lemmata summary { cursor: pointer; margin: 0.2em 0; }
.lemmata .job { margin: 0.4em 0 0.6em 1em; font-size: 85%; line-height: 1.45; }
.lemmata .job div { margin-left: 1em; text-indent: -1em; }
.lemmata .overview td, .lemmata .overview th { white-space: nowrap; }
/* The engine centres what may be higher than the window, and lets a figure squeeze its caption. */
.prose:has(.lemmata) { max-width: 75em; }
nav:has(.lemmata) { flex-shrink: 0; width: 32rem; max-width: 50vw; }
.h-screen:has(> div .overview) { align-items: flex-start; justify-content: flex-start; }
.h-screen:has(.overview) .flex:has(> div > .prose) { flex-direction: column; }
</style>
{% endmacro %}
{% macro badge(state) %}
<span class="badge {{ state | replace(" ", "-") }}">
{{- signs.get(state, "✓" if state == "intact" else "!") }} {{ state }}</span>
{%- endmacro %}
{% macro problems(found, shown) %}
{% for problem in found[:shown] %}
<p class="problem">! {{ problem }}</p>
{% endfor %}
{% if found | length > shown %}
<p class="problem">! and {{ found | length - shown }} more</p>
{% endif %}
{% endmacro %}
"""

ABOUT = """\
{% from "macros" import style, badge, problems with context %}
<div class="lemmata">
{{ style() }}
{% for claim in claims %}
<section class="claim">
<h4>Claim <code>{{ claim.id }}</code> {{ badge(claim.verdict) }}</h4>
<p>{{ claim.statement }}</p>
{{ problems(claim.problems, shown) }}
{% if claim.verdict != "supported" %}
<p class="small">{{ claim.reason }}</p>
{% endif %}
{% for part in claim.parts %}
<div class="statistic"><code>{{ part.statistic }}</code>
{% if claim.parts | length > 1 %}{{ badge(part.verdict) }}{% endif %}<br>
{% if part.n is not none %}{{ value(part) }}, n {{ part.n }}; {% endif %}
asked {{ part.criterion }}</div>
{% endfor %}
<p class="small"><code>{{ claim.path }}</code></p>
</section>
{% else %}
{% if is_figure %}
<section class="claim"><h4>Claim</h4><p>No claim is judged by this figure.</p></section>
{% endif %}
{% endfor %}
<section class="digest">
<h4>This file</h4>
{% if about.record %}
{% set record = about.record %}
<table>
<tr><th>sha256</th><td><code class="sha256">{{ about.node.sha256 }}</code></td></tr>
<tr><th>job</th><td><code class="fingerprint">{{ record.fingerprint }}</code></td></tr>
<tr><th>record</th><td><code>{{ about.node.entry.path.name }}</code>, in the file's folder</td></tr>
<tr><th>made</th><td>{{ record.ended[:19] | replace("T", " ") }} UTC, {{ git }}</td></tr>
{% for output in outputs if output.path != about.path %}
<tr><th>{{ "with it" if loop.first else "" }}</th>
<td><code>{{ output.path.rpartition("/")[2] }}</code>
<code class="small">{{ output.sha256[:12] }}</code></td></tr>
{% endfor %}
</table>
{% endif %}
<p class="small"><code>lemmata audit {{ about.path }}</code></p>
</section>
<section class="lineage">
<h4>Lineage {{ badge(about.status) }}</h4>
{{ problems(about.problems, shown) }}
{% if about.status == "intact" %}
<p class="small">{{ about.files }} files, each with the bytes that its record says, checked when
this report was made. Paths are below <code>{{ results }}</code>.</p>
{% endif %}
{% for stage in stages %}
<details>
<summary>{{ stage.rule }}
<span class="small">{{ stage.jobs | length }} {{ "job" if stage.jobs | length == 1 else "jobs" }},
<code>{{ stage.script }}</code></span></summary>
<p class="small">code {% for code in stage.codes %}<code>{{ code[:12] }}</code> {% endfor %};
{{ stage.commits | join(", ") }}</p>
{% for job in stage.jobs %}
<div class="job"><code>{{ job.fingerprint[:12] }}</code>
{% for name, text in job.wildcards.items() %}
{{ name }} <strong>{{ text }}</strong>{{ "" if loop.last else "," }}
{% endfor %}
{% for item in job.inputs %}
<div>read <code>{{ item.sha256[:12] }} {{ below(item.path) }}</code></div>
{% else %}
<div>read {{ job.cfg.get("source", "nothing") }}</div>
{% endfor %}
{% for item in job.outputs %}
<div>wrote <code>{{ item.sha256[:12] }} {{ below(item.path) }}</code></div>
{% endfor %}
</div>
{% endfor %}
</details>
{% endfor %}
</section>
</div>
"""

# The engine's page keeps its parts in the global names `app` and `results`; its links use them too.
OVERVIEW = """\
{% from "macros" import style, badge, problems with context %}
<div class="lemmata">
{{ style() }}
<p><strong>{{ summary }}</strong></p>
<table class="overview">
<thead><tr><th>figure</th><th>claim</th><th>verdict</th><th>sha256</th><th>lineage</th></tr></thead>
{% for about, name, claims in rows %}
{% set path = about.path | tojson | forceescape %}
<tr>
<td><a href="javascript:void app.setView({navbarMode: 'resultinfo', content: 'img',
 resultPath: {{ path }}, contentPath: results[{{ path }}].data_uri})">
{{- name }}</a></td>
<td>{% for claim in claims %}<div><code>{{ claim.id }}</code></div>{% else %}–{% endfor %}</td>
<td>{% for claim in claims %}<div>{{ badge(judged[claim.id].verdict) }}</div>{% else %}–
{%- endfor %}</td>
<td><code>{{ about.node.sha256[:12] if about.node else "–" }}</code></td>
<td>{{ badge(about.status) }}</td>
</tr>
{% endfor %}
{% for claim in undrawn %}
<tr><td>no figure</td><td><code>{{ claim.id }}</code></td>
<td>{{ badge(judged[claim.id].verdict) }}</td><td>–</td><td>–</td></tr>
{% endfor %}
</table>
</div>
"""
