"use strict";
// One slide: picture, tiles coloured by a metric, decision, every number with its meaning.
(function (G) {
  const { h, svg } = G;
  const numbers = (text, Kind) => new Kind(G.bytesOf(text).buffer);
  const STEPS = 8;

  function squares(i, grid, metric) {
    const [x, y, size] = ["x_level0_px", "y_level0_px", "size_level0_px"].map((name) => numbers(grid.place[name], Int32Array));
    const reason = numbers(grid.reason, Uint16Array);
    const scaled = metric && numbers(grid.metrics[metric].values, Uint16Array);
    return Array.from(x, (_, t) => {
      const value = scaled && scaled[t] !== 65535 ? grid.metrics[metric].low + (scaled[t] / 65534) * (grid.metrics[metric].high - grid.metrics[metric].low) : null;
      const kind = metric ? (value === null ? "none" : `s${Math.min(STEPS - 1, Math.floor((scaled[t] / 65535) * STEPS))}`) : reason[t] ? "fail" : "pass";
      const why = reason[t] ? `FAIL: ${grid.reasons[reason[t] - 1]}` : "PASS";
      return svg("rect", { class: `tile ${kind}`, x: x[t], y: y[t], width: size[t], height: size[t] }, svg("title", {}, `${metric ? `${metric} ${G.number(value)}; ` : ""}${why}`));
    });
  }

  function picture(i) {
    const source = G.isReadable(i) && G.picture("picture", i);
    if (!source) return h("p", { class: "note" }, "This slide has no picture.");
    const [width, height] = [G.cell("width_px", i), G.cell("height_px", i)];
    const layer = svg("g", {});
    const said = h("span", { class: "note" }, "not tiled");
    const chosen = h("select", { id: "metric", onchange: () => G.go({ metric: chosen.value }) }, h("option", { value: "" }, "pass or fail"));
    if (G.cell("candidate_tiles", i) > 0) G.load(`slide ${i}`, `slides/${i}.js`).then((grid) => {
      Object.keys(grid.metrics).forEach((name) => chosen.append(h("option", { value: name }, G.words(name))));
      const metric = grid.metrics[G.state().metric] ? G.state().metric : "";
      chosen.value = metric;
      layer.replaceChildren(...squares(i, grid, metric));
      const known = metric && G.data.tile_columns[metric];
      said.textContent = metric ? `${G.number(grid.metrics[metric].low)} (dark) to ${G.number(grid.metrics[metric].high)} (light) ${G.unit(known && known.unit)}: ${known ? known.meaning : ""}` : `${G.plural(grid.count, "tile")}: blue passes, orange fails`;
    }, () => {});
    const shown = h("input", { type: "checkbox", id: "tiles", checked: true, onchange: () => layer.setAttribute("visibility", shown.checked ? "visible" : "hidden") });
    return h("figure", {}, h("p", { class: "controls" }, shown, h("label", { for: "tiles" }, " tiles, coloured by "), h("label", { for: "metric", class: "hidden" }, "metric"), chosen, " ", said),
      svg("svg", { class: "slide", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Slide ${G.id(i)}` }, svg("image", { href: source, width, height, preserveAspectRatio: "none" }), layer));
  }

  function limitOf(name) {
    const rule = G.rules.find((each) => each.column === name && each.stage !== "tile");
    return rule ? `${rule.direction === "max" ? "at most" : "at least"} ${G.number(G.nextLimits[rule.key])}` : "";
  }

  G.views.slide = (main) => {
    const i = G.numberOf.get(G.state().slide);
    if (i === undefined) return main.append(h("h1", {}, "No such slide"));
    const codes = G.next.codes[i].map((code) => h("li", {}, h("b", {}, G.words(code)), ` ${G.data.reasons[code]?.description || ""}. ${G.data.reasons[code]?.remedy || ""}`));
    main.append(h("h1", {}, G.id(i), " ", G.badge(G.next.status[i])), codes.length ? h("ul", {}, ...codes) : "", G.decisionBar(i), h("div", { class: "two" }, picture(i),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers" }, h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ...["Number", "Value", "Limit"].map((name) => h("th", {}, name)))), h("tbody", {}, ...G.data.columns.map((column) =>
        h("tr", {}, h("td", {}, h("b", {}, G.words(column.name)), h("div", { class: "note" }, column.meaning)), h("td", { class: "value" }, `${G.number(G.cell(column.name, i))} ${G.unit(column.unit)}`), h("td", {}, limitOf(column.name)))))))));
    return undefined;
  };
})(GROSSING);
