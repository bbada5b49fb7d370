"use strict";
// What a rerun with the moved thresholds would give, and how to start it.
(function (G) {
  const { h } = G;

  G.snippet = (limits) => {
    const moved = G.movedKeys(limits).map((key) => [...key.split("."), limits[key]]);
    const sections = [...new Set(moved.map(([section]) => section))].sort();
    const path = G.data.config_path;
    const line = (depth, text) => `${"  ".repeat(depth)}${text}\n`;
    const parts = sections.map(
      (section) =>
        line(path.length, `${section}:`) +
        moved
          .filter(([of]) => of === section)
          .map(([, name, value]) => line(path.length + 1, `${name}: ${value}`))
          .join(""),
    );
    return parts.length
      ? path.map((name, depth) => line(depth, `${name}:`)).join("") + parts.join("")
      : "";
  };

  /** What the rerun would say, and how to start it. */
  G.prediction = () => {
    const now = G.totals(G.now);
    const next = G.totals(G.next);
    const change = (name) => {
      const by = next[name] - now[name];
      return by ? ` (${by > 0 ? "+" : "−"}${G.number(Math.abs(by))})` : "";
    };
    const rows = ["PASS", "REVIEW", "FAIL", "ERROR"].map((status) =>
      h(
        "tr",
        { "data-count": status },
        h("th", { scope: "row" }, G.badge(status)),
        h("td", {}, G.number(now[status])),
        h("td", {}, h("b", {}, G.number(next[status])), change(status)),
      ),
    );
    rows.push(
      ...Object.entries(G.counts).map(([name, title]) =>
        h(
          "tr",
          { "data-count": name },
          h("th", { scope: "row" }, title),
          h("td", {}, G.number(now[name])),
          h("td", {}, h("b", {}, G.number(next[name])), change(name)),
        ),
      ),
    );
    const flips = [];
    for (let i = 0; i < G.count; i += 1) if (G.next.status[i] !== G.now.status[i]) flips.push(i);
    const snippet = G.snippet(G.nextLimits);
    return [
      h("h2", {}, "Prediction"),
      h(
        "table",
        { class: "plain counts" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td", {}),
            h("th", { scope: "col" }, "now"),
            h("th", { scope: "col" }, "after a rerun"),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
      next.unknown
        ? h("p", { class: "warning" }, `${G.counted(next.unknown)} ${G.unknownText}`)
        : null,
      flips.length
        ? h(
            "p",
            {},
            h(
              "a",
              {
                href: G.link({
                  view: G.many,
                  only: flips.slice(0, 500).join(","),
                  status: null,
                  reason: null,
                  brush: null,
                  q: null,
                }),
              },
              `${G.plural(flips.length, `${G.one} changes its`, `${G.many} change their`)} verdict`,
            ),
          )
        : null,
      snippet
        ? h(
            "div",
            {},
            h(
              "p",
              {},
              "Save as ",
              h("code", {}, "thresholds.yaml"),
              " and run again; only what changed is computed:",
            ),
            h("pre", { id: "snippet", tabindex: "0" }, snippet),
            h("pre", { tabindex: "0" }, G.command()),
            h(
              "div",
              { class: "buttons" },
              h(
                "button",
                {
                  type: "button",
                  onclick: () => G.download("thresholds.yaml", snippet, "text/yaml"),
                },
                "Download thresholds.yaml",
              ),
              h(
                "button",
                { type: "button", class: "quiet", onclick: () => G.setLimits(G.shipped()) },
                "Reset all",
              ),
            ),
          )
        : h(
            "p",
            { class: "note" },
            `Drag a line, use the arrow keys on it, or type a number. Shift and drag over a plot selects the ${G.many} of that range.`,
          ),
    ];
  };
})(GROSSING);
