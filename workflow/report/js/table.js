"use strict";
// The slide table: virtual rows, filters, choice of columns, CSV of the view.
(function (G) {
  const { h } = G;
  const FIRST = ["slide_id", "qc_status", "qc_reasons", "site", "scanner", "tissue_area_mm2", "blurred_fraction", "pen_fraction", "candidate_tiles", "passed_tiles"];

  // A text that a spreadsheet would run as a formula gets an apostrophe in front.
  const quoted = (value) => {
    if (typeof value === "number") return String(value);
    const text = String(value ?? "");
    return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;
  };

  G.csv = (names, rows) => [names, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";

  G.views.slides = (main) => {
    const shown = (G.state().cols || FIRST.filter((name) => G.columns.has(name)).join(",")).split(",").filter((name) => G.columns.has(name));
    const rows = G.selected();
    const value = (name, i) => (name === "qc_status" ? G.next.status[i] : G.cell(name, i));
    const box = h("div", { class: "table" });
    const search = h("input", { type: "search", id: "q", value: G.state().q || "", onchange: () => G.go({ q: search.value }) });
    const choose = h("details", { class: "choose" }, h("summary", {}, "Columns"), h("div", {}, ...G.data.columns.map((column) =>
      h("label", { title: column.meaning }, h("input", { type: "checkbox", checked: shown.includes(column.name), onchange: (event) =>
        G.go({ cols: (event.target.checked ? [...shown, column.name] : shown.filter((name) => name !== column.name)).join(",") }) }), ` ${column.name}`))));
    main.append(h("h1", {}, G.plural(rows.length, "slide")), h("p", { class: "controls" }, h("label", { for: "q" }, "Search "), search,
      h("button", { type: "button", onclick: () => G.download("slides.csv", G.csv(shown, rows.map((i) => shown.map((name) => value(name, i)))), "text/csv") }, "Download CSV of this view")),
    G.filterChips() || "", choose, box);
    const table = new Tabulator(box, {
      data: rows.map((i) => ({ id: i, ...Object.fromEntries(shown.map((name) => [name, value(name, i)])) })),
      height: Math.max(240, Math.min(window.innerHeight - 220, 70 + rows.length * 34)), layout: "fitDataStretch", placeholder: "No slide matches.", nestedFieldSeparator: false,
      columns: shown.map((name) => ({ title: G.words(name), field: name, hozAlign: G.columns.get(name).numeric ? "right" : "left", sorter: G.columns.get(name).numeric ? "number" : "string", minWidth: 90, maxWidth: 420,
        formatter: (cell) => (name === "slide_id" ? h("a", { href: G.link({ view: "slide", slide: cell.getValue() }) }, cell.getValue()) : name === "qc_status" ? G.badge(cell.getValue()) : document.createTextNode(G.number(cell.getValue()))) })),
    });
    const [sort, direction] = (G.state().sort || "").split(":");
    table.on("tableBuilt", () => { if (shown.includes(sort)) table.setSort(sort, direction || "asc"); });
    table.on("dataSorted", (sorters) => sorters.length && G.go({ sort: `${sorters[0].field}:${sorters[0].dir}` }, true));
  };
})(GROSSING);
