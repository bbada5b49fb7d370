"use strict";
// First screen: what is in, what is out and why, what to look at, what to do next.
(function (G) {
  const { h } = G;
  const MEANS = {
    PASS: "used",
    REVIEW: "used; worth a look",
    FAIL: "not good enough",
    ERROR: "could not be used",
  };

  function statusCards(totals) {
    const cards = Object.keys(MEANS).map((status) =>
      h("a", { class: `card ${status.toLowerCase()}`, href: G.link({ view: "slides", status, reason: null }) },
        h("span", { class: "big" }, G.number(totals[status])), G.badge(status), h("span", { class: "note" }, MEANS[status])));
    return h("div", { class: "cards" }, ...cards);
  }

  function bar(totals) {
    const parts = Object.keys(MEANS).filter((status) => totals[status]).map((status) =>
      G.svg("rect", { class: status.toLowerCase(), height: 10, "data-share": totals[status] }));
    let x = 0;
    for (const part of parts) {
      const width = (Number(part.getAttribute("data-share")) / G.count) * 1000;
      part.setAttribute("x", x);
      part.setAttribute("width", Math.max(0, width - 2));
      x += width;
    }
    return G.svg("svg", { class: "share", viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
  }

  const sum = (name) => {
    let total = 0;
    for (let i = 0; i < G.count; i += 1) total += G.cell(name, i) || 0;
    return total;
  };

  function facts(totals) {
    const rows = [
      ["Tissue", `${G.number(sum("tissue_area_mm2"))} mm²`],
      ["Candidate tiles", G.number(sum("candidate_tiles"))],
      ["Passing tiles of slides that are in", G.number(totals.tiles)],
      ["Size of the tiles", G.bytes(sum("tile_bytes"))],
    ];
    return h("dl", { class: "facts" }, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }

  function rankedReasons() {
    const slides = new Map();
    G.next.codes.forEach((codes) => new Set(codes).forEach((code) => slides.set(code, (slides.get(code) || 0) + 1)));
    return [...slides].sort((a, b) => b[1] - a[1]);
  }

  const firstSentence = (text) => text.replace(/^(ERROR|FAIL|REVIEW)(, known after tiling)?: */, "");

  function reasons() {
    const ranked = rankedReasons();
    if (!ranked.length) return h("p", {}, "Every slide passes without a remark.");
    const most = ranked[0][1];
    const rows = ranked.map(([code, count]) => {
      const known = G.data.reasons[code] || { description: "", remedy: "" };
      return h("tr", {},
        h("td", { class: "count" }, G.number(count), G.svg("svg", { viewBox: "0 0 100 6", class: "meter", preserveAspectRatio: "none", "aria-hidden": "true" },
          G.svg("rect", { width: (count / most) * 100, height: 6 }))),
        h("td", {}, h("a", { href: G.link({ view: "slides", reason: code, status: null }) }, G.words(code)), h("div", { class: "note" }, firstSentence(known.description))),
        h("td", {}, known.remedy));
    });
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Reasons" }, h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, h("th", {}, "Slides"), h("th", {}, "Reason"), h("th", {}, "What to do"))), h("tbody", {}, ...rows)));
  }

  function alarms() {
    const found = G.data.alarms.map((alarm) =>
      h("li", {}, h("strong", {}, alarm.title), `: ${alarm.text} `,
        alarm.slides.length ? h("a", { href: G.link({ view: "slides", only: alarm.slides.slice(0, 500).join(","), status: null, reason: null }) }, `Show ${G.plural(Math.min(500, alarm.slides.length), "slide")}`) : null));
    if (G.unexplained.size) {
      found.push(h("li", {}, h("strong", {}, "Not predicted"), `: the verdict of ${G.plural(G.unexplained.size, "slide")} rests on more than thresholds; the explorer leaves it as it is. `,
        h("a", { href: G.link({ view: "slides", only: [...G.unexplained].slice(0, 500).join(",") }) }, "Show them")));
    }
    return found.length ? h("ul", { class: "alarms" }, ...found) : h("p", {}, "None.");
  }

  function nextSteps(totals) {
    const steps = [];
    const link = (text, changes) => h("a", { href: G.link(changes) }, text);
    if (totals.ERROR) steps.push(["Repair or leave out ", link(G.plural(totals.ERROR, "slide") + " with ERROR", { view: "slides", status: "ERROR", reason: null }), ": the table says what to do for each."]);
    if (totals.REVIEW) steps.push(["Look at ", link(G.plural(totals.REVIEW, "slide") + " in REVIEW", { view: "review" }), " and accept or reject them."]);
    if (totals.FAIL) steps.push(["Check that ", link(G.plural(totals.FAIL, "slide") + " with FAIL", { view: "slides", status: "FAIL", reason: null }), " fail rightly; else ", link("move a threshold", { view: "thresholds" }), " and see what changes."]);
    steps.push(["Train from the passing tiles: ", h("code", {}, "grossing.Tiles(\"results/cohort/patch_cohort.parquet\")"), "."]);
    return h("ol", {}, ...steps.map((parts) => h("li", {}, ...parts)));
  }

  G.views.overview = (main) => {
    const totals = G.totals(G.next);
    main.append(
      h("h1", {}, `${G.plural(totals.PASS + totals.REVIEW, "slide")} of ${G.number(G.count)} can be used`),
      statusCards(totals), bar(totals), facts(totals),
      h("div", { class: "two" },
        h("section", {}, h("h2", {}, "Why slides are out, or to be looked at"), reasons()),
        h("div", {}, h("section", {}, h("h2", {}, "What to do next"), nextSteps(totals)), h("section", {}, h("h2", {}, "Alarms"), alarms()))));
  };
})(GROSSING);
