"use strict";
// Review: the queue of slides to decide on, the decisions, and the bar that a slide's page shows.
(function (G) {
  const { h } = G;

  G.toReview = () => Array.from({ length: G.count }, (_, i) => i).filter((i) => G.now.status[i] === "REVIEW" || (G.data.reviews[G.id(i)] && G.now.status[i] !== "ERROR"));

  /** The slides that are gone through: those that the filters leave, else those to review. */
  const queue = () => (G.isFiltered() ? G.selected() : G.toReview());
  const isOpen = (i) => !G.reviews()[G.id(i)] || G.isOutdated(G.id(i));

  /** Go to the next slide without a decision; to the list where there is none. */
  G.nextSlide = () => {
    const here = G.numberOf.get(G.state().slide) ?? -1;
    const open = queue().filter((i) => isOpen(i) && i !== here);
    const next = open.find((i) => i > here) ?? open[0];
    if (next === undefined) G.go({ view: "review", slide: null });
    else G.go({ view: "slide", slide: G.id(next) });
  };

  function nameField(onnamed) {
    const field = h("input", { id: "reviewer", value: G.reviewer(), autocomplete: "name", required: true, placeholder: "your name", onchange: () => { G.setReviewer(field.value); if (G.reviewer() && onnamed) onnamed(); } });
    return field;
  }

  /** Accept, reject, note and next of a slide; with the keys a, r, n and m. */
  G.decisionBar = (i) => {
    const id = G.id(i);
    const bar = h("section", { class: "decision", "aria-label": "Review" });
    const why = G.whyNoReview(i);
    let pending = null;
    const said = h("p", { class: "note", role: "status" });
    const draw = () => {
      const review = G.reviews()[id];
      const note = h("input", { id: "note", value: review ? review.note : "", onchange: () => { if (G.reviews()[id]) { G.decide(id, G.reviews()[id].decision, note.value); draw(); } } });
      const name = nameField(() => { if (pending) set(pending); });
      const set = (decision) => {
        pending = G.reviewer() ? null : decision;
        if (pending) {
          said.textContent = "Type your name first: the decision is stored under it.";
          name.focus();
          return;
        }
        G.decide(id, decision, note.value);
        draw();
      };
      const button = (decision, key) => h("button", { type: "button", "data-key": key, "aria-keyshortcuts": key, "aria-pressed": String(review?.decision === decision), onclick: () => set(decision) }, decision === "accept" ? "Accept " : "Reject ", h("kbd", {}, key));
      const focused = document.activeElement && bar.contains(document.activeElement) ? document.activeElement.dataset.key || document.activeElement.id : null;
      said.textContent = why || (review ? `${review.decision === "accept" ? "Accepted" : "Rejected"} by ${review.reviewer}, ${review.date}${G.isOutdated(id) ? "; the file has changed since: decide again" : ""}.` : "");
      bar.replaceChildren(h("div", { class: "controls" }, button("accept", "a"), button("reject", "r"),
        h("label", {}, "Note ", h("kbd", {}, "m"), " ", note), h("label", {}, "Reviewer ", name),
        h("button", { type: "button", "data-key": "n", "aria-keyshortcuts": "n", onclick: () => G.nextSlide() }, "Next ", h("kbd", {}, "n")),
        review ? h("button", { type: "button", class: "quiet", onclick: () => { G.undecide(id); draw(); } }, "Take back") : null), said);
      if (focused) (bar.querySelector(`[data-key="${focused}"]`) || bar.querySelector(`#${focused}`))?.focus();
    };
    draw();
    return bar;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, [contenteditable]")) {
      if (event.key === "Escape" || (event.key === "Enter" && event.target.id === "note")) event.target.blur();
      return;
    }
    const bar = document.querySelector(".decision");
    if (!bar) return;
    // A key that moves the focus into a field must not be typed there.
    if (/^[arnm]$/.test(event.key)) event.preventDefault();
    if (event.key === "m") bar.querySelector("#note").focus();
    else if (/^[arn]$/.test(event.key)) bar.querySelector(`[data-key="${event.key}"]`).click();
  });

  function decisions(all) {
    const rows = Object.entries(all).filter(([id]) => G.numberOf.has(id)).map(([id, review]) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: G.link({ view: "slide", slide: id }) }, id)), h("td", {}, review.decision, G.isOutdated(id) ? " (of another content)" : ""),
      h("td", {}, review.reviewer), h("td", {}, review.date), h("td", { class: "text" }, review.note || ""),
      h("td", {}, h("button", { type: "button", class: "quiet", "aria-label": `Take back the decision on ${id}`, onclick: () => { G.undecide(id); G.show(); } }, "Take back"))));
    return rows.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Decisions" }, h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, ...["Slide", "Decision", "Reviewer", "Date", "Note"].map((name) => h("th", { scope: "col" }, name)), h("td", {}))), h("tbody", {}, ...rows)))
      : h("p", { class: "note" }, "None yet.");
  }

  function importer() {
    const file = h("input", { type: "file", accept: ".csv,text/csv", id: "import", onchange: async () => {
      const { used, faults } = G.importReviews(await file.files[0].text());
      G.show();
      const left = faults.length ? ` Not used: ${faults.slice(0, 5).join("; ")}${faults.length > 5 ? "; ..." : ""}.` : "";
      document.getElementById("said").textContent = `${G.plural(used, "decision")} imported.${left}`;
    } });
    return [h("label", { for: "import" }, "Import reviews.csv"), file];
  }

  G.views.review = (main) => {
    const all = G.reviews();
    const todo = G.toReview();
    const open = todo.filter(isOpen);
    const name = nameField(null);
    main.append(h("h1", {}, todo.length ? `${G.number(todo.length - open.length)} of ${G.plural(todo.length, "slide")} decided` : "No slide is in REVIEW"),
      h("p", {}, "On a slide: ", h("kbd", {}, "a"), " accepts, ", h("kbd", {}, "r"), " rejects, ", h("kbd", {}, "m"), " writes a note, ", h("kbd", {}, "n"), " goes to the next one. Any slide can be decided on, also one with PASS or FAIL."),
      h("div", { class: "controls" }, h("label", {}, "Reviewer ", name), open.length ? h("button", { type: "button", class: "main", onclick: () => G.go({ view: "slide", slide: G.id(open[0]) }) }, `Start with ${G.id(open[0])}`) : null),
      h("section", {}, h("h2", {}, "Slides to decide on"), todo.length ? G.gallery(todo, (i) => (isOpen(i) ? "not decided" : all[G.id(i)].decision)) : h("p", { class: "note" }, "None.")),
      h("section", {}, h("h2", {}, "Decisions"), decisions(all)),
      h("section", {}, h("h2", {}, "For the next run"),
        h("p", {}, "Decisions are kept in this browser. Save them as ", h("code", {}, G.data.about.reviews), " in the working directory and run the same command again. The file holds the decisions that the run had as well."),
        h("div", { class: "controls" }, h("button", { type: "button", onclick: () => G.download("reviews.csv", G.reviewsCsv(), "text/csv") }, "Export reviews.csv"), ...importer()), h("p", { id: "said", role: "status" })));
  };
})(GROSSING);
