"use strict";
// Tables of numbers, each with unit, limit and what it means.
(function (G) {
  const { h } = G;
  const BYTES = ["tile_bytes"];
  const HEADS = ["number", "value", "limit", "what it means"];
  const unit = (text) => (text === "fraction" ? "" : G.unit(text));

  /** Thresholds that judge a number of a slide, with their limits. */
  function limitsOf(name, i) {
    return G.rules
      .filter(
        (rule) =>
          rule.column === name && rule.stage !== "tile" && G.nextLimits[rule.key] !== undefined,
      )
      .filter((rule) => !G.concerns || G.concerns(rule, i))
      .map((rule) => ({ rule, at: G.nextLimits[rule.key] }));
  }

  const isOver = ({ rule, at }, value) =>
    typeof value === "number" && (rule.direction === "max" ? value > at : value < at);

  function limitCell(limits, value) {
    if (!limits.length) return h("td", {});
    const over = limits.some((limit) => isOver(limit, value));
    const text = limits
      .map(({ rule, at }) => `${rule.direction === "max" ? "≤" : "≥"} ${G.number(at)}`)
      .join(", ");
    const title = limits.map(({ rule }) => rule.meaning).join("; ");
    return h(
      "td",
      { class: over ? "limit-cell over" : "limit-cell", title },
      text,
      over ? " ✕ beyond" : "",
    );
  }

  const valueText = (column, value) =>
    BYTES.includes(column.name) && typeof value === "number"
      ? G.bytes(value)
      : `${G.number(value)}${value === null ? "" : ` ${unit(column.unit)}`}`;

  /** The row of a column, or of another number that is judged. */
  G.numberRow = (column, i) => {
    const value = G.columns.has(column.name)
      ? G.cell(column.name, i)
      : G.data.judged.values[column.name][i];
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, G.words(column.name)),
      h("td", { class: "value" }, valueText(column, value)),
      limitCell(limitsOf(column.name, i), value),
      h("td", { class: "note" }, column.own ? column.meaning.replace(/`/g, "") : ""),
    );
  };

  /** A row of something that is no column. */
  G.plainRow = (name, value, meaning) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", { class: "value" }, value),
      h("td", {}),
      h("td", { class: "note" }, meaning),
    );

  G.numberTable = (title, rows, extra) =>
    h(
      "section",
      { class: "numbers" },
      h("h2", {}, title),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
        h(
          "table",
          { class: "plain" },
          h("thead", {}, h("tr", {}, ...HEADS.map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, ...rows),
        ),
      ),
      extra,
    );
})(GROSSING);
