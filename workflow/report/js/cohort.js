"use strict";
// The cohort as the data file has it: rows by number, columns by name.
(function (G) {
  G.open = () => {
    const data = G.received.cohort;
    G.data = data;
    G.columns = new Map(data.columns.map((column) => [column.name, column]));
    G.count = data.judged.status.length;
    G.rules = data.rules;
    G.rule = new Map(data.rules.map((rule) => [rule.key, rule]));
    G.numberOf = new Map();
    for (let i = 0; i < G.count; i += 1) G.numberOf.set(G.id(i), i);
  };

  G.cell = (name, i) => {
    const column = G.columns.get(name);
    if (!column) return null;
    return column.texts ? column.texts[column.values[i]] : column.values[i];
  };

  G.id = (i) => G.cell(`${G.one}_id`, i);

  /** Reason codes of a row; the value and limit are cut off. */
  G.codes = (text) =>
    (text || "")
      .split(";")
      .filter(Boolean)
      .map((part) => part.split("=")[0]);

  const JPEG = ["gallery", "picture", "planes"];

  G.picture = (kind, i) => {
    const there = G.data.pictures[kind];
    if (!there || there[i] !== "y") return null;
    return `${kind}/${i}.${JPEG.includes(kind) ? "jpg" : "png"}`;
  };

  /** Whether a slide was read, so that its picture shows something. */
  G.isReadable = (i) => G.cell("width_px", i) !== null && G.data.judged.status[i] !== "ERROR";

  /** The small picture of a slide; null where it shows nothing. */
  G.smallPicture = (i) => (G.isReadable(i) ? G.picture("gallery", i) : null);

  G.bytesOf = (text) => {
    const raw = atob(text);
    const made = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) made[i] = raw.charCodeAt(i);
    return made;
  };

  const NO_GROUPS = [
    "slide_id",
    "study_id",
    "path",
    "series",
    "qc_reasons",
    "content_hash",
    "error_message",
    "remedy",
  ];

  /** Columns of texts that split the cohort into a few groups. */
  G.groupings = () =>
    G.data.columns
      .filter((column) => !column.numeric && !NO_GROUPS.includes(column.name))
      .map((column) => column.name)
      .filter((name) => {
        const texts = new Set();
        for (let i = 0; i < G.count && texts.size <= 40; i += 1) texts.add(G.cell(name, i));
        return texts.size > 1 && texts.size <= 40 && (texts.size < G.count || G.count < 8);
      });
})(GROSSING);
