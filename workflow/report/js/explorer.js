"use strict";
// The threshold explorer: distributions, and lines to move.
(function (G) {
  const { h } = G;
  const BINS = 40;
  const SHOWN = 6;
  const GROUPS = 6;
  const MARGIN = "slide.near_margin";

  G.grouped = (among, group) => {
    if (!group) return [{ name: "", rows: among }];
    const groups = new Map();
    among.forEach((i) => {
      const name = G.cell(group, i) || "(none)";
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(i);
    });
    const ranked = [...groups]
      .sort((a, b) => b[1].length - a[1].length)
      .map(([name, rows]) => ({ name, rows }));
    if (ranked.length <= GROUPS) return ranked;
    const others = ranked.slice(GROUPS - 1).flatMap((each) => each.rows);
    return [...ranked.slice(0, GROUPS - 1), { name: "others", rows: others }];
  };

  function tileData(rule, groups) {
    const edges = [...rule.positions];
    const filled = groups.map(({ name, rows }) => ({ name, bins: G.tileBins(rule, rows) }));
    const span = edges[edges.length - 1] - edges[0] || 1;
    const ends = [edges[0] - span * 0.03, edges[edges.length - 1] + span * 0.03];
    return { edges: [ends[0], ...edges, ends[1]], groups: filled };
  }

  function slideData(rule, groups, limits) {
    const values = groups.map(({ rows }) =>
      rows
        .map((i) => G.judgedValue(rule, i, limits))
        .filter((value) => value !== null && value !== undefined),
    );
    return G.binned(groups, values, [rule.limit, limits[rule.key]], rule.range);
  }

  /** Bins of the values of groups; `also` are numbers that lie within, `range` is what is possible. */
  G.binned = (groups, values, also, range) => {
    let low = Math.min(...also);
    let high = Math.max(...also);
    values.forEach((list) =>
      list.forEach((value) => {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }),
    );
    if (range[0] !== null) low = Math.max(range[0], Math.min(low, 0));
    high += (high - low || 1) * 0.04;
    if (range[1] !== null) high = Math.min(range[1], high);
    const edges = Array.from({ length: BINS + 1 }, (_, b) => low + ((high - low) * b) / BINS);
    const bins = values.map((list) => {
      const counts = new Array(BINS).fill(0);
      list.forEach((value) => {
        counts[Math.min(BINS - 1, Math.floor(((value - low) / (high - low || 1)) * BINS))] += 1;
      });
      return counts;
    });
    return { edges, groups: groups.map(({ name }, g) => ({ name, bins: bins[g] })) };
  };

  function counts(rule, limits) {
    if (rule.stage === "tile") {
      const place = rule.positions.indexOf(limits[rule.key]);
      const among = Array.from({ length: G.count }, (_, i) => i);
      const bins = G.tileBins(rule, among);
      const total = bins.reduce((a, b) => a + b, 0);
      const out = bins.reduce(
        (a, b, bin) => a + ((rule.direction === "max" ? bin > place : bin <= place) ? b : 0),
        0,
      );
      return `This threshold alone: ${G.number(total - out)} tiles in, ${G.number(out)} out.`;
    }
    let [out, total, concerned] = [0, 0, 0];
    for (let i = 0; i < G.count; i += 1) {
      if (G.concerns && !G.concerns(rule, i)) continue;
      concerned += 1;
      const value = G.judgedValue(rule, i, limits);
      if (value === null || value === undefined) continue;
      total += 1;
      if (G.isBeyond(rule, value, limits[rule.key])) out += 1;
    }
    return `This threshold alone: ${G.counted(total - out)} in, ${G.number(out)} out, ${G.number(concerned - total)} without this number.`;
  }

  function panel(rule, group, changed) {
    const limits = G.nextLimits;
    const groups = G.grouped(
      G.selected([], rule.column).filter((i) => !G.concerns || G.concerns(rule, i)),
      group,
    );
    const data = rule.stage === "tile" ? tileData(rule, groups) : slideData(rule, groups, limits);
    const said = h("p", { class: "note", "aria-live": "polite" }, counts(rule, limits));
    const near = h("div", { class: "borderline" });
    const set = (value) => {
      G.setLimits({ ...G.nextLimits, [rule.key]: value }, true);
      changed();
    };
    const plot = G.histogram(
      rule,
      data,
      limits[rule.key],
      set,
      rule.stage === "tile"
        ? null
        : (low, high) => G.go({ brush: `${rule.column}:${low}:${high}` }),
    );
    const input = h("input", {
      type: "number",
      step: rule.integer ? 1 : "any",
      min: rule.range[0],
      max: rule.range[1],
      id: `limit-${rule.id}`,
      onchange: () => {
        const typed = Number(input.value);
        if (input.value === "" || !input.checkValidity()) return input.reportValidity();
        return set(rule.positions ? G.nearestPosition(rule, typed) : typed);
      },
    });
    const details = h(
      "details",
      { ontoggle: () => refresh() },
      h("summary", {}, `${G.many[0].toUpperCase()}${G.many.slice(1)} close to this threshold`),
      near,
    );
    const refresh = () => {
      const value = G.nextLimits[rule.key];
      plot.set(value);
      if (document.activeElement !== input || Number(input.value) !== value) input.value = value;
      said.textContent = counts(rule, G.nextLimits);
      if (details.open) near.replaceChildren(...G.closeTo(rule, G.nextLimits));
    };
    refresh();
    const legend = group
      ? h(
          "ul",
          { class: "legend" },
          ...groups.map(({ name }, g) => h("li", { class: `g${g % GROUPS}` }, name)),
        )
      : null;
    return {
      refresh,
      element: h(
        "section",
        { class: "panel", "data-rule": rule.key },
        h(
          "h3",
          {},
          G.words(rule.column),
          " ",
          h("small", {}, `${rule.direction === "max" ? "at most" : "at least"}`),
        ),
        h(
          "label",
          { for: `limit-${rule.id}`, class: "limit" },
          h("code", {}, rule.key),
          " ",
          input,
          ` ${G.unit(rule.unit)}`,
          h(
            "button",
            { type: "button", class: "quiet", onclick: () => set(rule.limit) },
            `back to ${G.number(rule.limit)}`,
          ),
        ),
        h(
          "p",
          { class: "note" },
          `${rule.meaning}. ${rule.positions ? "Moves in steps, exact at each." : ""}`,
        ),
        plot,
        legend,
        said,
        details,
      ),
    };
  }

  G.views.thresholds = (main) => {
    const { group } = G.state();
    const side = h("div", { "aria-live": "polite" });
    const panels = [];
    const filtered = h("div", {});
    let planned = false;
    const changed = () => {
      if (planned) return;
      planned = true;
      requestAnimationFrame(() => {
        planned = false;
        panels.forEach((each) => each.refresh());
        side.replaceChildren(...G.prediction().filter(Boolean));
        G.showMoved();
      });
    };
    for (const rule of G.rules) panels.push(panel(rule, group, changed));
    const isMeasured = (rule) =>
      rule.stage === "tile" ||
      Array.from({ length: G.count }).some(
        (_, i) => typeof G.judgedValue(rule, i, G.nextLimits) === "number",
      );
    const sections = G.thresholdSections().flatMap(({ title, note, holds }) => {
      const held = G.rules.flatMap((rule, r) =>
        holds(rule) && isMeasured(rule) ? [panels[r].element] : [],
      );
      return held.length
        ? [h("h2", {}, title), note ? h("p", { class: "note" }, note) : null, ...held]
        : [];
    });
    const hasMargin = G.nextLimits[MARGIN] !== undefined;
    const margin = h("input", {
      type: "number",
      id: "margin",
      min: 0,
      max: 1,
      step: "any",
      value: G.nextLimits[MARGIN],
      onchange: () => {
        if (margin.checkValidity()) {
          G.setLimits({ ...G.nextLimits, [MARGIN]: Number(margin.value) }, true);
          changed();
        }
      },
    });
    const chosen = h(
      "select",
      { id: "group", onchange: (event) => G.go({ group: event.target.value }) },
      h("option", { value: "" }, `all ${G.many} together`),
      ...G.groupings().map((name) =>
        h("option", { value: name, selected: name === group }, `by ${G.words(name)}`),
      ),
    );
    chosen.value = group || "";
    if (G.isFiltered()) {
      filtered.append(
        h("h2", {}, `Filtered ${G.many}`),
        G.filterChips(),
        h(
          "p",
          { class: "note" },
          `The plots show ${G.number(G.selected().length)} of ${G.counted(G.count)}; numbers and prediction are of all. `,
          h("a", { href: G.link({ view: G.many }) }, "See them in the table"),
        ),
        h(
          "div",
          { class: "gallery" },
          ...G.selected()
            .slice(0, SHOWN)
            .map((i) => G.thumbnail(i)),
        ),
      );
    }
    side.replaceChildren(...G.prediction().filter(Boolean));
    main.append(
      h("h1", {}, "Thresholds"),
      h(
        "div",
        { class: "explorer" },
        h(
          "div",
          {},
          h(
            "p",
            { class: "controls" },
            h("label", { for: "group" }, "Show "),
            chosen,
            ...(hasMargin
              ? [h("label", { for: "margin" }, " REVIEW within this share of a limit "), margin]
              : []),
          ),
          h("p", { class: "note" }, "Heights are square roots, so that small bars stay visible."),
          ...(sections.length ? sections : [h("p", {}, `No ${G.one} was measured.`)]),
        ),
        h("aside", { class: "prediction", "aria-label": "Prediction" }, side, filtered),
      ),
    );
  };
})(GROSSING);
