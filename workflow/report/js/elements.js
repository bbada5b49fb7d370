"use strict";
// Elements and numbers. Text is only ever set as text, never as HTML.
(function (G) {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "value") element.value = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  }

  G.h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  G.svg = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  G.number = (value) => {
    if (value === null || value === undefined || value === "") return "–";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value)) return value.toLocaleString("en-US");
    return String(Number(value.toPrecision(4)));
  };

  G.bytes = (count) => {
    let unit = 0;
    while (count >= 1000 && unit < 4) {
      count /= 1000;
      unit += 1;
    }
    return `${Number(count.toPrecision(3))} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
  };

  G.plural = (count, one, many) => `${G.number(count)} ${count === 1 ? one : many || one + "s"}`;

  /** So many slides, or studies. */
  G.counted = (count) => G.plural(count, G.one, G.many);

  /** Column names as words: `tissue_area_mm2` is read as "tissue area mm2". */
  G.words = (name) => name.replace(/_/g, " ");

  G.unit = (unit) =>
    !unit || unit === "1"
      ? ""
      : unit
          .replace(/^um/, "µm")
          .replace("um/px", "µm/px")
          .replace("mm2", "mm²")
          .replace("um2", "µm²");

  /** A text in which `names` between backticks are code. */
  G.prose = (text) => text.split("`").map((part, at) => (at % 2 ? G.h("code", {}, part) : part));

  const SIGN = { PASS: "✓", REVIEW: "?", FAIL: "✕", ERROR: "!" };

  /** A status as colour, sign and word, so that none of them is needed alone. */
  G.badge = (status) =>
    G.h(
      "span",
      { class: `badge ${status.toLowerCase()}` },
      G.h("span", { "aria-hidden": "true" }, SIGN[status] || "·"),
      ` ${status}`,
    );

  G.download = (name, text, type) => {
    const link = G.h("a", {
      href: URL.createObjectURL(new Blob([text], { type })),
      download: name,
    });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
})(GROSSING);
