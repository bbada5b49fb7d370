"use strict";
// `study_decision` of the workflow, on the numbers that the data file holds: what a rerun would say.
(function (G) {
  const isNone = (value) => value === null || value === undefined;
  const passes = (verdict) => verdict.status === "PASS" || verdict.status === "REVIEW";

  G.isBeyond = (rule, value, limit) =>
    !isNone(value) && (rule.direction === "max" ? value > limit : value < limit);

  G.shipped = () => Object.fromEntries(G.rules.map((rule) => [rule.key, rule.limit]));

  /** Whether a threshold judges studies of this modality. */
  G.concerns = (rule, i) => rule.modalities.includes(G.cell("modality", i));

  /** The number of a study that a threshold judges. */
  G.judgedValue = (rule, i) => (G.concerns(rule, i) ? G.data.judged.values[rule.column][i] : null);

  /** Reason codes of the thresholds of a stage that a study is beyond. */
  const beyond = (stage, i, limits) =>
    G.rules
      .filter((rule) => rule.stage === stage)
      .filter((rule) => G.isBeyond(rule, G.judgedValue(rule, i), limits[rule.key]))
      .map((rule) => rule.code);

  const unique = (codes) => [...new Set(codes)];

  /** `study_decision.study`: the verdict before a study is prepared. */
  function beforePreparing(i, limits) {
    const { status, reasons, alone } = G.data.judged;
    const fixed = G.codes(reasons[i]);
    if (status[i] === "ERROR" || alone[i]) return { status: status[i], codes: fixed };
    const mixed = beyond("orientation", i, limits);
    if (mixed.length) return { status: "FAIL", codes: mixed };
    const failed = beyond("fail", i, limits);
    if (status[i] === "FAIL") return { status: "FAIL", codes: unique([...fixed, ...failed]) };
    if (failed.length) return { status: "FAIL", codes: unique(failed) };
    const doubts = unique([...fixed, ...beyond("review", i, limits)]);
    return { status: doubts.length ? "REVIEW" : "PASS", codes: doubts };
  }

  /** `study_decision.after_preparing`: what preparing found can only lower the verdict. */
  function afterPreparing(i, limits, verdict) {
    if (!passes(verdict)) return verdict;
    const found = [...G.codes(G.data.judged.after[i]), ...beyond("prepared", i, limits)];
    if (!found.length) return verdict;
    return { status: "REVIEW", codes: unique([...verdict.codes, ...found]) };
  }

  /** Reasons from elsewhere in the cohort, which no threshold of a study changes. */
  function besideOthers(i, verdict) {
    const found = G.codes(G.data.judged.found[i]);
    if (!passes(verdict) || !found.length) return verdict;
    return { status: "REVIEW", codes: unique([...verdict.codes, ...found]) };
  }

  const isPrepared = (verdict) =>
    passes(verdict) && !verdict.codes.some((code) => G.data.unprepared.includes(code));

  /** Groups of MR studies of which one enters or leaves: all of them are aligned anew. */
  function changedGroups(before) {
    const groups = new Set();
    before.forEach((verdict, i) => {
      const group = G.cell("group", i);
      if (group && isPrepared(verdict) !== G.wasPrepared[i]) groups.add(group);
    });
    return groups;
  }

  /**
   * The verdict of every study.
   * Returns status, codes, and `unknown`: studies that would be prepared for the first time, or
   * aligned anew; what that finds is not in their verdict.
   */
  G.judgeAll = (limits) => {
    const before = Array.from({ length: G.count }, (_, i) => beforePreparing(i, limits));
    const groups = changedGroups(before);
    const made = { status: [], codes: [], prepared: [], unknown: new Uint8Array(G.count) };
    before.forEach((verdict, i) => {
      const isFixed = G.unexplained.has(i);
      const final = isFixed
        ? { status: G.cell("qc_status", i), codes: G.codes(G.cell("qc_reasons", i)) }
        : besideOthers(i, afterPreparing(i, limits, verdict));
      const enters = isPrepared(verdict) && !G.wasPrepared[i];
      const isAligned = isPrepared(verdict) && groups.has(G.cell("group", i));
      made.unknown[i] = !isFixed && (enters || isAligned) ? 1 : 0;
      made.prepared.push(isPrepared(verdict) && (enters || G.data.judged.prepared[i]));
      made.status.push(final.status);
      made.codes.push(final.codes);
    });
    return made;
  };

  /** The verdicts of the run, judged here again; studies where the two differ are not predicted. */
  G.startJudging = () => {
    const limits = G.shipped();
    G.unexplained = new Set();
    G.wasPrepared = Array.from({ length: G.count }, (_, i) =>
      isPrepared(beforePreparing(i, limits)),
    );
    G.now = G.judgeAll(limits);
    for (let i = 0; i < G.count; i += 1) {
      if (G.now.status[i] !== G.cell("qc_status", i)) G.unexplained.add(i);
    }
    if (G.unexplained.size) G.now = G.judgeAll(limits);
  };

  G.totals = (verdicts, among) => {
    const totals = { PASS: 0, REVIEW: 0, FAIL: 0, ERROR: 0, prepared: 0, unknown: 0 };
    for (const i of among || Array.from({ length: G.count }, (_, each) => each)) {
      totals[verdicts.status[i]] += 1;
      totals.prepared += verdicts.prepared[i] ? 1 : 0;
      totals.unknown += verdicts.unknown[i];
    }
    return totals;
  };

  // What is counted besides verdicts, and how the explorer is divided.
  G.counts = { prepared: "prepared" };
  G.unknownText =
    "would be prepared for the first time, or aligned anew with others of the group: what that finds may lower the verdict.";
  G.command = () =>
    [
      "snakemake radiology --profile profiles/local",
      "  --directory WORKDIR",
      "  --configfile config/radiology.yaml thresholds.yaml",
      `  --config studies=${G.data.about.cohort}`,
    ].join(" \\\n");
  G.thresholdSections = () => [
    { title: "Of all studies", holds: (rule) => rule.key.startsWith("study.") },
    ...Object.entries(G.data.modalities).map(([modality, name]) => ({
      title: `Of ${name}`,
      holds: (rule) => rule.key.startsWith(`${modality.toLowerCase()}.`),
    })),
  ];

  /** The small picture of a study: with its masks where it was prepared. */
  G.smallPicture = (i) => G.picture("planes", i) || G.picture("scanned", i);
})(GROSSING);
