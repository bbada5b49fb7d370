"use strict";
// Slides as small pictures.
(function (G) {
  const { h } = G;
  const MOST = 60;

  G.thumbnail = (i, note, lazy = true) => {
    const source = G.smallPicture(i);
    const picture = source
      ? h("img", { src: source, alt: "", loading: lazy ? "lazy" : null })
      : h("span", { class: "nothing" }, "no picture");
    return h(
      "a",
      { class: "thumb", href: G.link({ view: G.one, [G.one]: G.id(i) }) },
      picture,
      h("span", { class: "name" }, G.id(i)),
      G.badge(G.next.status[i]),
      note ? h("span", { class: "note" }, note) : null,
    );
  };

  G.gallery = (slides, noteOf) =>
    h(
      "div",
      {},
      h(
        "div",
        { class: "gallery" },
        ...slides.slice(0, MOST).map((i) => G.thumbnail(i, noteOf ? noteOf(i) : null)),
      ),
      slides.length > MOST
        ? h("p", { class: "note" }, `The first ${MOST} of ${G.number(slides.length)}.`)
        : null,
    );
})(GROSSING);
