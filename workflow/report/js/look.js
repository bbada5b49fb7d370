"use strict";
// The viewer of a slide with its controls: layers, colours, one square, deep zoom.
(function (G) {
  const { h } = G;
  const FILL = 60;

  const shareText = (share) =>
    share === undefined
      ? ""
      : share === 0
        ? "none"
        : share < 0.001
          ? "< 0.1 %"
          : `${(100 * share).toFixed(1)} %`;

  /** A control is {element, ...}; `see` is what they share: viewer, squares, what is shown. */
  function layerControls(see) {
    const list = h("div", { class: "checks" });
    const wanted = G.state().layers === undefined ? null : G.state().layers.split("+");
    const boxes = new Map();
    const set = () => {
      for (const [name, box] of boxes)
        see.viewer.group
          .querySelector(`[data-layer="${name}"]`)
          .classList.toggle("off", !box.checked);
    };
    const keep = () => {
      set();
      G.go(
        {
          layers:
            [...boxes]
              .filter(([, box]) => box.checked)
              .map(([name]) => name)
              .join("+") || "-",
        },
        true,
      );
    };
    G.addMaskLayers(see.viewer.group, see.i, see.facts).then((names) => {
      for (const name of names) {
        const layer = G.maskLayers[name];
        const share = see.facts.frame.shares[name];
        const box = h("input", {
          type: "checkbox",
          disabled: share === 0,
          checked: share !== 0 && (wanted ? wanted.includes(name) : layer.shown),
          onchange: keep,
        });
        const key = h("span", {
          class: layer.outline ? "key" : "key solid",
          "aria-hidden": "true",
        });
        key.style.borderColor = layer.colour;
        if (!layer.outline) key.style.backgroundColor = layer.colour;
        boxes.set(name, box);
        list.append(
          h("label", {}, box, key, layer.text, h("span", { class: "note" }, shareText(share))),
        );
      }
      set();
      see.viewer.draw();
    });
    return h("fieldset", { class: "layers" }, h("legend", {}, "Layers"), list);
  }

  const areTilesMoved = () => G.movedKeys(G.nextLimits).some((key) => key.startsWith("tile."));

  function squareControls(see) {
    const legend = h("div", {});
    const fill = h("input", {
      type: "range",
      id: "fill",
      min: 0,
      max: 100,
      value: FILL,
      oninput: () => {
        see.shown.fill = fill.value / 100;
        see.viewer.draw();
      },
    });
    const set = (value) => {
      const [kind, metric] = value.split(".");
      see.choose(kind, metric || "");
      legend.replaceChildren(
        ...G.squareLegend(see.shown?.squares, metric, see.facts.stack),
        kind === "tiles" && areTilesMoved()
          ? h(
              "p",
              { class: "warning note" },
              "Reasons of tiles are those of the run, not of the moved thresholds.",
            )
          : "",
      );
    };
    const options = Object.entries(see.all)
      .filter(([, squares]) => squares)
      .flatMap(([kind, squares]) =>
        [...(squares.reasons ? [""] : []), ...Object.keys(squares.metrics)].map(
          (name) => `${kind}.${name}`,
        ),
      );
    const wanted = G.state().metric;
    const first = options.includes(wanted) || wanted === "none" ? wanted : options[0] || "none";
    const select = G.colourChoice(see.all, first, (value) => {
      set(value);
      G.go({ metric: value }, true);
    });
    set(first);
    return h(
      "fieldset",
      {},
      h("legend", {}, "Tiles and places"),
      h("label", { for: "metric" }, "coloured by"),
      select,
      legend,
      h("label", { for: "fill", class: "fill" }, "strength", fill),
    );
  }

  function oneSquare(see) {
    const numbers = h("div", { class: "one", "aria-live": "polite" });
    const hint = () =>
      h(
        "p",
        { class: "note" },
        "Point at a tile, or step through them: the failing ones, or the worst number, come first.",
      );
    const step = (by) => {
      if (!see.shown) return;
      const { squares, metric, chosen } = see.shown;
      const order = G.squareOrder(squares, metric, G.isLowWorse(squares, metric));
      if (!order.length) return;
      const at = order.indexOf(chosen);
      see.select(order[at < 0 ? 0 : (at + by + order.length) % order.length]);
      see.visit();
    };
    see.tell = (t) =>
      numbers.replaceChildren(
        ...(see.shown && t >= 0 ? G.squareNumbers(see.shown.squares, t) : [hint()]),
      );
    see.tell(-1);
    return h(
      "fieldset",
      {},
      h("legend", {}, "One tile"),
      h(
        "p",
        { class: "controls" },
        h("button", { type: "button", onclick: () => step(-1) }, "◂ previous tile"),
        h("button", { type: "button", onclick: () => step(1) }, "next tile ▸"),
      ),
      numbers,
    );
  }

  function follow(see) {
    const at = (event) => {
      const place = see.shown && see.viewer.under(event);
      return place ? G.squareAt(see.shown.squares, ...place) : -1;
    };
    let hovered = -1;
    see.viewer.stage.addEventListener("pointermove", (event) => {
      const t = event.buttons ? hovered : at(event);
      if (t === hovered) return;
      hovered = t;
      see.tell(t >= 0 ? t : (see.shown?.chosen ?? -1));
    });
    see.viewer.stage.addEventListener("pointerleave", () => {
      hovered = -1;
      see.tell(see.shown?.chosen ?? -1);
    });
    see.viewer.osd.addHandler("canvas-click", (event) => {
      if (event.quick) see.select(at(event.originalEvent));
    });
  }

  const addTiles = (see, source) =>
    see.viewer.addTiles(
      source,
      see.facts.picture,
      G.writtenAreas(see.all.tiles, see.facts.picture.tile_px),
    );

  // Without cutting the name of a zip that a reader has to find.
  function picker(see, said) {
    const { container } = see.all.tiles;
    const file = h("input", {
      type: "file",
      id: "zip",
      accept: ".zip",
      onchange: async () => {
        if (!file.files.length) return;
        said.textContent = "Opening …";
        try {
          await addTiles(
            see,
            await G.sourceInZip(file.files[0], G.id(see.i), see.facts.picture, see.all.tiles),
          );
          said.textContent = "Full resolution from the zip.";
          ask.remove();
        } catch (error) {
          said.textContent = error.message;
        }
      },
    });
    const ask = h(
      "p",
      { class: "controls pick" },
      h("label", { for: "zip" }, "Full resolution: pick ", h("code", {}, `results/${container}`)),
      file,
      h("span", { class: "note" }, "or run make serve"),
    );
    return ask;
  }

  async function deepen(see, box, said) {
    const { picture } = see.facts;
    const { tiles } = see.all;
    if (!tiles?.container || !tiles.suffix || !picture) {
      said.textContent = tiles
        ? "Thumbnail only: no tile of this slide was written."
        : "Thumbnail only: this slide was not tiled.";
      return;
    }
    const beside = G.tilesBeside(tiles);
    if (beside && (await G.areTilesThere(beside, G.id(see.i), tiles))) {
      await addTiles(see, G.sourceBeside(beside, G.id(see.i), picture, tiles));
      said.textContent = "Full resolution.";
    } else if (tiles.container.endsWith(".zip")) {
      said.textContent = "Thumbnail.";
      box.append(picker(see, said));
    } else
      said.textContent = `Thumbnail only: results/${tiles.container} is not beside this report.`;
  }

  function scaleBar(viewer, mpp) {
    const line = h("span", { class: "line", "aria-hidden": "true" });
    const text = h("span", {});
    viewer.onDraw = ({ scale }) => {
      const most = (120 / scale) * mpp;
      const round = 10 ** Math.floor(Math.log10(most));
      const um = round * (most >= 5 * round ? 5 : most >= 2 * round ? 2 : 1);
      line.style.width = `${(um / mpp) * scale}px`;
      text.textContent = um >= 1000 ? `${G.number(um / 1000)} mm` : `${G.number(um)} µm`;
    };
    return h("div", { class: "ruler" }, line, text);
  }

  function zoomButtons(viewer) {
    const button = (name, sign, onclick) =>
      h("button", { type: "button", "aria-label": name, title: name, onclick }, sign);
    return h(
      "div",
      { class: "zoom" },
      button("Zoom in", "+", () => viewer.zoomBy(1.6)),
      button("Zoom out", "−", () => viewer.zoomBy(1 / 1.6)),
      button("Whole slide", "⤢", () => viewer.osd.viewport.goHome()),
    );
  }

  function share(i, facts, all) {
    const viewer = new G.Viewer(facts.frame);
    return {
      i,
      facts,
      all,
      viewer,
      shown: null,
      tell() {},
      choose(kind, metric) {
        const squares = all[kind];
        const fill = this.shown ? this.shown.fill : FILL / 100;
        const chosen = squares && squares === this.shown?.squares ? this.shown.chosen : -1;
        this.shown = squares
          ? { squares, metric, planes: facts.stack?.planes.length, fill, chosen }
          : null;
        viewer.shown = this.shown;
        viewer.draw();
        this.tell(chosen);
      },
      select(t) {
        if (this.shown) this.shown.chosen = t;
        this.tell(t);
        viewer.draw();
        G.go({ spot: t >= 0 ? `${i}.${t}` : null }, true);
      },
      visit() {
        const { squares, chosen } = this.shown;
        viewer.lookAt(squares.x[chosen], squares.y[chosen], squares.size[chosen]);
      },
      /** The square that the address names, if it is one of this slide. */
      revisit() {
        const [slide, t] = (G.state().spot || "").split(".").map(Number);
        if (
          slide !== i ||
          !this.shown ||
          !Number.isInteger(t) ||
          t < 0 ||
          t >= this.shown.squares.count
        )
          return;
        this.select(t);
        this.visit();
      },
    };
  }

  /** Fill `look` with the viewer of slide `i` and its controls. */
  G.showSlide = (look, i, facts, all) => {
    const see = share(i, facts, all);
    const said = h("span", { class: "note", role: "status" });
    const below = h("div", { class: "below" }, said);
    const overlay = G.picture("gallery", i);
    if (overlay)
      below.append(
        h("a", { href: overlay, target: "_blank", rel: "noopener" }, "Overlay as a picture"),
      );
    see.viewer.element.append(zoomButtons(see.viewer), scaleBar(see.viewer, facts.frame.mpp));
    const side = Object.values(all).some(Boolean)
      ? h("div", { class: "side" }, squareControls(see), oneSquare(see))
      : h("p", { class: "note" }, "This slide has no tiles, and no place whose focus was sampled.");
    look.append(h("figure", {}, layerControls(see), see.viewer.element, below), side);
    see.viewer.start(
      G.picture("picture", i),
      `Slide ${G.id(i)}: arrow keys move, + and − zoom`,
      () => see.revisit(),
    );
    follow(see);
    deepen(see, below, said).catch((error) => {
      said.textContent = error.message;
    });
  };
})(GROSSING);
