"""Template of the form (a module, so that code digests see edits)."""

from __future__ import annotations

FORM = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{{ edition.title }}</title>
<style>
body { font: 17px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 44em; padding: 0 1em;
  color: #000; background: #fff; }
fieldset { border: 1px solid #888; margin: 1.4em 0; padding: 0.6em 1.2em 1em; }
legend { font-weight: bold; padding: 0 0.4em; }
label { display: block; padding: 0.15em 0; }
.row { margin-top: 0.6em; }
textarea { width: 100%; min-height: 6em; font: inherit; }
.consent { background: #f2f2f2; padding: 0.6em 1.2em; border-left: 0.45em solid #0072B2; }
.privacy { color: #444; font-size: 90%; }
button { font: inherit; padding: 0.5em 1.4em; }
#trouble { color: #A33B00; font-weight: bold; }
#receipt { background: #f2f2f2; padding: 0.6em 1.2em; overflow-wrap: anywhere; }
[hidden] { display: none; }
:focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
</style>
</head>
<body>
<h1>{{ edition.title }}</h1>
<p class="privacy">This page works offline. Your answers stay in this window until you export them, as a file
that you can read before you send it. Every question may be left out.</p>
<form id="form" autocomplete="off">
<div class="consent">
<p>{{ edition.consent }}</p>
<label><input type="checkbox" id="consent"> I have read this and agree to take part.</label>
</div>
{% if edition.strata %}
<fieldset id="strata">
<legend>About you</legend>
{% for name, values in edition.strata.items() %}
<label class="row">{{ name | replace("_", " ") }}
<select data-stratum="{{ name }}">
<option value="">choose</option>
{% for value in values %}
<option value="{{ value }}">{{ value }}</option>
{% endfor %}
</select></label>
{% endfor %}
</fieldset>
{% endif %}
{% for item in asked %}
{% set q = item.question %}
<fieldset class="question" data-question="{{ q.id }}" data-wording="{{ item.wording.sha256[:short] }}"
  data-anchor="{{ "yes" if q.anchor else "no" }}">
<legend>{{ item.wording.text }}</legend>
{% if item.labels %}
{% for label in item.labels %}
<label><input type="radio" name="{{ q.id }}" value="{{ loop.index }}"> {{ label }}</label>
{% endfor %}
<div class="row">No stance:
{% for reason in reasons %}
<label><input type="radio" name="{{ q.id }}" value="{{ reason }}"> {{ reason }}</label>
{% endfor %}
</div>
{% if q.predicted %}
<label class="row">What percentage of the respondents do you think takes the upper end of the scale?
<input type="number" min="0" max="100" step="{{ step }}" data-predicted aria-label="percentage"> percent,
in steps of {{ step }}</label>
{% endif %}
{% else %}
<textarea aria-label="{{ item.wording.text }}"></textarea>
<p class="privacy">Free answers may show who you are. They are read by the coders alone, and published only with
your written permission.</p>
{% endif %}
</fieldset>
{% endfor %}
<label class="row"><input type="checkbox" id="panel"> I agree that my answers of several editions are linked by
this code of my own choice:
<input type="text" id="panel_code" minlength="8" aria-label="code of your own choice, eight letters or more"></label>
<p><button type="submit">Export my answers</button></p>
<p id="trouble" role="alert"></p>
</form>
<div id="receipt" role="status" hidden>
<p>Your answers are in the file <strong id="file"></strong>. Send it to those who invited you.</p>
<p>Your receipt is <code id="respondent"></code>. Keep it: whoever names it to them withdraws these answers.</p>
</div>
<script>
"use strict";
const settings = {{ settings | safe }};
const trouble = document.getElementById("trouble");
const random = () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;
const respondent = Array.from(crypto.getRandomValues(new Uint8Array(16)),
  (b) => b.toString(16).padStart(2, "0")).join("");

// Which questions somebody sees is drawn by chance; the anchors always.
const questions = [...document.querySelectorAll(".question")];
if (settings.shown !== null) {
  const others = questions.filter((q) => q.dataset.anchor === "no");
  let room = Math.max(0, settings.shown - (questions.length - others.length));
  others.map((q) => [random(), q]).sort((a, b) => a[0] - b[0]).forEach(([, q], i) => { q.hidden = i >= room; });
}

function answer(q) {
  const found = { question: q.dataset.question, wording: q.dataset.wording, shown: !q.hidden };
  if (q.hidden) return found;
  const text = q.querySelector("textarea");
  if (text) {
    if (text.value.trim()) found.free_text = text.value.trim();
    return found;
  }
  const chosen = q.querySelector("input[type=radio]:checked");
  const stance = chosen && /^[0-9]+$/.test(chosen.value);
  found.stance = stance ? Number(chosen.value) : null;
  found.no_stance = chosen && !stance ? chosen.value : null;
  const predicted = q.querySelector("[data-predicted]");
  if (predicted && predicted.value !== "") found.predicted_share = Number(predicted.value) / 100;
  return found;
}

function problem() {
  if (!document.getElementById("consent").checked) return "Please agree to take part first, or close this page.";
  const open = [...document.querySelectorAll("[data-stratum]")].find((s) => s.value === "");
  if (open) return "Please choose: " + open.dataset.stratum.replaceAll("_", " ") + ".";
  const panel = document.getElementById("panel").checked;
  if (panel && document.getElementById("panel_code").value.trim().length < 8)
    return "The code needs eight letters or more.";
  return null;
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  trouble.textContent = problem() ?? "";
  if (trouble.textContent) return;
  const strata = {};
  document.querySelectorAll("[data-stratum]").forEach((s) => { strata[s.dataset.stratum] = s.value; });
  const panel = document.getElementById("panel").checked;
  const response = {
    format: settings.format,
    edition: settings.edition,
    respondent,
    panel: panel ? document.getElementById("panel_code").value.trim() : null,
    consent: settings.consent,
    strata,
    bucket: new Date().toISOString().slice(0, 7),
    answers: questions.map(answer),
  };
  const name = settings.edition + "-" + respondent.slice(0, 8) + ".json";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(response, null, 1)], { type: "application/json" }));
  link.download = name;
  link.click();
  document.getElementById("file").textContent = name;
  document.getElementById("respondent").textContent = respondent;
  document.getElementById("receipt").hidden = false;
});
</script>
</body>
</html>
"""
