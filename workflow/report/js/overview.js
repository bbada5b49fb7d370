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
          href: G.link({ ...NO_FILTER, view: G.many, status }),
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

  function facts(totals) {
    const rows = G.overviewFacts(totals);
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

  const withoutStatus = (text) => text.replace(/^(ERROR|FAIL|REVIEW)(, known after \w+)?: */, "");

  function reasons() {
    const ranked = rankedReasons();
    if (!ranked.length) return h("p", {}, `Every ${G.one} passes without a remark.`);
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
          h("a", { href: G.link({ ...NO_FILTER, view: G.many, reason: code }) }, G.words(code)),
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
          h("th", { scope: "col" }, G.many[0].toUpperCase() + G.many.slice(1)),
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
            { href: G.link({ ...NO_FILTER, view: G.many, only: shown.join(",") }) },
            `Show ${more ? "the first " : ""}${G.counted(shown.length)}`,
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
        text: `The verdict of ${G.counted(G.unexplained.size)} rests on more.`,
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
        link(`${G.counted(totals.ERROR)} with ERROR`, { view: G.many, status: "ERROR" }),
        ": the reasons say how.",
      ]);
    if (totals.REVIEW)
      steps.push([
        "Look at ",
        link(
          `${G.counted(totals.REVIEW)} in REVIEW`,
          G.views.review ? { view: "review" } : { view: G.many, status: "REVIEW", pictures: "1" },
        ),
        G.views.review
          ? " and accept or reject them; they are used until then."
          : "; they are used. Leave out those that are wrong.",
      ]);
    if (totals.FAIL)
      steps.push([
        "Check that ",
        link(`${G.counted(totals.FAIL)} with FAIL`, {
          view: G.many,
          status: "FAIL",
          pictures: "1",
        }),
        " ",
        totals.FAIL === 1 ? "fails" : "fail",
        " rightly; if not, ",
        link("move a threshold", { view: "thresholds" }),
        " and see what changes.",
      ]);
    steps.push(G.trainingStep(totals));
    return h("ol", {}, ...steps.map((parts) => h("li", {}, ...parts)));
  }

  function groupRow(column, name, slides) {
    const totals = G.totals(G.next, slides);
    const counted = Object.keys(MEANS)
      .filter((status) => totals[status])
      .map((status) => `${totals[status]} ${status}`)
      .join(", ");
    const where = String(new URLSearchParams([[column, `=${name}`]]));
    const link = G.link({ ...NO_FILTER, view: G.many, where });
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
    const chosen = [G.state().group, G.firstGroup, names[0]].find((name) => names.includes(name));
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
      ...G.aboutRows(),
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
      h("h1", {}, `${G.number(totals.PASS + totals.REVIEW)} of ${G.counted(G.count)} can be used`),
      statusCards(totals),
      bar(totals, G.count),
      facts(totals),
      G.overviewTable ? G.overviewTable() : "",
      h(
        "div",
        { class: "two" },
        h(
          "div",
          {},
          h("section", {}, h("h2", {}, `Why ${G.many} are out, or to be looked at`), reasons()),
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
