"use strict";
// Every number of a slide with unit, limit and what it means, in groups; its stain colours.
(function (G) {
  const { h } = G;
  const GROUPS = {
    "Tissue and what lies on it": [
      "tissue_area_mm2",
      "tissue_fraction",
      "pen_fraction",
      "possible_pen_fraction",
      "possible_pen_area_mm2",
      "fold_fraction",
      "bubble_fraction",
      "faint_tissue_fraction",
      "thin_tissue_fraction",
      "mask_source",
    ],
    "Mask of your own": [
      "mask_agreement",
      "mask_missed_fraction",
      "mask_on_glass_fraction",
      "mask_moved_gain",
    ],
    Focus: [
      "focus_median",
      "blurred_fraction",
      "blurred_fraction_low",
      "blurred_fraction_high",
      "focus_uncertain_fraction",
      "sharpness_score",
      "round_detail_fraction",
    ],
    Tiles: [
      "candidate_tiles",
      "passed_tiles",
      "lost_tiles",
      "lost_fraction",
      "absent_fraction",
      "suspicious_fraction",
      "tile_bytes",
    ],
    "Light and stain": [
      "brightness",
      "background_r",
      "background_g",
      "background_b",
      "hematoxylin_od",
      "eosin_od",
      "stain_h_r",
      "stain_h_g",
      "stain_h_b",
      "stain_e_r",
      "stain_e_g",
      "stain_e_b",
      "foreign_dye_fraction",
      "eosin_fraction",
      "eosin_extent",
      "blue_ratio_low",
      "red_ratio_high",
    ],
    "In the cohort": [
      "outlier_z",
      "stain_z",
      "outlier_of",
      "duplicate_of",
      "review_decision",
      "reviewed_by",
      "review_date",
      "review_note",
    ],
    "File and how it was read": [
      "vendor",
      "width_px",
      "height_px",
      "mpp",
      "mpp_source",
      "objective",
      "tile_reader",
      "tile_mpp",
      "target_mpp",
      "picture_width_px",
      "picture_height_px",
      "content_hash",
      "mask_hash",
      "error_message",
      "remedy",
    ],
  };
  const SHEET = "Cohort sheet";
  const HEADING = ["qc_status", "qc_reasons"]; // stand above

  const { numberRow: row, numberTable: table, plainRow: plain } = G;

  function columnsOf(names) {
    return names.map((name) => G.columns.get(name)).filter(Boolean);
  }

  function swatch(name, vector, glass) {
    const box = h("span", { class: "swatch", "aria-hidden": "true" });
    box.style.backgroundColor = vector ? G.stainColour(vector, glass) : `rgb(${glass.join(",")})`;
    return h(
      "li",
      {},
      box,
      h(
        "span",
        {},
        h("b", {}, name),
        h("br"),
        h(
          "span",
          { class: "note" },
          vector
            ? `optical density ${vector.map((od) => od.toFixed(2)).join(", ")} (R, G, B)`
            : `${glass.join(", ")} (R, G, B)`,
        ),
      ),
    );
  }

  /** Colours of the stains as the slide shows them. */
  function swatches(stain) {
    if (!stain) return null;
    const fit = stain.macenko;
    const said = fit
      ? `Hematoxylin and eosin of this slide by Macenko's method, as they look where the optical density is 1.${stain.angle_deg ? ` The angle between them is ${G.number(stain.angle_deg)}°.` : ""}`
      : "No stain vectors: the slide is not H&E, or does not show both stains.";
    return h(
      "div",
      {},
      h(
        "ul",
        { class: "swatches" },
        fit && swatch("hematoxylin", fit.h, stain.glass),
        fit && swatch("eosin", fit.e, stain.glass),
        swatch("glass", null, stain.glass),
      ),
      h("p", { class: "note" }, said),
    );
  }

  function levels(file) {
    const text = file.levels
      .map(
        (level) =>
          `${G.number(level.width_px)} × ${G.number(level.height_px)}${level.trusted ? "" : " (not trusted)"}`,
      )
      .join("; ");
    const bounds = file.bounds;
    return [
      plain(
        "levels",
        text,
        "size of every resolution level of the file, px; a level that is not trusted shows another picture",
      ),
      plain(
        "scanned bounds",
        `${G.number(bounds.width)} × ${G.number(bounds.height)} at ${G.number(bounds.x)}, ${G.number(bounds.y)}`,
        "the scanned rectangle, level-0 px",
      ),
      plain(
        "colour profile",
        file.icc_bytes ? G.bytes(file.icc_bytes) : "none",
        "ICC profile that the file holds",
      ),
      plain("OpenSlide quickhash", file.quickhash || "–", "identity of the slide for OpenSlide"),
    ];
  }

  const made = () => [
    plain("Grossing", G.data.about.version, "version that made this report"),
    plain("configuration", G.data.about.config_digest, "digest of all settings of the run"),
    plain("report made", G.data.about.date, ""),
  ];

  function zones(facts) {
    if (!facts.zones) return null;
    const {
      reason,
      zones: count,
      area_mm2: area,
      fraction,
      largest_mm2: largest,
      threshold,
    } = facts.zones;
    if (reason)
      return table("Zones of high cellularity", [plain("not measured", G.words(reason), "")]);
    return table("Zones of high cellularity", [
      plain("zones", G.number(count), "connected areas with many nuclei, such as inflammation"),
      plain("area", `${G.number(area)} mm²`, "of all zones"),
      plain("share", G.number(fraction), "of the tissue that was measured"),
      plain("largest", `${G.number(largest)} mm²`, ""),
      plain("threshold", G.number(threshold), "share of nuclear pixels above which a block counts"),
    ]);
  }

  function stack(facts) {
    if (!facts.stack) return null;
    if (facts.stack.refusal)
      return table("Focus stack", [plain("refused", facts.stack.refusal, "")]);
    return table(
      "Focus stack",
      facts.stack.planes.map((plane) =>
        plain(
          `plane ${plane.plane}`,
          G.plural(plane.blocks, "block"),
          plane.shift_x_px === null
            ? ""
            : `shifted by ${G.number(plane.shift_x_px)}, ${G.number(plane.shift_y_px)} px against the middle plane`,
        ),
      ),
    );
  }

  function nuclei(tiles) {
    const metric = tiles && tiles.metrics.nuclei_count;
    if (!metric) return null;
    const counts = Array.from({ length: tiles.count }, (_, t) => metric.value(t)).filter(
      (value) => value !== null,
    );
    const total = Math.round(counts.reduce((sum, value) => sum + value, 0));
    return table("Nuclei", [
      plain(
        "nuclei",
        G.number(total),
        "in all tiles; their density is a colour of the tiles above",
      ),
      plain("tiles measured", G.number(counts.length), ""),
    ]);
  }

  /** All groups of a slide's numbers; `facts` and `tiles` are null where there are none. */
  G.numbersOf = (i, facts, tiles) => {
    const grouped = new Set([...HEADING, ...Object.values(GROUPS).flat()]);
    const sheet = G.data.columns.filter((column) => !column.own);
    const rest = G.data.columns.filter((column) => column.own && !grouped.has(column.name));
    const isKnown = (names) => columnsOf(names).some((column) => G.cell(column.name, i) !== null);
    const unknown = Object.keys(GROUPS).filter(
      (title) => !title.startsWith("File") && !isKnown(GROUPS[title]),
    );
    const sections = Object.entries(GROUPS)
      .filter(([title]) => !unknown.includes(title))
      .map(([title, names]) => {
        const rows = columnsOf(names).map((column) => row(column, i));
        const isFile = title.startsWith("File");
        return table(
          title,
          isFile ? [...rows, ...(facts?.file ? levels(facts.file) : []), ...made()] : rows,
          title === "Light and stain" && facts ? swatches(facts.stain) : null,
        );
      });
    return h(
      "div",
      { class: "groups" },
      ...sections,
      facts && zones(facts),
      nuclei(tiles),
      facts && stack(facts),
      rest.length
        ? table(
            "Other",
            rest.map((column) => row(column, i)),
          )
        : null,
      table(
        SHEET,
        sheet.map((column) => row(column, i)),
      ),
      unknown.length
        ? h("p", { class: "note" }, `Without any value: ${unknown.join("; ").toLowerCase()}.`)
        : null,
    );
  };
})(GROSSING);
