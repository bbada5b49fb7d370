"use strict";
// Tiles for OpenSeadragon: beside the page (a folder, or a zip through `make serve`), or from a zip
// that the reader picks.
(function (G) {
  const parts = (path) => path.split("/").map(encodeURIComponent).join("/");
  const above = (level, value) => value >> level;

  /** Which tiles of each level were written: glass never was, so OpenSeadragon must not ask for it. */
  G.writtenTiles = (squares, top) => {
    const levels = Array.from({ length: top + 1 }, () => new Set());
    for (let t = 0; t < squares.count; t += 1) {
      if (!squares.stored[t]) continue;
      for (let up = 0; up <= top; up += 1)
        levels[top - up].add(`${above(up, squares.column[t])}_${above(up, squares.row[t])}`);
    }
    return levels;
  };

  /** Where tiles were written, as polygons in px of the picture: the rest of coarser levels is blank. */
  G.writtenAreas = (squares, side) => {
    const places = Array.from(squares.column, (x, t) => [squares.row[t], x, t])
      .filter(([, , t]) => squares.stored[t])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const runs = [];
    for (const [y, x] of places) {
      const last = runs[runs.length - 1];
      if (last && last.y === y && last.end === x) last.end += 1;
      else runs.push({ y, start: x, end: x + 1 });
    }
    return runs.map(({ y, start, end }) =>
      [
        [start, y],
        [end, y],
        [end, y + 1],
        [start, y + 1],
      ].map(([px, py]) => ({ x: px * side, y: py * side })),
    );
  };

  const topLevel = (picture) => Math.ceil(Math.log2(Math.max(picture.width, picture.height)));

  function source(picture, squares, getTileUrl) {
    const written = G.writtenTiles(squares, topLevel(picture));
    const made = new OpenSeadragon.TileSource({
      width: picture.width,
      height: picture.height,
      tileSize: picture.tile_px,
      tileOverlap: 0,
      minLevel: 0,
      maxLevel: topLevel(picture),
    });
    made.tileExists = (level, x, y) => Boolean(written[level]?.has(`${x}_${y}`));
    made.hasTransparency = () => false;
    made.getTileUrl = getTileUrl;
    return made;
  }

  const member = (id, squares, level, x, y) => `${id}_files/${level}/${x}_${y}.${squares.suffix}`;

  /** Where the tiles are beside the page: an address that ends in "/", null where they cannot be read. */
  G.tilesBeside = (squares) => {
    if (!squares.container || !squares.suffix) return null;
    const isZip = squares.container.endsWith(".zip");
    return isZip && location.protocol === "file:" ? null : `../../${parts(squares.container)}/`;
  };

  /** Whether the tiles are there: the page may have been copied without them. */
  G.areTilesThere = (beside, id, squares) =>
    new Promise((resolve) => {
      const probe = new Image();
      probe.onload = () => resolve(true);
      probe.onerror = () => resolve(false);
      probe.src = beside + parts(member(id, squares, 0, 0, 0));
    });

  G.sourceBeside = (beside, id, picture, squares) =>
    source(picture, squares, (level, x, y) => beside + parts(member(id, squares, level, x, y)));

  async function entriesOf(file) {
    zip.configure({ useWebWorkers: false });
    const reader = new zip.ZipReader(new zip.BlobReader(file));
    return new Map((await reader.getEntries()).map((entry) => [entry.filename, entry]));
  }

  function show(context, blob) {
    const address = URL.createObjectURL(blob);
    const image = new Image();
    image.onload = () => {
      URL.revokeObjectURL(address);
      context.finish(image, null, "image");
    };
    image.onerror = () => {
      URL.revokeObjectURL(address);
      context.fail("a tile does not decode", null);
    };
    image.src = address;
  }

  /** Tiles of a picked zip; an Error where it holds another slide. */
  G.sourceInZip = async (file, id, picture, squares) => {
    const entries = await entriesOf(file).catch(() => {
      throw new Error(`${file.name} is not a zip file that can be read.`);
    });
    if (!entries.has(`${id}.dzi`))
      throw new Error(
        `${file.name} does not hold the tiles of ${id}: pick ${squares.container.split("/").pop()}.`,
      );
    const made = source(picture, squares, (level, x, y) => member(id, squares, level, x, y));
    const type = squares.suffix === "png" ? "image/png" : "image/jpeg";
    made.downloadTileStart = (context) => {
      const entry = entries.get(context.src);
      if (!entry) return context.fail("not in this zip", null);
      return entry.getData(new zip.BlobWriter(type)).then(
        (blob) => show(context, blob),
        (error) => context.fail(error.message, null),
      );
    };
    made.downloadTileAbort = () => {};
    return made;
  };
})(GROSSING);
