"use strict";
// Beside the viewer: how squares are coloured, what the colours mean, and the numbers of one square.
(function (G) {
  const { h } = G;
  const unit = (text) => (text === "fraction" ? "" : G.unit(text));
  const KINDS = {
    tiles: "Tiles",
    places: "Places whose focus was sampled",
    blocks: "Blocks of the focus stack",
  };
  const FIRST = [
    "focus",
    "blurred_fraction",
    "nuclei_per_mm2",
    "tissue_fraction",
    "pen_fraction",
    "hematoxylin_od",
    "eosin_od",
    "plane",
  ];
  const STOPS = 24;
  // How people name what the tables call otherwise.
  const TITLES = { nuclei_per_mm2: "nuclei density" };
  const OTHER = {
    plane: { unit: "", meaning: "the plane that is sharpest in this block, counted from 0" },
    sharpness: { unit: "", meaning: "sharpness of the block in its plane" },
    sharpness_ratio: { unit: "", meaning: "sharpness of the best plane against the next" },
  };

  const title = (name) => TITLES[name] || G.words(name);
  const known = (name) => G.data.tile_columns[name] || OTHER[name] || { unit: "", meaning: "" };
  const meaning = (name) => known(name).meaning.replace(/`/g, "");
  const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const ordered = (squares) =>
    Object.keys(squares.metrics).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const ruleOf = (squares, name) =>
    squares.kind === "blocks"
      ? null
      : G.rules.find((rule) => rule.stage === "tile" && rule.column === name);

  /** The choice of squares and their colour: a select whose value is like "tiles.focus". */
  G.colourChoice = (all, chosen, onchange) => {
    const select = h("select", { id: "metric", onchange: () => onchange(select.value) });
    for (const [kind, squares] of Object.entries(all)) {
      if (!squares) continue;
      const verdict = squares.reasons
        ? [h("option", { value: `${kind}.` }, "verdict: passes or fails")]
        : [];
      select.append(
        h(
          "optgroup",
          { label: KINDS[kind] },
          ...verdict,
          ...ordered(squares).map((name) => h("option", { value: `${kind}.${name}` }, title(name))),
        ),
      );
    }
    select.append(h("option", { value: "none" }, "not shown"));
    select.value = chosen;
    return select;
  };

  function limitMark(rule, metric) {
    const at = rule && G.nextLimits[rule.key];
    if (at === undefined || at === null || at < metric.from || at > metric.to) return null;
    const mark = h("span", { class: "at", title: "limit" }, "▲");
    mark.style.left = `${(100 * (at - metric.from)) / (metric.to - metric.from || 1)}%`;
    return mark;
  }

  function scale(squares, name) {
    const metric = squares.metrics[name];
    const rule = ruleOf(squares, name);
    const bar = h(
      "div",
      { class: "scale", "aria-hidden": "true" },
      ...Array.from({ length: STOPS }, (_, k) => {
        const step = h("span", {});
        step.style.backgroundColor = G.scaleColour(k / (STOPS - 1));
        return step;
      }),
    );
    const [low, high] = [metric.low < metric.from ? "≤ " : "", metric.high > metric.to ? "≥ " : ""];
    const at = rule && G.nextLimits[rule.key];
    const limit = rule
      ? ` A tile fails ${rule.direction === "max" ? "above" : "below"} ${G.number(at)}${limitMark(rule, metric) ? " (▲)" : ""}.`
      : "";
    return [
      h("div", { class: "bar" }, bar, limitMark(rule, metric)),
      h(
        "div",
        { class: "ends" },
        h("span", {}, `${low}${G.number(metric.from)}`),
        h("span", {}, `${high}${G.number(metric.to)} ${unit(known(name).unit)}`),
      ),
      h("p", { class: "note" }, `${meaning(name)}.${limit}`),
    ];
  }

  function key(colour, sign, text) {
    const box = h("span", {
      class: `key${sign === "x" ? " cross" : sign ? " slash" : ""}`,
      "aria-hidden": "true",
    });
    box.style.borderColor = colour;
    box.style.color = colour;
    return h("li", {}, box, text);
  }

  function verdicts(squares) {
    const counts = new Map();
    squares.kinds.forEach((kind) => counts.set(kind, (counts.get(kind) || 0) + 1));
    return [
      h(
        "ul",
        { class: "keys" },
        ...Object.entries(G.tileKinds)
          .filter(([kind]) => counts.has(kind))
          .map(([kind, { colour, stroke, text }]) =>
            key(colour, stroke, `${text}: ${G.number(counts.get(kind))}`),
          ),
      ),
    ];
  }

  function planes(squares, stack) {
    const counts = new Map();
    for (let t = 0; t < squares.count; t += 1)
      counts.set(
        squares.metrics.plane.value(t),
        (counts.get(squares.metrics.plane.value(t)) || 0) + 1,
      );
    return [
      h(
        "ul",
        { class: "keys solid" },
        ...stack.planes.map((plane, k) =>
          key(
            G.planeColour(k, stack.planes.length),
            "",
            `plane ${plane.plane}: ${G.plural(counts.get(k) || 0, "block")}`,
          ),
        ),
      ),
      h("p", { class: "note" }, `${meaning("plane")}.`),
    ];
  }

  /** What the colours of the squares mean. */
  G.squareLegend = (squares, name, stack) => {
    if (!squares) return [];
    if (!name) return verdicts(squares);
    return name === "plane" ? planes(squares, stack) : scale(squares, name);
  };

  function reasonsOf(squares, t) {
    if (!squares.reasons) return null;
    const codes = squares.reasons[t].split(";").filter(Boolean);
    if (!codes.length) return h("p", {}, h("b", {}, "✓ passes"));
    return h(
      "ul",
      { class: "why" },
      ...codes.map((code) =>
        h(
          "li",
          {},
          h("b", {}, `✕ ${G.words(code)}`),
          ` ${G.data.reasons[code]?.description || ""}`,
        ),
      ),
    );
  }

  function numberRow(squares, name, t) {
    const value = squares.metrics[name].value(t);
    const rule = ruleOf(squares, name);
    const at = rule && G.nextLimits[rule.key];
    const over = rule && value !== null && (rule.direction === "max" ? value > at : value < at);
    return h(
      "tr",
      { title: meaning(name) },
      h("th", { scope: "row" }, title(name)),
      h(
        "td",
        { class: "value" },
        value === null
          ? "–"
          : `${G.number(Number(value.toPrecision(4)))} ${unit(known(name).unit)}`,
      ),
      h(
        "td",
        { class: over ? "over" : null },
        rule ? `${rule.direction === "max" ? "≤" : "≥"} ${G.number(at)}${over ? " ✕" : ""}` : "",
      ),
    );
  }

  function name(squares, t) {
    if (squares.reasons) return `Tile: column ${squares.column[t]}, row ${squares.row[t]}`;
    return squares.kind === "places"
      ? `Sampled place ${t + 1} of ${squares.count}`
      : `Block ${t + 1} of ${squares.count}`;
  }

  /** Numbers and reasons of one square. */
  G.squareNumbers = (squares, t) =>
    [
      h("h2", {}, name(squares, t)),
      reasonsOf(squares, t),
      h(
        "table",
        { class: "plain" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["number", "value", "limit"].map((each) => h("th", { scope: "col" }, each)),
          ),
        ),
        h("tbody", {}, ...ordered(squares).map((each) => numberRow(squares, each, t))),
      ),
      h(
        "p",
        { class: "note" },
        `at ${G.number(squares.x[t])}, ${G.number(squares.y[t])}; side ${G.number(squares.size[t])} level-0 px`,
      ),
    ].filter(Boolean);

  /** Whether small numbers of a metric are the bad ones. */
  G.isLowWorse = (squares, metric) => ruleOf(squares, metric)?.direction === "min";
})(GROSSING);
