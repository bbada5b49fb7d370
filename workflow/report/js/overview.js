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

  const NO_FILTER = { status: null, reason: null, only: null, where: null, brush: null, q: null };
  const MOST_LISTED = 500;
  const MOST_GROUPS = 12;

  function statusCards(totals) {
    const cards = Object.keys(MEANS).map((status) =>
      h(
        "a",
        {
          class: `card ${status.toLowerCase()}`,
          href: G.link({ ...NO_FILTER, view: "slides", status }),
        },
        h("span", { class: "big" }, G.number(totals[status])),
        G.badge(status),
        h("span", { class: "note" }, MEANS[status]),
      ),
    );
    return h("div", { class: "cards" }, ...cards);
  }

  /** Shares of the verdicts as a bar; decoration, the numbers stand beside it. */
  function bar(totals, count) {
    let x = 0;
    const parts = Object.keys(MEANS)
      .filter((status) => totals[status])
      .map((status) => {
        const width = (totals[status] / count) * 1000;
        const part = G.svg("rect", {
          class: status.toLowerCase(),
          x,
          width: Math.max(2, width - 2),
          height: 10,
        });
        x += width;
        return part;
      });
    return G.svg(
      "svg",
      {
        class: "share",
        viewBox: "0 0 1000 10",
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      ...parts,
    );
  }

  const sum = (name, among) => {
    let total = 0;
    for (let i = 0; i < G.count; i += 1) if (!among || among(i)) total += G.cell(name, i) || 0;
    return total;
  };

  const isIn = (i) => G.next.status[i] === "PASS" || G.next.status[i] === "REVIEW";

  function facts(totals) {
    const of = (part, whole, said) => `${said(part)} of ${said(whole)}`;
    const area = (value) => `${G.number(Number(value.toPrecision(3)))} mm²`;
    const rows = [
      [
        "Tissue of slides that are in",
        of(sum("tissue_area_mm2", isIn), sum("tissue_area_mm2"), area),
      ],
      ["Tiles that pass, of candidates", of(totals.tiles, sum("candidate_tiles"), G.number)],
      ["Size of all tiles", G.bytes(sum("tile_bytes"))],
    ];
    return h(
      "dl",
      { class: "facts" },
      ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
  }

  function rankedReasons() {
    const slides = new Map();
    G.next.codes.forEach((codes) =>
      new Set(codes).forEach((code) => slides.set(code, (slides.get(code) || 0) + 1)),
    );
    return [...slides].sort((a, b) => b[1] - a[1]);
  }

  const withoutStatus = (text) =>
    text.replace(/^(ERROR|FAIL|REVIEW)(, known after tiling)?: */, "");

  function reasons() {
    const ranked = rankedReasons();
    if (!ranked.length) return h("p", {}, "Every slide passes without a remark.");
    const most = ranked[0][1];
    const rows = ranked.map(([code, count]) => {
      const known = G.data.reasons[code] || { description: "", remedy: "" };
      return h(
        "tr",
        {},
        h(
          "td",
          { class: "count" },
          G.number(count),
          G.svg(
            "svg",
            {
              viewBox: "0 0 100 6",
              class: "meter",
              preserveAspectRatio: "none",
              "aria-hidden": "true",
            },
            G.svg("rect", { width: (count / most) * 100, height: 6 }),
          ),
        ),
        h(
          "td",
          {},
          h("a", { href: G.link({ ...NO_FILTER, view: "slides", reason: code }) }, G.words(code)),
          h("div", { class: "note" }, ...G.prose(withoutStatus(known.description))),
          known.remedy
            ? h("div", {}, h("span", { "aria-hidden": "true" }, "→ "), ...G.prose(known.remedy))
            : null,
        ),
      );
    });
    return h(
      "table",
      { class: "plain" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Slides"),
          h("th", { scope: "col" }, "Reason, and what to do"),
        ),
      ),
      h("tbody", {}, ...rows),
    );
  }

  function alarmItem(alarm) {
    const shown = alarm.slides.slice(0, MOST_LISTED);
    const more = shown.length < alarm.slides.length;
    return h(
      "li",
      { class: alarm.kind },
      h("strong", {}, alarm.title),
      h("div", {}, alarm.text),
      h("div", { class: "note" }, alarm.remedy),
      shown.length
        ? h(
            "a",
            { href: G.link({ ...NO_FILTER, view: "slides", only: shown.join(",") }) },
            `Show ${more ? "the first " : ""}${G.plural(shown.length, "slide")}`,
          )
        : null,
    );
  }

  function alarms() {
    const all = [...G.data.alarms];
    if (G.unexplained.size)
      all.push({
        kind: "note",
        title: "Not predicted",
        text: `The verdict of ${G.plural(G.unexplained.size, "slide")} rests on more.`,
        remedy: "Moving a threshold leaves it as it is.",
        slides: [...G.unexplained],
      });
    const list = (kind) => {
      const found = all.filter((alarm) => alarm.kind === kind);
      return found.length
        ? h("ul", { class: "alarms" }, ...found.map(alarmItem))
        : h("p", { class: "note" }, "None.");
    };
    return [
      h("section", {}, h("h2", {}, "Alarms"), list("alarm")),
      h("section", {}, h("h2", {}, "Good to know"), list("note")),
    ];
  }

  function nextSteps(totals) {
    const link = (text, changes) => h("a", { href: G.link({ ...NO_FILTER, ...changes }) }, text);
    const steps = [];
    const urgent = G.data.alarms.filter((alarm) => alarm.kind === "alarm").length;
    if (urgent)
      steps.push([
        `See to the ${G.plural(urgent, "alarm")} first: the whole cohort suffers from them.`,
      ]);
    if (totals.ERROR)
      steps.push([
        "Repair or leave out ",
        link(`${G.plural(totals.ERROR, "slide")} with ERROR`, { view: "slides", status: "ERROR" }),
        ": the reasons say how.",
      ]);
    if (totals.REVIEW)
      steps.push([
        "Look at ",
        link(`${G.plural(totals.REVIEW, "slide")} in REVIEW`, { view: "review" }),
        " and accept or reject them; they are used until then.",
      ]);
    if (totals.FAIL)
      steps.push([
        "Check that ",
        link(`${G.plural(totals.FAIL, "slide")} with FAIL`, {
          view: "slides",
          status: "FAIL",
          pictures: "1",
        }),
        " ",
        totals.FAIL === 1 ? "fails" : "fail",
        " rightly; if not, ",
        link("move a threshold", { view: "thresholds" }),
        " and see what changes.",
      ]);
    steps.push(
      totals.tiles
        ? [
            "Train from the tiles that pass: ",
            h("code", {}, 'grossing.Tiles("results/cohort/patch_cohort.parquet")'),
            ".",
          ]
        : ["There is no tile to train from yet."],
    );
    return h("ol", {}, ...steps.map((parts) => h("li", {}, ...parts)));
  }

  function groupRow(column, name, slides) {
    const totals = G.totals(G.next, slides);
    const counted = Object.keys(MEANS)
      .filter((status) => totals[status])
      .map((status) => `${totals[status]} ${status}`)
      .join(", ");
    const where = String(new URLSearchParams([[column, `=${name}`]]));
    const link = G.link({ ...NO_FILTER, view: "slides", where });
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: link }, h("bdi", {}, name || "(none)"))),
      h("td", {}, bar(totals, slides.length), h("span", { class: "note" }, counted)),
    );
  }

  /** Verdicts of the groups of a column, the largest first. */
  function groups() {
    const names = G.groupings().filter((name) => !G.columns.get(name).own);
    if (!names.length) return null;
    const chosen = [G.state().group, "site", names[0]].find((name) => names.includes(name));
    const members = new Map();
    for (let i = 0; i < G.count; i += 1) {
      const name = G.cell(chosen, i) || "";
      if (!members.has(name)) members.set(name, []);
      members.get(name).push(i);
    }
    const select = h(
      "select",
      { id: "group", onchange: () => G.go({ group: select.value }) },
      ...names.map((name) => h("option", { value: name }, G.words(name))),
    );
    select.value = chosen;
    const rows = [...members]
      .sort((a, b) => b[1].length - a[1].length)
      .slice(0, MOST_GROUPS)
      .map(([name, slides]) => groupRow(chosen, name, slides));
    return h(
      "section",
      {},
      h("h2", {}, h("label", { for: "group" }, "Verdicts by "), select),
      h(
        "table",
        { class: "plain groups" },
        h(
          "thead",
          { class: "hidden" },
          h("tr", {}, h("th", { scope: "col" }, "Group"), h("th", { scope: "col" }, "Verdicts")),
        ),
        h("tbody", {}, ...rows),
      ),
      members.size > MOST_GROUPS
        ? h("p", { class: "note" }, `The largest ${MOST_GROUPS} of ${G.number(members.size)}.`)
        : null,
    );
  }

  function provenance() {
    const about = G.data.about;
    const rows = [
      ["Made", about.date],
      ["Grossing", about.version],
      ["Sheet", about.cohort],
      ["Configuration", about.config_digest],
      ["Tiles at", `${about.target_mpp} µm/px`],
    ];
    return h(
      "dl",
      { class: "facts small" },
      ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
  }

  G.views.overview = (main) => {
    const totals = G.totals(G.next);
    main.append(
      h(
        "h1",
        {},
        `${G.number(totals.PASS + totals.REVIEW)} of ${G.plural(G.count, "slide")} can be used`,
      ),
      statusCards(totals),
      bar(totals, G.count),
      facts(totals),
      h(
        "div",
        { class: "two" },
        h(
          "div",
          {},
          h("section", {}, h("h2", {}, "Why slides are out, or to be looked at"), reasons()),
          groups(),
        ),
        h(
          "div",
          {},
          h("section", {}, h("h2", {}, "What to do next"), nextSteps(totals)),
          ...alarms(),
        ),
      ),
      provenance(),
    );
  };
})(GROSSING);
