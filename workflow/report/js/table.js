"use strict";
// The table of slides, or of studies: virtual rows, filters, choice of columns, pictures and CSV of the view.
(function (G) {
  const { h } = G;
  const MOST_FIRST = 14;

  /** Columns shown at first: the verdict, what groups the slides, what thresholds judge. */
  function firstColumns() {
    const judged = new Set(
      G.rules.filter((rule) => rule.stage !== "tile").map((rule) => rule.column),
    );
    const groups = new Set(G.groupings());
    const hasValues = (column) =>
      Array.from({ length: G.count }).some((_, i) => G.cell(column.name, i) !== null);
    const sheet = G.data.columns.filter((column) => !column.own && groups.has(column.name));
    const measured = G.data.columns.filter(
      (column) => column.own && judged.has(column.name) && hasValues(column),
    );
    return [
      `${G.one}_id`,
      "qc_status",
      "qc_reasons",
      ...[...sheet, ...measured].map((column) => column.name),
    ].slice(0, MOST_FIRST);
  }

  const shownColumns = () => {
    const chosen = (G.state().cols || "").split(",").filter((name) => G.columns.has(name));
    return chosen.length ? chosen : firstColumns();
  };

  function chooser(shown) {
    const box = (column) =>
      h(
        "label",
        { title: column.meaning },
        h("input", { type: "checkbox", value: column.name, checked: shown.includes(column.name) }),
        ` ${G.words(column.name)}`,
      );
    const groups = [
      ["Of the sheet", G.data.columns.filter((column) => !column.own)],
      ["Of Grossing", G.data.columns.filter((column) => column.own)],
    ];
    const form = h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          G.go({
            cols: [...form.querySelectorAll("input:checked")].map((each) => each.value).join(","),
          });
        },
      },
      ...groups.map(([title, columns]) =>
        h("fieldset", {}, h("legend", {}, title), ...columns.map(box)),
      ),
      h(
        "p",
        { class: "controls" },
        h("button", { type: "submit" }, "Show these columns"),
        h(
          "button",
          { type: "button", onclick: () => G.go({ cols: null }) },
          "Back to the first ones",
        ),
      ),
    );
    return h(
      "details",
      { class: "choose" },
      h("summary", {}, `Columns: ${shown.length} of ${G.data.columns.length}`),
      form,
    );
  }

  function content(name, i) {
    if (name === `${G.one}_id`)
      return h("a", { href: G.link({ view: G.one, [G.one]: G.id(i) }) }, G.id(i));
    if (name === "qc_status") return G.badge(G.shown(name, i));
    return document.createTextNode(G.number(G.shown(name, i)));
  }

  const ROW_PX = 34;
  const HEAD_PX = 90;

  /** A column's head sorts by click and by keyboard; its unit is said once. */
  function title(column) {
    const unit = column.unit === "fraction" ? "" : G.unit(column.unit);
    const name =
      column.unit && column.name.endsWith(`_${column.unit}`)
        ? column.name.slice(0, -column.unit.length - 1)
        : column.name;
    return h(
      "button",
      { type: "button", class: "head", title: column.meaning },
      G.words(name),
      unit ? h("small", {}, ` ${unit}`) : null,
    );
  }

  function definition(name) {
    const column = G.columns.get(name);
    return {
      title: G.words(name),
      field: name,
      hozAlign: column.numeric ? "right" : "left",
      headerHozAlign: column.numeric ? "right" : "left",
      sorter: column.numeric ? "number" : "alphanum",
      sorterParams: { alignEmptyValues: "bottom" },
      minWidth: 100,
      maxWidth: 340,
      frozen: name === `${G.one}_id` && window.innerWidth > 700,
      titleFormatter: () => title(column),
      formatter: (cell) => content(name, cell.getData().id),
      headerFilter: "input",
      headerFilterLiveFilter: false,
      headerFilterFunc: (wanted, value) => G.matches(String(wanted), value),
      headerFilterParams: { elementAttributes: { "aria-label": `Filter ${G.words(name)}` } },
      headerFilterPlaceholder: column.numeric ? ">1 or 1..2" : "filter",
    };
  }

  function build(box, shown, changed) {
    const typed = Object.fromEntries(G.where());
    const [sort, direction] = (G.state().sort || "").split(":");
    const rows = G.selected(shown);
    const table = new Tabulator(box, {
      data: rows.map((i) => ({
        id: i,
        ...Object.fromEntries(shown.map((name) => [name, G.shown(name, i)])),
      })),
      height: Math.min(
        HEAD_PX + ROW_PX * Math.max(3, rows.length),
        Math.max(300, window.innerHeight - 200),
      ),
      layout: "fitDataStretch",
      placeholder: `No ${G.one} matches.`,
      nestedFieldSeparator: false,
      initialSort: shown.includes(sort)
        ? [{ column: sort, dir: direction === "desc" ? "desc" : "asc" }]
        : [],
      initialHeaderFilter: Object.entries(typed)
        .filter(([name]) => shown.includes(name))
        .map(([field, value]) => ({ field, value })),
      columns: shown.map(definition),
    });
    // The part that scrolls can be reached with the keyboard, so it needs a role in the grid.
    table.on("tableBuilt", () => {
      box.querySelector(".tabulator-tableholder").setAttribute("role", "rowgroup");
      box.querySelector(".tabulator-table").setAttribute("role", "presentation");
    });
    table.on("dataSorted", (sorters) =>
      G.go({ sort: sorters.length ? `${sorters[0].field}:${sorters[0].dir}` : null }, true),
    );
    table.on("dataFiltered", (filters, left) => {
      const kept = new URLSearchParams(G.state().where || "");
      shown.forEach((name) => kept.delete(name));
      filters.filter((each) => each.field).forEach((each) => kept.set(each.field, each.value));
      G.go({ where: String(kept) || null }, true);
      changed(left.map((row) => row.getData().id));
    });
    return () => table.getData("active").map((row) => row.id);
  }

  function controls(save) {
    const search = h("input", {
      type: "search",
      id: "q",
      value: G.state().q || "",
      onchange: () => G.go({ q: search.value }),
    });
    const pictures = {
      type: "button",
      "aria-pressed": String(Boolean(G.state().pictures)),
      onclick: () => G.go({ pictures: G.state().pictures ? null : "1" }),
    };
    return h(
      "p",
      { class: "controls" },
      h("label", { for: "q" }, "Search "),
      search,
      h("button", pictures, "Pictures"),
      h("button", { type: "button", onclick: save }, "Download CSV of this view"),
    );
  }

  G.views[G.many] = (main) => {
    const shown = shownColumns();
    const heading = h("h1", { "aria-live": "polite" });
    const box = h("div", { class: "table", "aria-label": G.many });
    const [gallery, chips] = [h("div", {}), h("div", {})];
    const save = () => {
      const rows = active().map((i) => shown.map((name) => G.shown(name, i)));
      G.download(`${G.many}.csv`, G.csv(shown, rows), "text/csv");
    };
    main.append(heading, controls(save), chips, chooser(shown), gallery, box);
    const changed = (rows) => {
      const all = G.counted(G.count);
      heading.textContent = rows.length === G.count ? all : `${G.number(rows.length)} of ${all}`;
      chips.replaceChildren(G.filterChips() || "");
      gallery.replaceChildren(G.state().pictures ? G.gallery(rows) : "");
    };
    const active = build(box, shown, changed);
    changed(G.selected());
  };
})(GROSSING);
