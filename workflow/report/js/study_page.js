"use strict";
// One study: its planes with the outlines of the masks, why it is in or out, every number.
(function (G) {
  const { h } = G;
  const GROUPS = {
    Geometry: [
      "slices",
      "rows",
      "columns",
      "row_spacing_mm",
      "column_spacing_mm",
      "slice_spacing_mm",
      "slice_spacing_min_mm",
      "slice_spacing_max_mm",
      "spacing_variation",
      "slice_thickness_mm",
      "slices_missing",
      "slices_duplicate",
      "slices_displaced",
      "tilt_deg",
      "orientation_spread_deg",
    ],
    Values: [
      "value_min",
      "value_max",
      "value_mean",
      "value_sd",
      "value_p01",
      "padding_fraction",
      "voxels_not_finite",
      "slices_blank",
      "slices_repeated",
      "border_air_hu",
      "border_body_fraction",
      "noise_hu",
      "snr",
      "spine_over_lungs",
    ],
    "In the cohort": ["duplicate_of"],
    "File and machine": [
      "format",
      "modality_tag",
      "manufacturer",
      "model",
      "kernel",
      "body_part",
      "image_type",
      "transfer_syntax",
      "lossy",
      "series",
      "damaged_files",
      "content_hash",
      "error_message",
      "remedy",
    ],
  };
  const HEADING = ["qc_status", "qc_reasons"]; // stand above
  const OUTLINES = { CT: ["lung", "metal"], MR: ["brain"], XR: ["lung"] };
  const WORDS = { lung: "lung", metal: "metal", brain: "brain" };

  function legend(modality) {
    return h(
      "ul",
      { class: "outlines" },
      ...OUTLINES[modality].map((name) =>
        h("li", {}, h("span", { class: `key ${name}`, "aria-hidden": "true" }), WORDS[name]),
      ),
    );
  }

  function figure(kind, i, caption, extra) {
    const source = G.picture(kind, i);
    if (!source) return null;
    return h(
      "figure",
      { class: "planes" },
      h(
        "a",
        { href: source, target: "_blank", rel: "noopener" },
        h("img", { src: source, alt: `${G.id(i)}: ${caption}` }),
      ),
      h("figcaption", { class: "note" }, caption),
      extra,
    );
  }

  function pictures(i) {
    const modality = G.cell("modality", i);
    const isFlat = modality === "XR";
    const shown = [
      figure(
        "planes",
        i,
        isFlat
          ? "Prepared, lung fields outlined."
          : "Prepared: axial, coronal and sagittal planes where most of each mask lies, masks outlined.",
        legend(modality),
      ),
      figure(
        "scanned",
        i,
        isFlat ? "As it was read." : "As it was read: middle axial, coronal and sagittal plane.",
      ),
      figure(
        "field",
        i,
        "Bias field: planes before, the field (red: darker, blue: brighter, white: 1), planes after.",
      ),
    ].filter(Boolean);
    if (shown.length) return h("div", { class: "pictures" }, ...shown);
    return h(
      "p",
      { class: "note" },
      "This study has no picture: it could not be read, or text is burned into its pixels.",
    );
  }

  const columnNamed = (name) =>
    G.columns.get(name) || G.data.beside_columns.find((column) => column.name === name);
  const columnsOf = (names) => names.map(columnNamed).filter(Boolean);
  const isKnown =
    (i) =>
    ({ name }) =>
      (G.columns.has(name) ? G.cell(name, i) : G.data.judged.values[name][i]) !== null;

  function numbers(i) {
    const grouped = new Set([...HEADING, ...Object.values(GROUPS).flat()]);
    const of = (own) =>
      G.data.columns.filter((column) => column.own === own && !grouped.has(column.name));
    const groups = [
      ...Object.entries(GROUPS).map(([title, names]) => [title, columnsOf(names)]),
      ["What preparing measured", of(true)],
      ["Sheet of studies", of(false)],
    ];
    const tables = groups
      .map(([title, columns]) => [title, columns.filter(isKnown(i))])
      .filter(([, columns]) => columns.length)
      .map(([title, columns]) =>
        G.numberTable(
          title,
          columns.map((column) => G.numberRow(column, i)),
        ),
      );
    return h("div", { class: "groups" }, ...tables);
  }

  /** Address of the study so many places further among those that are selected. */
  function further(i, by) {
    const rows = G.selected();
    const at = rows.indexOf(i);
    const next = rows.length ? rows[(at + by + rows.length) % rows.length] : i;
    return G.link({ view: "study", study: G.id(next) });
  }

  function steps(i) {
    const step = (key, by, text) =>
      h(
        "a",
        { href: further(i, by), "data-key": key, "aria-keyshortcuts": key },
        text,
        " ",
        h("kbd", {}, key),
      );
    return h("p", { class: "controls steps" }, step("p", -1, "Previous"), step("n", 1, "Next"));
  }

  G.views.study = (main) => {
    const i = G.numberOf.get(G.state().study);
    if (i === undefined) return main.append(h("h1", {}, "No such study"));
    return main.append(
      h("h1", {}, G.id(i), " ", G.badge(G.next.status[i])),
      steps(i),
      G.reasonList(i),
      pictures(i),
      numbers(i),
    );
  };

  document.addEventListener("keydown", (event) => {
    const bar = document.querySelector(".steps");
    if (!bar || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[np]$/.test(event.key) && !event.target.closest("input, select, textarea"))
      bar.querySelector(`[data-key=${event.key}]`).click();
  });
})(GROSSING);
