"use strict";
// What the first screen says of studies alone: verdicts by modality, how to train from them.
(function (G) {
  const { h } = G;
  const STATUSES = ["PASS", "REVIEW", "FAIL", "ERROR"];

  G.firstGroup = "site";
  G.aboutRows = () => [];

  G.overviewFacts = (totals) => [
    ["Prepared", `${G.number(totals.prepared)} of ${G.counted(G.count)}`],
  ];

  /** The studies of each modality, by verdict. */
  G.overviewTable = () => {
    const rows = Object.entries(G.data.modalities).map(([modality, name]) => {
      const members = Array.from({ length: G.count }, (_, i) => i).filter(
        (i) => G.cell("modality", i) === modality,
      );
      const totals = G.totals(G.next, members);
      const where = String(new URLSearchParams([["modality", `=${modality}`]]));
      const count = (status, number) =>
        number
          ? h(
              "a",
              {
                href: G.link({
                  view: "studies",
                  where,
                  status,
                  only: null,
                  reason: null,
                  brush: null,
                  q: null,
                }),
              },
              G.number(number),
            )
          : "0";
      return h(
        "tr",
        { "data-modality": modality },
        h("th", { scope: "row" }, name),
        ...STATUSES.map((status) => h("td", {}, count(status, totals[status]))),
        h("td", {}, count(null, members.length)),
      );
    });
    const heads = [...STATUSES.map((status) => G.badge(status)), "all"];
    return h(
      "section",
      {},
      h("h2", {}, "Verdicts by modality"),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Verdicts by modality" },
        h(
          "table",
          { class: "plain counts modalities" },
          h(
            "thead",
            {},
            h("tr", {}, h("td", {}), ...heads.map((head) => h("th", { scope: "col" }, head))),
          ),
          h("tbody", {}, ...rows),
        ),
      ),
    );
  };

  G.trainingStep = (totals) =>
    totals.prepared
      ? [
          "Train from the prepared studies whose verdict is PASS or REVIEW: ",
          h("code", {}, "results/cohort/studies_qc.parquet"),
          " lists them, ",
          h("code", {}, "results/cohort/patch_studies.parquet"),
          " their patches where patches are cut.",
        ]
      : ["There is no study to train from yet."];
})(GROSSING);
