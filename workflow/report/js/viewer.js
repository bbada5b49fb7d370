"use strict";
// The slide to look at: its thumbnail, its tiles where they can be read, and layers over both.
(function (G) {
  const { h, svg } = G;
  const OUTLINE_PX = 1.6;
  const OPTIONS = {
    drawer: "canvas",
    prefixUrl: "",
    showNavigationControl: false,
    animationTime: 0.35,
    maxZoomPixelRatio: 4,
    minZoomImageRatio: 0.7,
    visibilityRatio: 0.4,
    imageSmoothingEnabled: true,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsPen: { clickToZoom: false },
  };
  let open = null;

  function close() {
    if (open) open.destroy();
    open = null;
  }

  // A viewer that is no longer on the page would keep running.
  function closeWithout(element, viewer) {
    new MutationObserver((_, observer) => {
      if (element.isConnected) return;
      observer.disconnect();
      if (open === viewer) close();
    }).observe(document.getElementById("main"), { childList: true });
  }

  // OpenSeadragon turns the picture by r and flips it by f; here r rejects.
  function keysOf(viewer) {
    viewer.addHandler("canvas-key", (event) => {
      if (/^[a-zA-Z]$/.test(event.originalEvent.key)) event.preventDefaultAction = true;
    });
  }

  class Viewer {
    constructor(frame) {
      this.frame = frame;
      this.shown = null;
      this.canvas = h("canvas", { class: "over", "aria-hidden": "true" });
      this.group = svg("g", {});
      this.layers = svg("svg", { class: "over", "aria-hidden": "true" }, this.group);
      this.stage = h("div", { class: "stage" });
      this.element = h("div", { class: "viewer" }, this.stage, this.layers, this.canvas);
    }

    /** Once the element is on the page. */
    start(picture, label, ready) {
      this.ready = ready;
      close();
      this.osd = OpenSeadragon({ element: this.stage, ...OPTIONS });
      open = this.osd;
      closeWithout(this.element, this.osd);
      keysOf(this.osd);
      this.osd.canvas.setAttribute("role", "application");
      this.osd.canvas.setAttribute("aria-label", label);
      ["update-viewport", "resize", "open"].forEach((name) =>
        this.osd.addHandler(name, () => this.draw()),
      );
      new ResizeObserver(() => this.draw()).observe(this.element);
      if (picture)
        this.osd.addSimpleImage({
          url: picture,
          width: 1,
          success: () => {
            this.home();
            this.ready();
          },
        });
    }

    home() {
      this.osd.viewport.goHome(true);
      this.draw();
    }

    /** Where level-0 pixels of the slide lie on the screen: {x, y, scale}. */
    place() {
      if (!this.osd?.world.getItemCount()) return null;
      const [origin, right] = [0, 1].map((x) =>
        this.osd.viewport.pixelFromPoint(new OpenSeadragon.Point(x, 0), true),
      );
      const scale = (right.x - origin.x) / this.frame.width;
      return { x: origin.x - this.frame.x * scale, y: origin.y - this.frame.y * scale, scale };
    }

    draw() {
      const place = this.place();
      if (!place || !this.element.isConnected) return;
      const [width, height] = [this.element.clientWidth, this.element.clientHeight];
      const dense = window.devicePixelRatio || 1;
      if (
        this.canvas.width !== Math.round(width * dense) ||
        this.canvas.height !== Math.round(height * dense)
      ) {
        [this.canvas.width, this.canvas.height] = [
          Math.round(width * dense),
          Math.round(height * dense),
        ];
      }
      const pen = this.canvas.getContext("2d");
      pen.setTransform(dense, 0, 0, dense, 0, 0);
      pen.clearRect(0, 0, width, height);
      if (this.shown) G.drawSquares(pen, this.shown, place, width, height);
      this.drawLayers(place);
      if (this.onDraw) this.onDraw(place);
    }

    drawLayers({ x, y, scale }) {
      this.group.setAttribute(
        "transform",
        `translate(${x + this.frame.x * scale} ${y + this.frame.y * scale}) scale(${scale})`,
      );
      for (const edge of this.group.querySelectorAll("feMorphology"))
        edge.setAttribute("radius", OUTLINE_PX / scale);
    }

    /** The tiles over the thumbnail, which stays in view where there is no tile. */
    addTiles(source, picture, areas) {
      const width =
        (source.dimensions.x / picture.tile_px) * (picture.tile_level0_px / this.frame.width);
      return new Promise((resolve, reject) =>
        this.osd.addTiledImage({
          tileSource: source,
          x: 0,
          y: 0,
          width,
          success: ({ item }) => {
            item.setCroppingPolygons(areas);
            resolve();
          },
          error: (event) => reject(new Error(event.message)),
        }),
      );
    }

    /** Level-0 pixel under a pointer event. */
    under(event) {
      const place = this.place();
      const box = this.stage.getBoundingClientRect();
      return (
        place && [
          (event.clientX - box.left - place.x) / place.scale,
          (event.clientY - box.top - place.y) / place.scale,
        ]
      );
    }

    zoomBy(factor) {
      this.osd.viewport.zoomBy(factor).applyConstraints();
    }

    /** Show a square with what is around it. */
    lookAt(x, y, side) {
      const wide = (3 * side) / this.frame.width;
      const at = [x + side / 2 - this.frame.x, y + side / 2 - this.frame.y].map(
        (px) => px / this.frame.width,
      );
      this.osd.viewport.fitBounds(
        new OpenSeadragon.Rect(at[0] - wide / 2, at[1] - wide / 2, wide, wide),
      );
    }
  }

  G.Viewer = Viewer;
})(GROSSING);
