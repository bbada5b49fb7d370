"use strict";
// `decide` of the workflow, on the numbers that the data file holds: what a rerun would say.
(function (G) {
  const FAIL = 1;
  const SUSPICIOUS = 2;

  G.shipped = () => {
    const limits = { "slide.near_margin": G.data.margin };
    for (const rule of G.rules) limits[rule.key] = rule.limit;
    return limits;
  };

  const isBeyond = (rule, value, limit) =>
    value !== null &&
    value !== undefined &&
    (rule.direction === "max" ? value > limit : value < limit);
  const isNear = (value, limit, margin) =>
    value !== null &&
    value !== undefined &&
    limit !== 0 &&
    Math.abs(value - limit) < margin * limit;
  const passes = (verdict) => verdict.status === "PASS" || verdict.status === "REVIEW";
  G.isBeyond = isBeyond;

  /** Joint counts, unpacked once: for each slide which combinations of bins it has, how many tiles. */
  G.unpackTiles = () => {
    const { width, combinations, counts, lengths } = G.data.tiles;
    const packed = G.bytesOf(counts);
    const starts = new Uint32Array(lengths.length + 1);
    const kinds = [];
    const numbers = [];
    let at = 0;
    for (let i = 0; i < lengths.length; i += 1) {
      const end = at + lengths[i];
      let kind = 0;
      let isCount = false;
      while (at < end) {
        let value = 0;
        let scale = 1;
        let byte;
        do {
          byte = packed[at];
          at += 1;
          value += (byte & 127) * scale;
          scale *= 128;
        } while (byte > 127);
        if (isCount) {
          kinds.push(kind);
          numbers.push(value);
        } else kind += value;
        isCount = !isCount;
      }
      starts[i + 1] = kinds.length;
    }
    G.tiles = {
      width,
      rows: G.bytesOf(combinations),
      starts,
      kinds: Uint32Array.from(kinds),
      numbers: Uint32Array.from(numbers),
    };
  };

  /** For each combination of bins 0, or FAIL and SUSPICIOUS as `decide.tiles` finds them. */
  function judgedCombinations(limits) {
    const { width, rows } = G.tiles;
    const rules = G.rules.filter((rule) => rule.stage === "tile");
    const places = rules.map((rule) => rule.positions.indexOf(limits[rule.key]));
    const flags = new Uint8Array(rows.length / width);
    for (let k = 0; k < flags.length; k += 1) {
      let flag = rows[k * width];
      for (let r = 0; r < rules.length; r += 1) {
        const bin = rows[k * width + 1 + r];
        if (rules[r].direction === "max" ? bin > places[r] : bin <= places[r]) {
          flag |= rules[r].suspicious ? FAIL | SUSPICIOUS : FAIL;
        }
      }
      flags[k] = flag;
    }
    return flags;
  }

  /** Candidates, passing and suspicious tiles of a slide. */
  function tilesOf(i, flags) {
    const { starts, kinds, numbers } = G.tiles;
    const found = { candidates: 0, passed: 0, suspicious: 0 };
    for (let at = starts[i]; at < starts[i + 1]; at += 1) {
      const flag = flags[kinds[at]];
      found.candidates += numbers[at];
      if (!(flag & FAIL)) found.passed += numbers[at];
      if (flag & SUSPICIOUS) found.suspicious += numbers[at];
    }
    return found;
  }

  /** Share of a slide that is blurred under the focus threshold, and the bounds of its interval. */
  function blurredShares(i, limits) {
    const all = G.data.judged.blurred[i];
    if (!all) return null;
    const at = 3 * G.rule.get(G.data.focus).positions.indexOf(limits[G.data.focus]);
    return all.slice(at, at + 3).map((value) => value / 10000);
  }

  /** Whether a slide's number surely exceeds a limit, or is close to it, as `decide.slide` says. */
  function judgedBy(rule, i, limits) {
    const limit = limits[rule.key];
    const margin = limits["slide.near_margin"];
    if (rule.column !== "blurred_fraction") {
      const value = G.judgedValue(rule, i, limits);
      return { beyond: isBeyond(rule, value, limit), near: isNear(value, limit, margin) };
    }
    const shares = blurredShares(i, limits);
    if (!shares) return { beyond: false, near: false };
    const [value, low, high] = shares;
    return {
      beyond: low > limit,
      near: isNear(value, limit, margin) || (low <= limit && limit < high),
    };
  }

  /** The number of a slide that a rule judges; `blurred_fraction` depends on the focus threshold. */
  G.judgedValue = (rule, i, limits) => {
    const judged = G.data.judged;
    if (rule.column === "blurred_fraction") {
      const shares = blurredShares(i, limits);
      return shares ? shares[0] : null;
    }
    if (rule.stage === "tiling" || rule.stage === "cohort") return G.cell(rule.column, i);
    const values = judged.values[rule.column];
    return values ? values[i] : null;
  };

  function beforeTiling(i, limits) {
    const judged = G.data.judged;
    const base = judged.status[i];
    const codes = [];
    const near = [];
    const doubtful = [];
    for (const rule of G.rules) {
      if (!["bright", "slide", "review"].includes(rule.stage)) continue;
      const { beyond, near: close } = judgedBy(rule, i, limits);
      if (beyond && rule.stage === "bright") return { status: "FAIL", codes: [rule.code] };
      if (beyond) (rule.stage === "review" ? doubtful : codes).push(rule.code);
      else if (rule.stage === "slide" && close) near.push(rule.code);
    }
    const fixed = G.codes(judged.reasons[i]);
    if (base === "FAIL" || base === "ERROR") return { status: base, codes: [...fixed, ...codes] };
    if (codes.length)
      return {
        status: judged.fail[i],
        codes: [...fixed.filter((code) => code === G.data.doubtful), ...codes],
      };
    if (near.length) doubtful.unshift("near_threshold", ...near);
    if (doubtful.length) return { status: "REVIEW", codes: [...fixed, ...doubtful] };
    return { status: base, codes: fixed };
  }

  /** A verdict beside the other slides: outliers and duplicates are looked at. */
  function besideOthers(i, limits, verdict) {
    if (!passes(verdict)) return verdict;
    const beyond = G.rules.filter(
      (rule) => rule.stage === "cohort" && isBeyond(rule, G.cell(rule.column, i), limits[rule.key]),
    );
    const codes = [...beyond.map((rule) => rule.code), ...G.codes(G.data.judged.found[i])];
    return codes.length ? { status: "REVIEW", codes: [...verdict.codes, ...codes] } : verdict;
  }

  /** A verdict after a person's, as `decide.reviewed` has it. */
  function reviewed(i, verdict) {
    const review = G.data.judged.review[i];
    if (!review) return verdict;
    if (review === "outdated")
      return passes(verdict)
        ? { status: "REVIEW", codes: [...verdict.codes, "review_outdated"] }
        : verdict;
    if (verdict.status === "ERROR") return verdict;
    if (review === "reject")
      return { status: "FAIL", codes: ["rejected_by_review", ...verdict.codes] };
    if (verdict.codes.some((code) => G.data.never_accepted.includes(code))) return verdict;
    return { status: "PASS", codes: [...new Set(["accepted_by_review", ...verdict.codes])] };
  }

  const verdictBefore = (i, limits) =>
    reviewed(i, besideOthers(i, limits, beforeTiling(i, limits)));

  function afterTiling(i, limits, before, tiles) {
    const lowered = loweredByTiling(i, limits, before, tiles);
    return G.data.judged.review[i] === "accept" && lowered !== before
      ? reviewed(i, lowered)
      : lowered;
  }

  function loweredByTiling(i, limits, before, tiles) {
    const codes = [];
    for (const rule of G.rules) {
      if (rule.stage !== "tiling") continue;
      const value =
        rule.column === "suspicious_fraction"
          ? tiles.candidates
            ? tiles.suspicious / tiles.candidates
            : 0
          : G.cell(rule.column, i) || 0;
      if (isBeyond(rule, value, limits[rule.key])) codes.push(rule.code);
    }
    if (!tiles.passed) codes.push(tiles.candidates ? "no_passing_tile" : "no_candidate_tile");
    if (codes.length)
      return {
        status: before.codes.includes(G.data.doubtful) ? "ERROR" : "FAIL",
        codes: [...before.codes, ...codes],
      };
    if (G.cell("lost_fraction", i) && !before.codes.includes("salvaged")) codes.push("salvaged");
    if (tiles.suspicious) codes.push("suspicious_tiles");
    return codes.length ? { status: "REVIEW", codes: [...before.codes, ...codes] } : before;
  }

  /** Whether a slide's tiles are known: it was tiled, or its tiling found no candidate. */
  G.wasTiled = (i) => G.wasTiledBefore[i];

  /**
   * The verdict of every slide.
   * Returns status, codes, tiles (of slides that are in), and `unknown`: slides that would be tiled
   * for the first time; their status is the one before tiling.
   */
  G.judgeAll = (limits) => {
    const flags = judgedCombinations(limits);
    const made = {
      status: [],
      codes: [],
      tiles: new Uint32Array(G.count),
      unknown: new Uint8Array(G.count),
    };
    for (let i = 0; i < G.count; i += 1) {
      let verdict = verdictBefore(i, limits);
      let tiles = null;
      if (G.unexplained && G.unexplained.has(i))
        verdict = { status: G.cell("qc_status", i), codes: G.codes(G.cell("qc_reasons", i)) };
      if (passes(verdict)) {
        if (G.wasTiledBefore[i]) {
          tiles = tilesOf(i, flags);
          if (!G.unexplained || !G.unexplained.has(i))
            verdict = afterTiling(i, limits, verdict, tiles);
        } else made.unknown[i] = 1;
      }
      made.status.push(verdict.status);
      made.codes.push(verdict.codes);
      if (tiles && passes(verdict)) made.tiles[i] = tiles.passed;
    }
    return made;
  };

  /** The verdicts of the run, judged here again; slides where the two differ are not predicted. */
  G.startJudging = () => {
    G.unpackTiles();
    const limits = G.shipped();
    G.wasTiledBefore = Array.from({ length: G.count }, (_, i) => passes(verdictBefore(i, limits)));
    G.now = G.judgeAll(limits);
    const differing = new Set();
    for (let i = 0; i < G.count; i += 1) {
      if (G.now.status[i] !== G.cell("qc_status", i)) differing.add(i);
    }
    G.unexplained = differing;
    if (differing.size) G.now = G.judgeAll(limits);
  };

  // What is counted besides verdicts, and how the explorer is divided.
  G.counts = { tiles: "passing tiles" };
  G.unknownText =
    "would be tiled for the first time: the tiles are unknown and not counted, and what tiling finds may lower the verdict.";
  G.command = () =>
    `snakemake --profile profiles/local \\\n  --directory WORKDIR \\\n  --configfile thresholds.yaml \\\n  --config cohort=${G.data.about.cohort}`;
  G.thresholdSections = () => [
    { title: "Of slides", holds: (rule) => rule.stage !== "tile" },
    { title: "Of tiles", holds: (rule) => rule.stage === "tile" },
  ];

  G.totals = (verdicts, among) => {
    const totals = { PASS: 0, REVIEW: 0, FAIL: 0, ERROR: 0, tiles: 0, unknown: 0 };
    const add = (i) => {
      totals[verdicts.status[i]] += 1;
      totals.tiles += verdicts.tiles[i];
      totals.unknown += verdicts.unknown[i];
    };
    if (among) among.forEach(add);
    else for (let i = 0; i < G.count; i += 1) add(i);
    return totals;
  };

  /** How many tiles fall between the positions of a tile threshold, of some slides. */
  G.tileBins = (rule, among) => {
    const { width, rows, starts, kinds, numbers } = G.tiles;
    const place = 1 + G.rules.filter((other) => other.stage === "tile").indexOf(rule);
    const bins = new Array(rule.positions.length + 1).fill(0);
    for (const i of among) {
      for (let at = starts[i]; at < starts[i + 1]; at += 1) {
        bins[rows[kinds[at] * width + place]] += numbers[at];
      }
    }
    return bins;
  };
})(GROSSING);
