"use strict";
// Decisions of people: those of the run, and those made here, which are kept in this browser.
(function (G) {
  const place = () => `grossing reviews ${G.data.about.cohort} ${location.pathname}`;
  const NAME = "grossing reviewer";
  const kept = {};

  // A browser that keeps nothing: what was decided lasts as long as the page, and can be exported.
  const read = (key) => {
    try {
      return localStorage.getItem(key) ?? kept[key] ?? null;
    } catch {
      return kept[key] ?? null;
    }
  };
  const write = (key, text) => {
    kept[key] = text;
    try {
      localStorage.setItem(key, text);
    } catch {
      /* see above */
    }
  };

  G.reviewer = () => read(NAME) || "";
  G.setReviewer = (name) => write(NAME, name.trim());

  const made = () => {
    try {
      return JSON.parse(read(place())) || {};
    } catch {
      return {};
    }
  };
  const keep = (changes) => write(place(), JSON.stringify({ ...made(), ...changes }));

  /** All decisions by slide_id. A decision that was taken back is null in the browser's list. */
  G.reviews = () => {
    const all = { ...G.data.reviews };
    for (const [id, review] of Object.entries(made())) {
      const older = review && all[id] && all[id].date > review.date;
      if (review === null) delete all[id];
      else if (G.numberOf.has(id) && !older) all[id] = review;
    }
    return all;
  };

  /** Today where the reviewer is; Sweden writes dates as YYYY-MM-DD. */
  const today = () => new Date().toLocaleDateString("sv-SE");

  /** Keep a decision, about the content of the slide that this page shows. */
  G.decide = (id, decision, note) =>
    keep({
      [id]: {
        decision,
        note: (note || "").trim(),
        reviewer: G.reviewer(),
        date: today(),
        content_hash: G.cell("content_hash", G.numberOf.get(id)) || "",
      },
    });

  G.undecide = (id) => keep({ [id]: null });

  /** Whether a decision is about another content of the slide than this page shows. */
  G.isOutdated = (id) => {
    const review = G.reviews()[id];
    return Boolean(
      review &&
      review.content_hash &&
      review.content_hash !== G.cell("content_hash", G.numberOf.get(id)),
    );
  };

  /** Why a review changes nothing: an error, or something that nobody may accept; else null. */
  G.whyNoReview = (i) => {
    if (G.now.status[i] === "ERROR")
      return "A decision would change nothing: remove the cause of the ERROR, run again.";
    const fixed = G.now.codes[i].filter((code) => G.data.never_accepted.includes(code));
    return fixed.length ? `Accepting changes nothing: ${fixed.map(G.words).join(", ")}.` : null;
  };

  /** The file that the next run reads. */
  G.reviewsCsv = () =>
    G.csv(
      G.data.review_columns,
      Object.entries(G.reviews()).map(([id, review]) =>
        G.data.review_columns.map((name) => (name === "slide_id" ? id : review[name] || "")),
      ),
    );

  function faultOf(row) {
    if (!G.numberOf.has(row.slide_id)) return "no such slide";
    if (!["accept", "reject"].includes(row.decision))
      return `decision “${row.decision}” is neither accept nor reject`;
    if (!row.reviewer) return "no reviewer";
    return /^\d{4}-\d{2}-\d{2}$/.test(row.date) ? null : `date “${row.date}” is not YYYY-MM-DD`;
  }

  /** Take over a reviews.csv; returns how many rows were used, and why others were not. */
  G.importReviews = (text) => {
    const [head = [], ...rows] = G.parseCsv(text);
    const missing = G.data.review_columns.slice(0, 4).filter((name) => !head.includes(name));
    if (missing.length)
      return { used: 0, faults: [`the file has no column ${missing.join(", ")}`] };
    const changes = {};
    const faults = [];
    for (const cells of rows) {
      const row = Object.fromEntries(
        G.data.review_columns.map((name) => [
          name,
          G.unguarded((cells[head.indexOf(name)] || "").trim()),
        ]),
      );
      const fault = faultOf(row);
      const { slide_id: id, ...review } = row;
      if (fault) faults.push(`${id || "a row"}: ${fault}`);
      else changes[id] = review;
    }
    keep(changes);
    return { used: Object.keys(changes).length, faults };
  };
})(GROSSING);
