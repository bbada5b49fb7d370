"use strict";
// What the first screen says of slides alone: tissue, tiles, how to train from them.
(function (G) {
  const { h } = G;

  const sum = (name, among) => {
    let total = 0;
    for (let i = 0; i < G.count; i += 1) if (!among || among(i)) total += G.cell(name, i) || 0;
    return total;
  };

  const isIn = (i) => G.next.status[i] === "PASS" || G.next.status[i] === "REVIEW";

  G.firstGroup = "site";

  G.overviewFacts = (totals) => {
    const of = (part, whole, said) => `${said(part)} of ${said(whole)}`;
    const area = (value) => `${G.number(Number(value.toPrecision(3)))} mm²`;
    return [
      [
        "Tissue of slides that are in",
        of(sum("tissue_area_mm2", isIn), sum("tissue_area_mm2"), area),
      ],
      ["Tiles that pass, of candidates", of(totals.tiles, sum("candidate_tiles"), G.number)],
      ["Size of all tiles", G.bytes(sum("tile_bytes"))],
    ];
  };

  G.aboutRows = () => [["Tiles at", `${G.data.about.target_mpp} µm/px`]];

  G.trainingStep = (totals) =>
    totals.tiles
      ? [
          "Train from the tiles that pass: ",
          h(
            "code",
            {},
            "grossing.Tiles(",
            h("wbr"),
            '"results/cohort/',
            h("wbr"),
            'patch_cohort.parquet")',
          ),
          ".",
        ]
      : ["There is no tile to train from yet."];
})(GROSSING);
