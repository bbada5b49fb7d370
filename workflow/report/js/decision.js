"use strict";
// The bar of a slide's page on which a person accepts or rejects it, and its keys: a, r, m, n.
(function (G) {
  const { h } = G;
  const key = (name) => h("kbd", {}, name);

  G.reviewerField = (onnamed) => {
    const named = () => {
      G.setReviewer(field.value);
      if (G.reviewer() && onnamed) onnamed();
    };
    const field = h("input", {
      id: "reviewer",
      value: G.reviewer(),
      autocomplete: "name",
      placeholder: "your name",
      onchange: named,
    });
    return field;
  };

  function decisionText(id, i) {
    const review = G.reviews()[id];
    const why = G.whyNoReview(i);
    if (why || !review) return why || "";
    const done = review.decision === "accept" ? "Accepted" : "Rejected";
    const outdated = G.isOutdated(id) ? "; the file has changed since: decide again" : "";
    return `${done} by ${review.reviewer}, ${review.date}${outdated}.`;
  }

  /** A button for one decision, pressed where it was made. */
  function decisionButton(id, decision, letter, decide) {
    const made = G.reviews()[id];
    return h(
      "button",
      {
        type: "button",
        "data-key": letter,
        "aria-keyshortcuts": letter,
        "aria-pressed": String(Boolean(made && made.decision === decision)),
        onclick: () => decide(decision),
      },
      decision === "accept" ? "Accept " : "Reject ",
      key(letter),
    );
  }

  /** The fields and buttons of the bar; `redraw` is called after a decision. */
  function controls(id, said, redraw) {
    const review = G.reviews()[id];
    let pending = null;
    const decide = (decision, quiet) => {
      pending = G.reviewer() ? null : decision;
      if (pending) {
        said.textContent = "Type your name first: the decision is stored under it.";
        name.focus();
        return;
      }
      G.decide(id, decision, note.value);
      if (!quiet) redraw();
    };
    const name = G.reviewerField(() => pending && decide(pending));
    const note = h("input", {
      id: "note",
      value: review ? review.note : "",
      // Drawn again, the bar would lose the place of someone who goes on with the Tab key.
      onchange: () => review && decide(review.decision, true),
    });
    const takeBack = () => {
      G.undecide(id);
      redraw();
    };
    return [
      decisionButton(id, "accept", "a", decide),
      decisionButton(id, "reject", "r", decide),
      h("label", {}, "Note ", key("m"), " ", note),
      h("label", {}, "Reviewer ", name),
      h("button", { type: "button", "data-key": "n", onclick: G.nextSlide }, "Next ", key("n")),
      review && h("button", { type: "button", class: "quiet", onclick: takeBack }, "Take back"),
    ];
  }

  /** What has the focus in the bar, so that it keeps it when the bar is drawn again. */
  function focusedIn(bar) {
    const element = document.activeElement;
    if (!bar.contains(element)) return null;
    if (element.id) return `#${element.id}`;
    return element.dataset.key ? `[data-key=${element.dataset.key}]` : null;
  }

  G.decisionBar = (i) => {
    const id = G.id(i);
    const said = h("p", { class: "note", role: "status" });
    const bar = h("section", { class: "decision", "aria-label": "Review" });
    const draw = () => {
      const focused = focusedIn(bar);
      said.textContent = decisionText(id, i);
      bar.replaceChildren(h("div", { class: "controls" }, ...controls(id, said, draw)), said);
      if (focused) bar.querySelector(focused).focus();
    };
    draw();
    return bar;
  };

  function leaveField(event) {
    const isDone = event.key === "Enter" && event.target.id === "note";
    if (event.key === "Escape" || isDone) event.target.blur();
  }

  document.addEventListener("keydown", (event) => {
    const bar = document.querySelector(".decision");
    if (!bar || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) {
      leaveField(event);
    } else if (/^[arnm]$/.test(event.key)) {
      // A key that moves the focus into a field must not be typed there.
      event.preventDefault();
      if (event.key === "m") bar.querySelector("#note").focus();
      else bar.querySelector(`[data-key=${event.key}]`).click();
    }
  });
})(GROSSING);
