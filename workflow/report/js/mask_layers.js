"use strict";
// Layers from the mask picture. Its pixels hold labels, which a page of file:// may show but not
// read; SVG filters turn each label into a coloured area or outline.
(function (G) {
  const { svg } = G;
  const LEVELS = 256;
  const LAYERS = {
    tissue: { text: "tissue", colour: "#0072b2", outline: true, shown: true },
    ink: { text: "ink", colour: "#e69f00", shown: true },
    "possible ink": { text: "possible ink", colour: "#e69f00", outline: true, shown: true },
    fold: { text: "folds", colour: "#f0e442", shown: true },
    "dark spot": { text: "dark spots", colour: "#a65628", shown: false },
    bubble: { text: "bubbles, edges", colour: "#cc79a7", shown: false },
    "not scanned": { text: "not scanned", colour: "#000000", shown: false },
    zones: { text: "zones of high cellularity", colour: "#7800c8", outline: true, shown: true },
  };
  G.maskLayers = LAYERS;

  const only = (label) =>
    Array.from({ length: LEVELS }, (_, level) => (level === label ? 1 : 0)).join(" ");

  // Grey becomes opacity; then 1 where it is the label's, and smooth over the mask's pixels.
  function filter(name, layer, label, soft) {
    const inside = svg(
      "feComponentTransfer",
      {},
      svg("feFuncA", { type: "discrete", tableValues: only(label) }),
    );
    const steep = svg(
      "feComponentTransfer",
      {},
      svg("feFuncA", { type: "linear", slope: 12, intercept: -5.5 }),
    );
    const edge = layer.outline
      ? [
          svg("feMorphology", { operator: "erode", radius: soft, result: "core" }),
          svg("feComposite", { in: "whole", in2: "core", operator: "out" }),
        ]
      : [svg("feComponentTransfer", {}, svg("feFuncA", { type: "linear", slope: 0.55 }))];
    steep.setAttribute("result", "whole");
    const made = svg(
      "filter",
      {
        id: `layer-${name.replace(" ", "-")}`,
        x: 0,
        y: 0,
        width: 1,
        height: 1,
        "color-interpolation-filters": "sRGB",
      },
      svg("feColorMatrix", {
        type: "matrix",
        values: "0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  1 0 0 0 0",
      }),
      inside,
      svg("feGaussianBlur", { stdDeviation: soft / 2 }),
      steep,
      ...edge,
      svg("feFlood", { "flood-color": layer.colour, result: "ink" }),
    );
    const last = made.children[made.children.length - 2];
    last.setAttribute("result", "form");
    made.append(svg("feComposite", { in: "ink", in2: "form", operator: "in" }));
    return made;
  }

  function sizeOf(source) {
    return new Promise((resolve) => {
      const probe = new Image();
      probe.onload = () => resolve([probe.naturalWidth, probe.naturalHeight]);
      probe.onerror = () => resolve(null);
      probe.src = source;
    });
  }

  async function addLayers(group, source, downsample, labels) {
    const size = await sizeOf(source);
    if (!size || size[0] <= 1) return [];
    const names = Object.keys(labels);
    for (const name of names) {
      group.append(filter(name, LAYERS[name], labels[name], downsample));
      group.append(
        svg("image", {
          "data-layer": name,
          href: source,
          width: size[0] * downsample,
          height: size[1] * downsample,
          preserveAspectRatio: "none",
          class: "mask",
          filter: `url(#layer-${name.replace(" ", "-")})`,
        }),
      );
    }
    return names;
  }

  /** The layers of slide `i` into an SVG group in level-0 px of the scanned bounds: their names. */
  G.addMaskLayers = async (group, i, facts) => {
    const masks = G.picture("mask", i);
    const zones = facts.zones && !facts.zones.reason && G.picture("zones", i);
    const found = masks
      ? await addLayers(group, masks, facts.frame.mask_downsample, facts.frame.labels)
      : [];
    return zones
      ? [...found, ...(await addLayers(group, zones, facts.zones.downsample, { zones: 255 }))]
      : found;
  };
})(GROSSING);
