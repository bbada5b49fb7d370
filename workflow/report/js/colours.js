"use strict";
// Colours of squares: cividis for numbers, viridis for planes, the overlay's colours for verdicts.
(function (G) {
  // Nunez, Anderton, Renslow 2018 (doi:10.1371/journal.pone.0199239): even steps also for colour-blind eyes.
  const CIVIDIS = [
    "#00224e",
    "#123570",
    "#3b496c",
    "#575d6d",
    "#707173",
    "#8a8678",
    "#a59c74",
    "#c3b369",
    "#e1cc55",
    "#fee838",
  ];
  const VIRIDIS = [
    "#440154",
    "#482878",
    "#3e4989",
    "#31688e",
    "#26828e",
    "#1f9e89",
    "#35b779",
    "#6ece58",
    "#b5de2b",
    "#fde725",
  ];
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

  function blend(stops, share) {
    const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    const [low, high] = [rgb(stops[k]), rgb(stops[k + 1])];
    return `rgb(${low.map((band, c) => Math.round(band + (high[c] - band) * (at - k))).join(",")})`;
  }

  const SHADES = Array.from({ length: 256 }, (_, k) => blend(CIVIDIS, k / 255));
  /** Colour of a share of the scale, 0 dark to 1 light. */
  G.scaleColour = (share) => SHADES[Math.round(Math.min(Math.max(share, 0), 1) * 255)];
  G.planeColour = (plane, count) => blend(VIRIDIS, count > 1 ? plane / (count - 1) : 0);

  // The same colours and strokes as in the overlays (Okabe and Ito 2008).
  const KINDS = {
    pass: { text: "passes", colour: "#009e73", stroke: "", tint: 0 },
    focus: { text: "out of focus", colour: "#d55e00", stroke: "/", tint: 0.6 },
    ink: { text: "ink", colour: "#e69f00", stroke: "/", tint: 0.6 },
    tissue: { text: "little tissue", colour: "#8a8a8a", stroke: "", tint: 0.3 },
    doubt: { text: "not scanned or doubtful", colour: "#56b4e9", stroke: "x", tint: 0.6 },
    lost: { text: "does not decode", colour: "#000000", stroke: "x", tint: 0.6 },
  };
  const BEGINS = {
    lost: "lost",
    tissue: "tissue",
    focus: "focus",
    blurred: "focus",
    no_focus: "focus",
    pen: "ink",
  };

  G.tileKinds = KINDS;
  /** How a tile is drawn: by the first of its reasons. */
  G.kindOf = (reasons) => {
    if (!reasons) return "pass";
    const known = Object.keys(BEGINS).find((begin) => reasons.startsWith(begin));
    return known ? BEGINS[known] : "doubt";
  };

  /** Colour of a stain where its optical density is 1 over the colour of the glass. */
  G.stainColour = (vector, glass) =>
    `rgb(${vector.map((od, c) => Math.round(glass[c] * Math.exp(-od))).join(",")})`;
})(GROSSING);
