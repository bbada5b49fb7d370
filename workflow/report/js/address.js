"use strict";
// The view is kept in the page's address, so that it can be sent to a colleague.
(function (G) {
  const DEFAULT = { view: "overview" };
  let state = {};

  G.state = () => state;

  const read = () => ({
    ...DEFAULT,
    ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))),
  });

  function address(values) {
    const kept = Object.entries(values).filter(
      ([, value]) => value !== "" && value !== null && value !== undefined,
    );
    return `#${new URLSearchParams(kept)}`;
  }

  /** The address of another view with the same thresholds, filters and columns. */
  G.link = (changes) => address({ ...state, [G.one]: null, ...changes });

  /** Change the view; `quiet` leaves what is shown to the caller (while dragging or typing). */
  G.go = (changes, quiet) => {
    const next = { ...state, ...changes };
    const viewChanges = next.view !== state.view || next[G.one] !== state[G.one];
    state = Object.fromEntries(
      Object.entries(next).filter(
        ([, value]) => value !== "" && value !== null && value !== undefined,
      ),
    );
    history[viewChanges ? "pushState" : "replaceState"](null, "", address(state));
    if (!quiet) G.show();
  };

  G.readAddress = () => {
    state = read();
  };

  /** Thresholds that differ from the run's, from the address; tile thresholds only at positions. */
  G.limits = () => {
    const limits = G.shipped();
    for (const part of (state.limits || "").split(",").filter(Boolean)) {
      const [key, text] = part.split(":");
      const value = Number(text);
      const rule = G.rule.get(key);
      if (!Object.hasOwn(limits, key) || !Number.isFinite(value)) continue;
      limits[key] = rule && rule.positions ? G.nearestPosition(rule, value) : value;
    }
    return limits;
  };

  G.nearestPosition = (rule, value) =>
    rule.positions.reduce((best, at) =>
      Math.abs(at - value) < Math.abs(best - value) ? at : best,
    );

  G.movedKeys = (limits) => {
    const shipped = G.shipped();
    return Object.keys(limits).filter((key) => limits[key] !== shipped[key]);
  };

  /** Keep thresholds in the address, and judge by them. */
  G.setLimits = (limits, quiet) => {
    const text = G.movedKeys(limits)
      .map((key) => `${key}:${limits[key]}`)
      .join(",");
    G.judge(limits);
    G.go({ limits: text }, quiet);
  };

  G.judge = (limits) => {
    G.next = G.movedKeys(limits).length ? G.judgeAll(limits) : G.now;
    G.nextLimits = limits;
  };
})(GROSSING);
