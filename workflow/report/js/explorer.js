"use strict";
// The threshold explorer: distributions, lines to move, and what the rerun would say.
(function (G) {
  const { h } = G;
  const BINS = 40;
  const BORDERLINE = 6;
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
    const ranked = [...groups].sort((a, b) => b[1].length - a[1].length).map(([name, rows]) => ({ name, rows }));
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
    const values = groups.map(({ rows }) => rows.map((i) => G.judgedValue(rule, i, limits)).filter((value) => value !== null && value !== undefined));
    return G.binned(groups, values, [rule.limit, limits[rule.key]], rule.range);
  }

  /** Bins of the values of groups; `also` are numbers that lie within, `range` is what is possible. */
  G.binned = (groups, values, also, range) => {
    let low = Math.min(...also);
    let high = Math.max(...also);
    values.forEach((list) => list.forEach((value) => {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }));
    if (range[0] !== null) low = Math.max(range[0], Math.min(low, 0));
    high += (high - low || 1) * 0.04;
    if (range[1] !== null) high = Math.min(range[1], high);
    const edges = Array.from({ length: BINS + 1 }, (_, b) => low + ((high - low) * b) / BINS);
    const bins = values.map((list) => {
      const counts = new Array(BINS).fill(0);
      list.forEach((value) => { counts[Math.min(BINS - 1, Math.floor(((value - low) / (high - low || 1)) * BINS))] += 1; });
      return counts;
    });
    return { edges, groups: groups.map(({ name }, g) => ({ name, bins: bins[g] })) };
  };

  /** The slides closest to a threshold, on both sides of it. */
  function borderline(rule, limits) {
    const near = [];
    for (let i = 0; i < G.count; i += 1) {
      const value = G.judgedValue(rule, i, limits);
      if (value !== null && value !== undefined) near.push([i, value]);
    }
    const out = near.filter(([, value]) => G.isBeyond(rule, value, limits[rule.key]));
    const inside = near.filter(([, value]) => !G.isBeyond(rule, value, limits[rule.key]));
    const closest = (list) => list.sort((a, b) => Math.abs(a[1] - limits[rule.key]) - Math.abs(b[1] - limits[rule.key])).slice(0, BORDERLINE);
    return { out: closest(out), inside: closest(inside) };
  }

  /** The slides with the most tiles within two steps of a tile threshold, on both sides of it. */
  function tilesClose(rule, limits) {
    const place = rule.positions.indexOf(limits[rule.key]);
    const below = [];
    const above = [];
    for (let i = 0; i < G.count; i += 1) {
      const bins = G.tileBins(rule, [i]);
      const tiles = (...places) => places.reduce((sum, at) => sum + (bins[at] || 0), 0);
      below.push([i, tiles(place - 1, place)]);
      above.push([i, tiles(place + 1, place + 2)]);
    }
    const most = (list) => list.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]).slice(0, BORDERLINE);
    const [out, inside] = rule.direction === "max" ? [above, below] : [below, above];
    return { out: most(out), inside: most(inside) };
  }

  function borderlineView(rule, limits) {
    const isOfTiles = rule.stage === "tile";
    const { out, inside } = isOfTiles ? tilesClose(rule, limits) : borderline(rule, limits);
    const text = (value) => (isOfTiles ? G.plural(value, "tile") : `${G.number(value)} ${G.unit(rule.unit)}`);
    const row = (title, list) => h("div", {}, h("h4", {}, title),
      list.length ? h("div", { class: "gallery small" }, ...list.map(([i, value]) => G.thumbnail(i, text(value)))) : h("p", { class: "note" }, `No ${G.one}.`));
    return [row("Just inside", inside), row("Just outside", out)];
  }

  function counts(rule, limits) {
    if (rule.stage === "tile") {
      const place = rule.positions.indexOf(limits[rule.key]);
      const among = Array.from({ length: G.count }, (_, i) => i);
      const bins = G.tileBins(rule, among);
      const total = bins.reduce((a, b) => a + b, 0);
      const out = bins.reduce((a, b, bin) => a + ((rule.direction === "max" ? bin > place : bin <= place) ? b : 0), 0);
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
    const groups = G.grouped(G.selected([], rule.column).filter((i) => !G.concerns || G.concerns(rule, i)), group);
    const data = rule.stage === "tile" ? tileData(rule, groups) : slideData(rule, groups, limits);
    const said = h("p", { class: "note", "aria-live": "polite" }, counts(rule, limits));
    const near = h("div", { class: "borderline" });
    const set = (value) => {
      G.setLimits({ ...G.nextLimits, [rule.key]: value }, true);
      changed();
    };
    const plot = G.histogram(rule, data, limits[rule.key], set, rule.stage === "tile" ? null : (low, high) => G.go({ brush: `${rule.column}:${low}:${high}` }));
    const input = h("input", { type: "number", step: rule.integer ? 1 : "any", min: rule.range[0], max: rule.range[1], id: `limit-${rule.id}`,
      onchange: () => {
        const typed = Number(input.value);
        if (input.value === "" || !input.checkValidity()) return input.reportValidity();
        return set(rule.positions ? G.nearestPosition(rule, typed) : typed);
      } });
    const details = h("details", { ontoggle: () => refresh() }, h("summary", {}, `${G.many[0].toUpperCase()}${G.many.slice(1)} close to this threshold`), near);
    const refresh = () => {
      const value = G.nextLimits[rule.key];
      plot.set(value);
      if (document.activeElement !== input || Number(input.value) !== value) input.value = value;
      said.textContent = counts(rule, G.nextLimits);
      if (details.open) near.replaceChildren(...borderlineView(rule, G.nextLimits));
    };
    refresh();
    const legend = group ? h("ul", { class: "legend" }, ...groups.map(({ name }, g) => h("li", { class: `g${g % GROUPS}` }, name))) : null;
    return { refresh, element: h("section", { class: "panel", "data-rule": rule.key },
      h("h3", {}, G.words(rule.column), " ", h("small", {}, `${rule.direction === "max" ? "at most" : "at least"}`)),
      h("label", { for: `limit-${rule.id}`, class: "limit" }, h("code", {}, rule.key), " ", input, ` ${G.unit(rule.unit)}`,
        h("button", { type: "button", class: "quiet", onclick: () => set(rule.limit) }, `back to ${G.number(rule.limit)}`)),
      h("p", { class: "note" }, `${rule.meaning}. ${rule.positions ? "Moves in steps, exact at each." : ""}`), plot, legend, said,
      details) };
  }

  G.snippet = (limits) => {
    const moved = G.movedKeys(limits).map((key) => [...key.split("."), limits[key]]);
    const sections = [...new Set(moved.map(([section]) => section))].sort();
    const path = G.data.config_path;
    const line = (depth, text) => `${"  ".repeat(depth)}${text}\n`;
    const parts = sections.map((section) => line(path.length, `${section}:`) +
      moved.filter(([of]) => of === section).map(([, name, value]) => line(path.length + 1, `${name}: ${value}`)).join(""));
    return parts.length ? path.map((name, depth) => line(depth, `${name}:`)).join("") + parts.join("") : "";
  };

  function prediction() {
    const now = G.totals(G.now);
    const next = G.totals(G.next);
    const change = (name) => {
      const by = next[name] - now[name];
      return by ? ` (${by > 0 ? "+" : "−"}${G.number(Math.abs(by))})` : "";
    };
    const rows = ["PASS", "REVIEW", "FAIL", "ERROR"].map((status) => h("tr", { "data-count": status }, h("th", { scope: "row" }, G.badge(status)), h("td", {}, G.number(now[status])), h("td", {}, h("b", {}, G.number(next[status])), change(status))));
    rows.push(...Object.entries(G.counts).map(([name, title]) => h("tr", { "data-count": name }, h("th", { scope: "row" }, title), h("td", {}, G.number(now[name])), h("td", {}, h("b", {}, G.number(next[name])), change(name)))));
    const flips = [];
    for (let i = 0; i < G.count; i += 1) if (G.next.status[i] !== G.now.status[i]) flips.push(i);
    const snippet = G.snippet(G.nextLimits);
    return [h("h2", {}, "Prediction"),
      h("table", { class: "plain counts" }, h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "now"), h("th", { scope: "col" }, "after a rerun"))), h("tbody", {}, ...rows)),
      next.unknown ? h("p", { class: "warning" }, `${G.counted(next.unknown)} ${G.unknownText}`) : null,
      flips.length ? h("p", {}, h("a", { href: G.link({ view: G.many, only: flips.slice(0, 500).join(","), status: null, reason: null, brush: null, q: null }) }, `${G.plural(flips.length, `${G.one} changes its`, `${G.many} change their`)} verdict`)) : null,
      snippet ? h("div", {}, h("p", {}, "Save as ", h("code", {}, "thresholds.yaml"), " and run again; only what changed is computed:"),
        h("pre", { id: "snippet", tabindex: "0" }, snippet),
        h("pre", { tabindex: "0" }, G.command()),
        h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => G.download("thresholds.yaml", snippet, "text/yaml") }, "Download thresholds.yaml"),
          h("button", { type: "button", class: "quiet", onclick: () => G.setLimits(G.shipped()) }, "Reset all")))
        : h("p", { class: "note" }, `Drag a line, use the arrow keys on it, or type a number. Shift and drag over a plot selects the ${G.many} of that range.`)];
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
        side.replaceChildren(...prediction().filter(Boolean));
        G.showMoved();
      });
    };
    for (const rule of G.rules) panels.push(panel(rule, group, changed));
    const isMeasured = (rule) => rule.stage === "tile" || Array.from({ length: G.count }).some((_, i) => typeof G.judgedValue(rule, i, G.nextLimits) === "number");
    const sections = G.thresholdSections().flatMap(({ title, note, holds }) => {
      const held = G.rules.flatMap((rule, r) => (holds(rule) && isMeasured(rule) ? [panels[r].element] : []));
      return held.length ? [h("h2", {}, title), note ? h("p", { class: "note" }, note) : null, ...held] : [];
    });
    const hasMargin = G.nextLimits[MARGIN] !== undefined;
    const margin = h("input", { type: "number", id: "margin", min: 0, max: 1, step: "any", value: G.nextLimits[MARGIN],
      onchange: () => { if (margin.checkValidity()) { G.setLimits({ ...G.nextLimits, [MARGIN]: Number(margin.value) }, true); changed(); } } });
    const chosen = h("select", { id: "group", onchange: (event) => G.go({ group: event.target.value }) },
      h("option", { value: "" }, `all ${G.many} together`), ...G.groupings().map((name) => h("option", { value: name, selected: name === group }, `by ${G.words(name)}`)));
    chosen.value = group || "";
    if (G.isFiltered()) {
      filtered.append(h("h2", {}, `Filtered ${G.many}`), G.filterChips(), h("p", { class: "note" }, `The plots show ${G.number(G.selected().length)} of ${G.counted(G.count)}; numbers and prediction are of all. `,
        h("a", { href: G.link({ view: G.many }) }, "See them in the table")), h("div", { class: "gallery" }, ...G.selected().slice(0, BORDERLINE).map((i) => G.thumbnail(i))));
    }
    side.replaceChildren(...prediction().filter(Boolean));
    main.append(h("h1", {}, "Thresholds"), h("div", { class: "explorer" }, h("div", {},
      h("p", { class: "controls" }, h("label", { for: "group" }, "Show "), chosen, ...(hasMargin ? [h("label", { for: "margin" }, " REVIEW within this share of a limit "), margin] : [])),
      h("p", { class: "note" }, "Heights are square roots, so that small bars stay visible."),
      ...(sections.length ? sections : [h("p", {}, `No ${G.one} was measured.`)])), h("aside", { class: "prediction", "aria-label": "Prediction" }, side, filtered)));
  };
})(GROSSING);
