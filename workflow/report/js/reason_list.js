"use strict";
// Why a slide is not PASS: each reason with its meaning and what to do.
(function (G) {
  const { h } = G;
  const sentence = (text) =>
    text ? `${text[0].toUpperCase()}${text.slice(1).replace(/`/g, "")}.` : "";

  G.reasonList = (i) => {
    const codes = [...new Set(G.next.codes[i])]; // several measures may give one
    const message = G.cell("error_message", i);
    if (!codes.length) return "";
    return h(
      "ul",
      { class: "reasons" },
      ...codes.map((code) =>
        h(
          "li",
          {},
          h("b", {}, G.words(code)),
          ` ${sentence(G.data.reasons[code]?.description)} ${sentence(G.data.reasons[code]?.remedy)}`,
        ),
      ),
      message && h("li", {}, h("b", {}, "message"), ` ${message}`),
    );
  };
})(GROSSING);
