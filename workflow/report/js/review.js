"use strict";
// Review: the queue of slides to decide on, and the decisions as the file of the next run.
(function (G) {
  const { h } = G;

  G.toReview = () =>
    Array.from({ length: G.count }, (_, i) => i).filter(
      (i) =>
        G.now.status[i] === "REVIEW" || (G.data.reviews[G.id(i)] && G.now.status[i] !== "ERROR"),
    );

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

  function decisionRow(id, review) {
    const takeBack = {
      type: "button",
      class: "quiet",
      "aria-label": `Take back the decision on ${id}`,
      onclick: () => {
        G.undecide(id);
        G.show();
      },
    };
    const link = h("a", { href: G.link({ view: "slide", slide: id }) }, id);
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, link),
      h("td", {}, review.decision, G.isOutdated(id) ? " (of another content)" : ""),
      h("td", {}, review.reviewer),
      h("td", {}, review.date),
      h("td", { class: "text" }, review.note || ""),
      h("td", {}, h("button", takeBack, "Take back")),
    );
  }

  function decisions(all) {
    const made = Object.entries(all).filter(([id]) => G.numberOf.has(id));
    if (!made.length) return h("p", { class: "note" }, "None yet.");
    const names = ["Slide", "Decision", "Reviewer", "Date", "Note"];
    const heads = names.map((name) => h("th", { scope: "col" }, name));
    const rows = made.map(([id, review]) => decisionRow(id, review));
    const table = h(
      "table",
      { class: "plain" },
      h("thead", {}, h("tr", {}, ...heads, h("td", {}))),
      h("tbody", {}, ...rows),
    );
    const box = { class: "scroll", tabindex: "0", role: "region", "aria-label": "Decisions" };
    return h("div", box, table);
  }

  function importer() {
    const file = h("input", {
      type: "file",
      accept: ".csv,text/csv",
      id: "import",
      onchange: async () => {
        const { used, faults } = G.importReviews(await file.files[0].text());
        G.show();
        const left = faults.length
          ? ` Not used: ${faults.slice(0, 5).join("; ")}${faults.length > 5 ? "; ..." : ""}.`
          : "";
        document.getElementById("said").textContent =
          `${G.plural(used, "decision")} imported.${left}`;
      },
    });
    return [h("label", { for: "import" }, "Import reviews.csv"), file];
  }

  function start(open) {
    const go = () => G.go({ view: "slide", slide: G.id(open[0]) });
    const button = { type: "button", class: "main", onclick: go };
    return h(
      "div",
      { class: "controls" },
      h("label", {}, "Reviewer ", G.reviewerField(null)),
      open.length ? h("button", button, `Start with ${G.id(open[0])}`) : null,
    );
  }

  function forNextRun() {
    const save = () => G.download("reviews.csv", G.reviewsCsv(), "text/csv");
    return h(
      "section",
      {},
      h("h2", {}, "For the next run"),
      h(
        "p",
        {},
        "Decisions are kept in this browser. Save them as ",
        h("code", {}, G.data.about.reviews),
        " in the working directory and run the same command again. ",
        "The file also holds the decisions that the run had.",
      ),
      h(
        "div",
        { class: "controls" },
        h("button", { type: "button", onclick: save }, "Export reviews.csv"),
        ...importer(),
      ),
      h("p", { id: "said", role: "status" }),
    );
  }

  /** The keys, as a sentence in which they are set as keys. */
  const keys = () =>
    G.prose(
      "On a slide: `a` accepts, `r` rejects, `m` writes a note, `n` goes to the next one. " +
        "Any slide can be decided on, also one with PASS or FAIL.",
    );

  G.views.review = (main) => {
    const all = G.reviews();
    const todo = G.toReview();
    const open = todo.filter(isOpen);
    const [done, count] = [G.number(todo.length - open.length), G.plural(todo.length, "slide")];
    const decided = `${done} of ${count} decided`;
    const note = (i) => (isOpen(i) ? "not decided" : all[G.id(i)].decision);
    const pictures = todo.length ? G.gallery(todo, note) : h("p", { class: "note" }, "None.");
    main.append(
      h("h1", {}, todo.length ? decided : "No slide is in REVIEW"),
      h("p", {}, ...keys()),
      start(open),
      h("section", {}, h("h2", {}, "Slides to decide on"), pictures),
      h("section", {}, h("h2", {}, "Decisions"), decisions(all)),
      forNextRun(),
    );
  };
})(GROSSING);
