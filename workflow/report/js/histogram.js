"use strict";
// A distribution with the threshold as a line that can be dragged, moved with the arrow keys, or typed.
(function (G) {
  const { svg } = G;
  const WIDTH = 640;
  const HEIGHT = 150;
  const LEFT = 8;
  const BOTTOM = 22;
  const GROUPS = 6;

  const ticks = (low, high) => {
    const step = 10 ** Math.floor(Math.log10((high - low) / 3 || 1));
    const nice = [1, 2, 5, 10]
      .map((factor) => factor * step)
      .find((candidate) => (high - low) / candidate <= 6);
    const made = [];
    for (let at = Math.ceil(low / nice) * nice; at <= high + nice * 1e-6; at += nice)
      made.push(Number(at.toPrecision(10)));
    return made;
  };

  /** Bars of groups, stacked; `bins` is a list per group. `edges` has one more entry than bins. */
  function bars(edges, groups, x, top) {
    const made = [];
    const sums = edges
      .slice(1)
      .map((_, b) => groups.reduce((total, group) => total + group.bins[b], 0));
    const most = Math.max(1, ...sums);
    const scale = (count) => Math.sqrt(count / most) * (HEIGHT - BOTTOM - top);
    edges.slice(1).forEach((_, b) => {
      let y = HEIGHT - BOTTOM;
      groups.forEach((group, g) => {
        if (!group.bins[b]) return;
        const height = scale(sums[b]) * (group.bins[b] / sums[b]);
        y -= height;
        const left = x(edges[b]);
        made.push(
          svg(
            "rect",
            {
              class: `bar g${g % GROUPS}`,
              x: left,
              y,
              width: Math.max(1, x(edges[b + 1]) - left - 1),
              height,
            },
            svg(
              "title",
              {},
              `${G.number(edges[b])} to ${G.number(edges[b + 1])}: ${G.number(group.bins[b])}${group.name ? ` of ${group.name}` : ""}`,
            ),
          ),
        );
      });
    });
    return made;
  }

  function threshold(rule, limit, x, low, high) {
    const at = x(Math.min(high, Math.max(low, limit)));
    const outX = rule.direction === "max" ? at : x(low);
    const outWidth = Math.max(0, rule.direction === "max" ? x(high) - at : at - x(low));
    return svg(
      "g",
      {},
      svg("rect", { class: "out", x: outX, y: 0, width: outWidth, height: HEIGHT - BOTTOM }),
      svg("line", {
        class: "shipped",
        x1: x(Math.min(high, Math.max(low, rule.limit))),
        x2: x(Math.min(high, Math.max(low, rule.limit))),
        y1: 0,
        y2: HEIGHT - BOTTOM,
      }),
      svg("line", { class: "limit", x1: at, x2: at, y1: 0, y2: HEIGHT - BOTTOM }),
      svg("circle", { class: "grip", cx: at, cy: 10, r: 8 }),
    );
  }

  const step = (rule, limit, direction, low, high) => {
    if (rule.positions) {
      const place = rule.positions.indexOf(limit) + direction;
      return rule.positions[Math.min(rule.positions.length - 1, Math.max(0, place))];
    }
    const next = rounded(limit + (direction * (high - low)) / 100, low, high);
    return rule.integer
      ? limit + direction * Math.max(1, Math.round(Math.abs(next - limit)))
      : next;
  };

  /** A number with as many digits as the plot can tell apart. */
  const rounded = (value, low, high) => {
    const digits = Math.max(0, 3 - Math.ceil(Math.log10(high - low || 1)));
    return Number(value.toFixed(Math.min(8, digits)));
  };

  const whole = (rule, value) => (rule.integer ? Math.round(value) : value);

  /** The bars of a number that has no threshold. */
  G.barPlot = (name, data) => {
    const [low, high] = [data.edges[0], data.edges[data.edges.length - 1]];
    const x = (value) => LEFT + ((value - low) / (high - low || 1)) * (WIDTH - 2 * LEFT);
    return svg(
      "svg",
      {
        class: "histogram still",
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": `Distribution of ${G.words(name)}`,
      },
      ...bars(data.edges, data.groups, x, 14),
      ...axis(low, high, x),
    );
  };

  const axis = (low, high, x) => [
    svg("line", {
      class: "axis",
      x1: LEFT,
      x2: WIDTH - LEFT,
      y1: HEIGHT - BOTTOM,
      y2: HEIGHT - BOTTOM,
    }),
    ...ticks(low, high).map((at) =>
      svg(
        "text",
        { class: "tick", x: x(at), y: HEIGHT - 7, "text-anchor": at === low ? "start" : "middle" },
        G.number(at),
      ),
    ),
  ];

  /**
   * One plot. `data` has edges and groups ({name, bins}); `onmove(value)` follows the line;
   * `onbrush(low, high)`, where given, is told of a range that is drawn with the shift key or below the axis.
   */
  G.histogram = (rule, data, limit, onmove, onbrush) => {
    const low = data.edges[0];
    const high = data.edges[data.edges.length - 1];
    const x = (value) => LEFT + ((value - low) / (high - low || 1)) * (WIDTH - 2 * LEFT);
    const valueAt = (event) => {
      const box = plot.getBoundingClientRect();
      const share = (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - 2 * LEFT);
      return low + Math.min(1, Math.max(0, share)) * (high - low);
    };
    const plot = svg("svg", {
      class: "histogram",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      tabindex: "0",
      role: "slider",
      "aria-label": `Threshold ${rule.key}`,
      "aria-valuemin": low,
      "aria-valuemax": high,
    });
    const line = svg("g", {});
    const brushed = svg("rect", { class: "brushed", y: 0, height: HEIGHT - BOTTOM, width: 0 });
    plot.append(
      svg("g", {}, ...bars(data.edges, data.groups, x, 14)),
      brushed,
      ...axis(low, high, x),
      line,
    );

    plot.set = (value) => {
      limit = value;
      line.replaceChildren(threshold(rule, value, x, low, high));
      plot.setAttribute("aria-valuenow", value);
      plot.setAttribute(
        "aria-valuetext",
        `${rule.direction === "max" ? "at most" : "at least"} ${G.number(value)} ${rule.unit}`,
      );
    };
    plot.set(limit);
    const move = (value) => {
      const next = rule.positions
        ? G.nearestPosition(rule, value)
        : whole(rule, rounded(value, low, high));
      if (next !== limit) onmove(next);
    };
    follow(plot, valueAt, { move, onbrush, brushed, x });
    plot.addEventListener("keydown", (event) => {
      const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!direction) return;
      event.preventDefault();
      onmove(step(rule, limit, direction, low, high));
    });
    return plot;
  };

  /** Dragging moves the line; with the shift key it selects a range. */
  function follow(plot, valueAt, { move, onbrush, brushed, x }) {
    let start = null;
    plot.addEventListener("pointerdown", (event) => {
      plot.setPointerCapture(event.pointerId);
      plot.dataset.drag = event.shiftKey && onbrush ? "brush" : "line";
      start = valueAt(event);
      if (plot.dataset.drag === "line") move(start);
    });
    plot.addEventListener("pointermove", (event) => {
      if (plot.dataset.drag === "line") move(valueAt(event));
      if (plot.dataset.drag === "brush") {
        const ends = [start, valueAt(event)].sort((a, b) => a - b);
        brushed.setAttribute("x", x(ends[0]));
        brushed.setAttribute("width", x(ends[1]) - x(ends[0]));
      }
    });
    const end = (event) => {
      const wasBrush = plot.dataset.drag === "brush";
      delete plot.dataset.drag;
      if (wasBrush) onbrush(...[start, valueAt(event)].sort((a, b) => a - b));
    };
    plot.addEventListener("pointerup", end);
    plot.addEventListener("pointercancel", () => delete plot.dataset.drag);
  }
})(GROSSING);
