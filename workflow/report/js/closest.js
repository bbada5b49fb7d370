"use strict";
// The slides that are closest to a threshold, on both sides of it.
(function (G) {
  const { h } = G;
  const SHOWN = 6;

  /** The slides closest to a threshold, on both sides of it. */
  function slidesClose(rule, limits) {
    const near = [];
    for (let i = 0; i < G.count; i += 1) {
      const value = G.judgedValue(rule, i, limits);
      if (value !== null && value !== undefined) near.push([i, value]);
    }
    const out = near.filter(([, value]) => G.isBeyond(rule, value, limits[rule.key]));
    const inside = near.filter(([, value]) => !G.isBeyond(rule, value, limits[rule.key]));
    const closest = (list) =>
      list
        .sort((a, b) => Math.abs(a[1] - limits[rule.key]) - Math.abs(b[1] - limits[rule.key]))
        .slice(0, SHOWN);
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
    const most = (list) =>
      list
        .filter(([, count]) => count > 0)
        .sort((a, b) => b[1] - a[1])
        .slice(0, SHOWN);
    const [out, inside] = rule.direction === "max" ? [above, below] : [below, above];
    return { out: most(out), inside: most(inside) };
  }

  /** Both sides of a threshold: what is close to it, just inside and just outside. */
  G.closeTo = (rule, limits) => {
    const isOfTiles = rule.stage === "tile";
    const { out, inside } = isOfTiles ? tilesClose(rule, limits) : slidesClose(rule, limits);
    const text = (value) =>
      isOfTiles ? G.plural(value, "tile") : `${G.number(value)} ${G.unit(rule.unit)}`;
    const row = (title, list) =>
      h(
        "div",
        {},
        h("h4", {}, title),
        list.length
          ? h(
              "div",
              { class: "gallery small" },
              ...list.map(([i, value]) => G.thumbnail(i, text(value))),
            )
          : h("p", { class: "note" }, `No ${G.one}.`),
      );
    return [row("Just inside", inside), row("Just outside", out)];
  };
})(GROSSING);
