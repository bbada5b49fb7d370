"use strict";
// One slide: what it looks like, its layers and squares, decision, every number with its meaning.
(function (G) {
  const { h } = G;

  const isThere = (kind, i) => G.data.pictures[kind]?.[i] === "y";

  /** What is known of a slide's picture: {facts, all}, squares of every kind in `all`. */
  async function read(i) {
    const facts = isThere("facts", i) ? await G.load(`facts ${i}`, `facts/${i}.js`) : null;
    const tiles = G.cell("candidate_tiles", i) > 0 ? await G.load(`slide ${i}`, `slides/${i}.js`) : null;
    const packed = { tiles, places: facts?.places, blocks: facts?.stack?.blocks };
    const all = Object.fromEntries(Object.entries(packed).map(([kind, each]) => [kind, each ? G.squaresOf(kind, each) : null]));
    return { facts, all };
  }

  const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1).replace(/`/g, "")}.` : "");

  function reasons(i) {
    const codes = G.next.codes[i];
    const message = G.cell("error_message", i);
    if (!codes.length) return "";
    return h("ul", { class: "reasons" }, ...codes.map((code) => h("li", {}, h("b", {}, G.words(code)), ` ${sentence(G.data.reasons[code]?.description)} ${sentence(G.data.reasons[code]?.remedy)}`)), message && h("li", {}, h("b", {}, "message"), ` ${message}`));
  }

  G.views.slide = (main) => {
    const i = G.numberOf.get(G.state().slide);
    if (i === undefined) return main.append(h("h1", {}, "No such slide"));
    const look = h("div", { class: "look" });
    const numbers = h("div", {});
    main.append(h("h1", {}, G.id(i), " ", G.badge(G.next.status[i])), reasons(i), G.decisionBar(i), look, numbers);
    return read(i).then(({ facts, all }) => {
      if (!look.isConnected) return;
      if (facts?.frame) G.showSlide(look, i, facts, all);
      else look.append(h("p", { class: "note" }, "This slide could not be read: it has no picture."));
      numbers.append(G.numbersOf(i, facts, all.tiles));
    }, (error) => look.append(h("p", { class: "warning" }, `This page is not complete: ${error.message}. Copy the whole folder of the report.`)));
  };
})(GROSSING);
