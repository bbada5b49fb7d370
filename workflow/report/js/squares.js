"use strict";
// Squares on a slide: judged tiles, places whose focus was sampled, blocks of a focus stack.
(function (G) {
  const MISSING = 65535;
  const unpack = (text, Kind) => new Kind(G.bytesOf(text).buffer);
  const SHARE_CUT = 0.02; // of the values at either end share the colour of the end
  const PALE = 0.3; // of blocks without tissue
  const STROKES_FROM = 14; // px of a square on the screen

  function metricOf(packed) {
    const scaled = unpack(packed.values, Uint16Array);
    const width = packed.high - packed.low;
    const value = (t) =>
      scaled[t] === MISSING ? null : packed.low + (scaled[t] / (MISSING - 1)) * width;
    const known = Array.from(scaled)
      .filter((each) => each !== MISSING)
      .sort((a, b) => a - b);
    const at = (share) =>
      packed.low + (known[Math.round(share * (known.length - 1))] / (MISSING - 1)) * width;
    const [low, high] = [at(SHARE_CUT), at(1 - SHARE_CUT)];
    return low < high
      ? { ...packed, value, from: low, to: high }
      : { ...packed, value, from: packed.low, to: packed.high };
  }

  /** Squares of one kind as {count, x, y, size, metrics, ...}, from the packed data of a slide. */
  G.squaresOf = (kind, packed) => {
    const [x, y, size] = ["x_level0_px", "y_level0_px", "size_level0_px"].map((name) =>
      unpack(packed.place[name], Int32Array),
    );
    const made = { kind, count: packed.count, x, y, size, metrics: {}, reasons: null };
    for (const [name, metric] of Object.entries(packed.metrics)) {
      let read = null;
      Object.defineProperty(made.metrics, name, {
        enumerable: true,
        get: () => (read ??= metricOf(metric)),
      });
    }
    if (packed.reason) {
      const number = unpack(packed.reason, Uint16Array);
      made.reasons = Array.from(number, (each) => (each ? packed.reasons[each - 1] : ""));
      made.kinds = made.reasons.map(G.kindOf);
      [made.column, made.row] = ["tile_col", "tile_row"].map((name) =>
        unpack(packed.place[name], Int32Array),
      );
      made.stored = unpack(packed.stored, Uint8Array);
      [made.container, made.suffix] = [packed.container, packed.suffix];
    }
    return made;
  };

  /** Number of the square that holds a place in level-0 px, -1 without one. */
  G.squareAt = (squares, x, y) => {
    for (let t = squares.count - 1; t >= 0; t -= 1) {
      const [dx, dy] = [x - squares.x[t], y - squares.y[t]];
      if (dx >= 0 && dy >= 0 && dx < squares.size[t] && dy < squares.size[t]) return t;
    }
    return -1;
  };

  /** Colour of a square, null where its number is missing. */
  G.squareColour = (squares, name, t, planes) => {
    if (!name) return G.tileKinds[squares.kinds[t]].colour;
    const metric = squares.metrics[name];
    const value = metric.value(t);
    if (value === null) return null;
    if (name === "plane") return G.planeColour(value, planes);
    return G.scaleColour(
      metric.to > metric.from ? (value - metric.from) / (metric.to - metric.from) : 0.5,
    );
  };

  function stroke(pen, sign, x, y, side) {
    pen.beginPath();
    pen.moveTo(x, y + side);
    pen.lineTo(x + side, y);
    if (sign === "x") {
      pen.moveTo(x, y);
      pen.lineTo(x + side, y + side);
    }
    pen.stroke();
  }

  function drawVerdict(pen, squares, t, box, fill) {
    const kind = G.tileKinds[squares.kinds[t]];
    pen.globalAlpha = kind.tint * fill;
    pen.fillStyle = kind.colour;
    pen.fillRect(...box);
    pen.globalAlpha = 0.9;
    pen.strokeStyle = kind.colour;
    pen.lineWidth = box[2] > 60 ? 2 : 1;
    pen.strokeRect(box[0] + 1, box[1] + 1, box[2] - 2, box[3] - 2);
    if (kind.stroke && box[2] >= STROKES_FROM) stroke(pen, kind.stroke, ...box);
  }

  function drawNumber(pen, colour, box, fill) {
    pen.globalAlpha = fill;
    if (colour) {
      pen.fillStyle = colour;
      pen.fillRect(...box);
    }
    pen.globalAlpha = 0.5;
    pen.strokeStyle = "#333";
    pen.lineWidth = 1;
    if (!colour || box[2] > 5) pen.strokeRect(...box);
  }

  function drawChosen(pen, box) {
    pen.globalAlpha = 1;
    for (const [colour, width] of [
      ["#fff", 5],
      ["#000", 2],
    ]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.strokeRect(...box);
    }
  }

  /**
   * Draw the squares on a canvas; `shown` is {squares, metric, planes, fill, chosen}, `place` is
   * {x, y, scale}: where level-0 pixel (0, 0) lies, and px of the screen per level-0 pixel.
   */
  G.drawSquares = (pen, shown, place, width, height) => {
    const { squares, metric, planes, fill, chosen } = shown;
    const boxOf = (t) => [
      place.x + squares.x[t] * place.scale,
      place.y + squares.y[t] * place.scale,
      squares.size[t] * place.scale,
      squares.size[t] * place.scale,
    ];
    const share = metric === "plane" ? squares.metrics.tissue_fraction : null;
    for (let t = 0; t < squares.count; t += 1) {
      const box = boxOf(t);
      if (box[0] > width || box[1] > height || box[0] + box[2] < 0 || box[1] + box[3] < 0) continue;
      if (metric)
        drawNumber(
          pen,
          G.squareColour(squares, metric, t, planes),
          box,
          share && share.value(t) === 0 ? fill * PALE : fill,
        );
      else drawVerdict(pen, squares, t, box, fill);
    }
    if (chosen >= 0) drawChosen(pen, boxOf(chosen));
    pen.globalAlpha = 1;
  };

  /** Squares in the order in which they are looked at: failing first, or the greatest number first. */
  G.squareOrder = (squares, metric, isLowWorse) => {
    const all = Array.from({ length: squares.count }, (_, t) => t);
    if (!metric)
      return all.sort(
        (a, b) => (squares.kinds[a] === "pass") - (squares.kinds[b] === "pass") || a - b,
      );
    const value = squares.metrics[metric].value;
    const known = all.filter((t) => value(t) !== null);
    return known.sort((a, b) => (isLowWorse ? value(a) - value(b) : value(b) - value(a)));
  };
})(GROSSING);
