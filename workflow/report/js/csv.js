"use strict";
// CSV that a spreadsheet does not run, and back.
(function (G) {
  // A text that a spreadsheet would run as a formula gets an apostrophe in front, and so does one
  // that would look like that; taking one away gives the text back.
  const FORMULA = /^'*[=+\-@\t\r]/;
  const guarded = (text) => (FORMULA.test(text) ? `'${text}` : text);
  G.unguarded = (text) => (/^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text);

  const cell = (value) => {
    if (typeof value === "number") return String(value);
    const text = guarded(String(value ?? ""));
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };

  G.csv = (names, rows) => [names, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";

  /** Rows of a CSV file with quoted cells. */
  G.parseCsv = (text) => {
    const rows = [[""]];
    let inside = false;
    const source = text.replace(/^\ufeff/, "");
    for (let at = 0; at < source.length; at += 1) {
      const c = source[at];
      const row = rows[rows.length - 1];
      if (inside && c === '"' && source[at + 1] === '"') {
        row[row.length - 1] += c;
        at += 1;
      } else if (c === '"') inside = !inside;
      else if (!inside && c === ",") row.push("");
      else if (!inside && c === "\n") rows.push([""]);
      else if (inside || c !== "\r") row[row.length - 1] += c;
    }
    return rows.filter((row) => row.length > 1 || row[0]);
  };
})(GROSSING);
