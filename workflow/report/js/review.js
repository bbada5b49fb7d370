"use strict";
// Decisions of a person on slides, kept in the browser, exported as the reviews.csv of the next run.
(function (G) {
  const { h } = G;
  const HEAD = ["slide_id", "decision", "reviewer", "date", "note"];
  const place = () => `grossing reviews ${G.data.about.cohort}`;
  G.reviews = () => {
    try { return JSON.parse(localStorage.getItem(place())) || {}; } catch { return G.kept || {}; }
  };
  const keep = (all) => {
    G.kept = all;
    try { localStorage.setItem(place(), JSON.stringify(all)); } catch { /* a browser that keeps nothing: export still works */ }
  };
  G.decide = (id, decision, note) => keep({ ...G.reviews(), [id]: { decision, note: note || "", reviewer: G.reviews()[id]?.reviewer || "", date: new Date().toISOString().slice(0, 10) } });

  /** Rows of a CSV file with quoted cells. */
  G.parseCsv = (text) => {
    const rows = [[""]];
    let inside = false;
    for (let at = 0; at < text.length; at += 1) {
      const c = text[at];
      const row = rows[rows.length - 1];
      if (inside && c === '"' && text[at + 1] === '"') { row[row.length - 1] += c; at += 1; }
      else if (c === '"') inside = !inside;
      else if (!inside && c === ",") row.push("");
      else if (!inside && c === "\n") rows.push([""]);
      else if (inside || c !== "\r") row[row.length - 1] += c;
    }
    return rows.filter((row) => row.length > 1 || row[0]);
  };

  G.importReviews = (text) => {
    const [head, ...rows] = G.parseCsv(text);
    const read = rows.map((row) => Object.fromEntries(head.map((name, c) => [name, row[c] || ""])));
    const wanted = read.filter((row) => G.numberOf.has(row.slide_id) && ["accept", "reject"].includes(row.decision));
    keep({ ...G.reviews(), ...Object.fromEntries(wanted.map(({ slide_id: id, ...rest }) => [id, rest])) });
    return [wanted.length, read.length];
  };
  G.reviewsCsv = () => G.csv(HEAD, Object.entries(G.reviews()).map(([id, made]) => HEAD.map((name) => (name === "slide_id" ? id : made[name] || ""))));
  G.toReview = () => Array.from({ length: G.count }, (_, i) => i).filter((i) => G.next.status[i] === "REVIEW");

  G.views.review = (main) => {
    const all = G.reviews();
    const said = h("p", { role: "status" });
    const file = h("input", { type: "file", accept: ".csv", id: "import", onchange: async () => {
      const [used, rows] = G.importReviews(await file.files[0].text());
      G.show();
      document.querySelector("[role=status].said").textContent = `${used} of ${rows} decisions imported.`;
    } });
    said.className = "said";
    const todo = G.toReview();
    main.append(h("h1", {}, "Review"), h("p", {}, `${G.plural(todo.length, "slide")} in REVIEW, ${Object.keys(all).length} decided. On a slide: `, h("kbd", {}, "a"), " accept, ", h("kbd", {}, "r"), " reject, ", h("kbd", {}, "n"), " next."),
      h("p", { class: "controls" }, h("button", { type: "button", onclick: () => G.download("reviews.csv", G.reviewsCsv(), "text/csv") }, "Export reviews.csv"), h("label", { for: "import" }, " Import "), file), said,
      G.gallery(todo, (i) => all[G.id(i)]?.decision || "not decided"));
  };
})(GROSSING);
