"use strict";
// Filters of single columns, kept in the address as `where`: part of a text, =text, >5, <=2, 1..3.
(function (G) {
  const NUMBER = "-?[0-9]*\\.?[0-9]+(?:e[+-]?[0-9]+)?";
  const COMPARED = new RegExp(`^(<=|>=|<|>|=)\\s*(${NUMBER})$`, "i");
  const RANGE = new RegExp(`^(${NUMBER})\\s*\\.\\.\\s*(${NUMBER})$`, "i");
  const COMPARE = {
    "<": (a, b) => a < b,
    ">": (a, b) => a > b,
    "<=": (a, b) => a <= b,
    ">=": (a, b) => a >= b,
    "=": (a, b) => a === b,
  };

  /** Whether a value passes what was typed. */
  G.matches = (typed, value) => {
    const wanted = typed.trim();
    const none = value === null || value === undefined || value === "";
    if (wanted === "=") return none;
    if (none) return false;
    if (typeof value === "number") {
      const compared = COMPARED.exec(wanted);
      if (compared) return COMPARE[compared[1]](value, Number(compared[2]));
      const range = RANGE.exec(wanted);
      if (range) return value >= Number(range[1]) && value <= Number(range[2]);
      return String(value).startsWith(wanted);
    }
    if (wanted.startsWith("=")) return String(value) === wanted.slice(1);
    return String(value).toLowerCase().includes(wanted.toLowerCase());
  };

  /** Filters as [column, what was typed]; columns that this cohort does not have are left out. */
  G.where = () =>
    [...new URLSearchParams(G.state().where || "")].filter(
      ([name, typed]) => G.columns.has(name) && typed.trim(),
    );

  /** The `where` of an address with one column's filter set, or taken away. */
  G.whereWith = (name, typed) => {
    const kept = new URLSearchParams(G.state().where || "");
    if (typed) kept.set(name, typed);
    else kept.delete(name);
    return String(kept) || null;
  };

  /** The value that a table shows: the verdict is that of the thresholds as they are moved. */
  G.shown = (name, i) =>
    name === "qc_status"
      ? G.next.status[i]
      : name === "qc_reasons" && G.next !== G.now
        ? G.next.codes[i].join(";")
        : G.cell(name, i);
})(GROSSING);
