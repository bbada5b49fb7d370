"use strict";
// Which slides are shown: status, reason, search and a brushed range, the same in every view.
(function (G) {
  let searched = null;

  function texts() {
    if (!searched) {
      const columns = G.data.columns.filter((column) => !column.numeric);
      searched = Array.from({ length: G.count }, (_, i) =>
        columns
          .map((column) => G.cell(column.name, i) || "")
          .join("\n")
          .toLowerCase(),
      );
    }
    return searched;
  }

  const isNone = (value) => value === null || value === undefined;

  /** A brushed range as {column, low, high}; null without one. */
  G.brush = () => {
    const match = /^([^:]+):([^:]+):([^:]+)$/.exec(G.state().brush || "");
    return match ? { column: match[1], low: Number(match[2]), high: Number(match[3]) } : null;
  };

  /**
   * Numbers of the slides that pass the filters. Filters of the columns in `without` do not count,
   * nor does a range that was brushed on the plot of the column `plot`.
   */
  G.selected = (without = [], plot = null) => {
    const { q, status, reason, only } = G.state();
    const columns = G.where().filter(([name]) => !without.includes(name));
    const brushed = G.brush();
    const brush = brushed && brushed.column !== plot ? brushed : null;
    const wanted = q ? q.toLowerCase() : null;
    const statuses = status ? status.split(",") : null;
    const listed = only ? new Set(only.split(",").map(Number)) : null;
    const limits = G.nextLimits;
    const rules = brush
      ? G.rules.filter((rule) => rule.column === brush.column && rule.stage !== "tile")
      : [];
    const brushedValue = (i) =>
      rules.length
        ? rules.map((rule) => G.judgedValue(rule, i, limits)).find((value) => !isNone(value))
        : G.cell(brush.column, i);
    const rows = [];
    for (let i = 0; i < G.count; i += 1) {
      if (statuses && !statuses.includes(G.next.status[i])) continue;
      if (reason && !G.next.codes[i].includes(reason)) continue;
      if (listed && !listed.has(i)) continue;
      if (wanted && !texts()[i].includes(wanted)) continue;
      if (!columns.every(([name, typed]) => G.matches(typed, G.shown(name, i)))) continue;
      if (brush) {
        const value = brushedValue(i);
        if (isNone(value) || value < brush.low || value > brush.high) continue;
      }
      rows.push(i);
    }
    return rows;
  };

  G.isFiltered = () =>
    ["q", "status", "reason", "brush", "only", "where"].some((name) => G.state()[name]);

  G.clearFilters = () =>
    G.go({ q: null, status: null, reason: null, brush: null, only: null, where: null });

  /** What the filters are, each with a button that takes it away. */
  G.filterChips = () => {
    const state = G.state();
    const brush = G.brush();
    const said = {
      status: state.status && `status ${state.status.replace(/,/g, ", ")}`,
      reason: state.reason && `reason ${G.words(state.reason)}`,
      brush: brush && `${G.words(brush.column)} ${G.number(brush.low)} to ${G.number(brush.high)}`,
      only: state.only && `${state.only.split(",").length} named ${G.many}`,
      q: state.q && `text “${state.q}”`,
    };
    const chips = Object.entries(said)
      .filter(([, text]) => text)
      .map(([name, text]) =>
        G.h(
          "button",
          {
            type: "button",
            class: "chip",
            "aria-label": `Remove filter: ${text}`,
            onclick: () => G.go({ [name]: null }),
          },
          text,
          " ×",
        ),
      );
    G.where().forEach(([name, typed]) =>
      chips.push(
        G.h(
          "button",
          {
            type: "button",
            class: "chip",
            "aria-label": `Remove filter: ${G.words(name)} ${typed}`,
            onclick: () => G.go({ where: G.whereWith(name, null) }),
          },
          `${G.words(name)}: ${typed}`,
          " ×",
        ),
      ),
    );
    if (chips.length > 1)
      chips.push(
        G.h("button", { type: "button", class: "quiet", onclick: G.clearFilters }, "Remove all"),
      );
    return chips.length ? G.h("div", { class: "chips" }, ...chips) : null;
  };
})(GROSSING);
