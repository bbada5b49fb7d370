"use strict";
// One slide: what it looks like, its layers and squares, decision, every number with its meaning.
(function (G) {
  const { h } = G;

  const isThere = (kind, i) => G.data.pictures[kind]?.[i] === "y";

  /** What is known of a slide's picture: {facts, all}, squares of every kind in `all`. */
  async function read(i) {
    const facts = isThere("facts", i) ? await G.load(`facts ${i}`, `facts/${i}.js`) : null;
    const tiles =
      G.cell("candidate_tiles", i) > 0 ? await G.load(`slide ${i}`, `slides/${i}.js`) : null;
    const packed = { tiles, places: facts?.places, blocks: facts?.stack?.blocks };
    const all = Object.fromEntries(
      Object.entries(packed).map(([kind, each]) => [kind, each ? G.squaresOf(kind, each) : null]),
    );
    return { facts, all };
  }

  G.views.slide = (main) => {
    const i = G.numberOf.get(G.state().slide);
    if (i === undefined) return main.append(h("h1", {}, "No such slide"));
    const look = h("div", { class: "look" });
    const numbers = h("div", {});
    main.append(
      h("h1", {}, G.id(i), " ", G.badge(G.next.status[i])),
      G.reasonList(i),
      G.decisionBar(i),
      look,
      numbers,
    );
    return read(i).then(
      ({ facts, all }) => {
        if (!look.isConnected) return;
        if (facts?.frame) G.showSlide(look, i, facts, all);
        else
          look.append(
            h("p", { class: "note" }, "This slide could not be read: it has no picture."),
          );
        numbers.append(G.numbersOf(i, facts, all.tiles));
      },
      (error) =>
        look.append(
          h(
            "p",
            { class: "warning" },
            `This page is not complete: ${error.message}. Copy the whole folder of the report.`,
          ),
        ),
    );
  };
})(GROSSING);
