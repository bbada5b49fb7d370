"use strict";
// Every measured number as a distribution, a plot per modality.
(function (G) {
  const { h } = G;
  const MOST_GROUPS = 6;
  const SKIPPED = ["channel"];

  /** Values of a column among some rows. */
  const valuesOf = (name, rows) =>
    rows.map((i) => G.cell(name, i)).filter((value) => typeof value === "number");

  /** A number of the studies of one modality; null where none of them has it. */
  function panel(column, rows, group) {
    if (valuesOf(column.name, rows).length === 0) return null;
    const groups = G.grouped(rows, group);
    const values = groups.map((each) => valuesOf(column.name, each.rows));
    const all = values.flat().sort((a, b) => a - b);
    const [low, middle, high] = [0, 0.5, 1].map(
      (share) => all[Math.floor(share * (all.length - 1))],
    );
    const data = G.binned(groups, values, [low, high], [null, null]);
    const unit = column.unit === "fraction" ? "" : G.unit(column.unit);
    const span =
      low === high
        ? `${G.number(low)} ${unit}`.trim()
        : `${G.number(low)} to ${G.number(high)} ${unit}, median ${G.number(middle)},`;
    const missing = rows.length - all.length;
    return h(
      "section",
      { class: "panel", "data-column": column.name },
      h("h3", {}, G.words(column.name)),
      h("p", { class: "note" }, `${column.meaning.replace(/`/g, "")}.`),
      low === high ? null : G.barPlot(column.name, data),
      group && low !== high
        ? h(
            "ul",
            { class: "legend" },
            ...groups.map(({ name }, g) => h("li", { class: `g${g % MOST_GROUPS}` }, name)),
          )
        : null,
      h(
        "p",
        { class: low === high ? null : "note" },
        `${span} in ${G.counted(all.length)}${missing ? `; ${G.number(missing)} without this number` : ""}.`,
      ),
    );
  }

  G.views.distributions = (main) => {
    const { group } = G.state();
    const selected = G.selected();
    const chosen = h(
      "select",
      { id: "group", onchange: (event) => G.go({ group: event.target.value }) },
      h("option", { value: "" }, `all ${G.many} together`),
      ...G.groupings().map((name) => h("option", { value: name }, `by ${G.words(name)}`)),
    );
    chosen.value = group || "";
    const columns = G.data.columns.filter(
      (column) => column.own && column.numeric && !SKIPPED.includes(column.name),
    );
    const sections = Object.entries(G.data.modalities).map(([modality, name]) => {
      const rows = selected.filter((i) => G.cell("modality", i) === modality);
      const panels = columns.map((column) => panel(column, rows, group)).filter(Boolean);
      return h(
        "section",
        { "data-modality": modality },
        h("h2", {}, name),
        panels.length
          ? h("div", { class: "panels" }, ...panels)
          : h(
              "p",
              {},
              rows.length ? `No ${G.one} of ${name} was measured.` : `No ${G.one} of ${name}.`,
            ),
      );
    });
    main.append(
      h("h1", {}, "Distributions"),
      h("p", { class: "controls" }, h("label", { for: "group" }, "Show "), chosen),
      G.filterChips() || "",
      h(
        "p",
        { class: "note" },
        "Heights are square roots, so that small bars stay visible. Numbers with a threshold stand under Thresholds too, where it can be moved.",
      ),
      ...sections,
    );
  };
})(GROSSING);
