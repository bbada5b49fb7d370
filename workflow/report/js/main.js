"use strict";
// Starts the page: reads data and address, shows the view.
(function (G) {
  const { h } = G;
  const TITLES = {
    overview: "Overview",
    thresholds: "Thresholds",
    distributions: "Distributions",
    slides: "Slides",
    studies: "Studies",
    review: "Review",
  };
  const VIEWS = Object.fromEntries(Object.entries(TITLES).filter(([name]) => G.views[name]));

  G.showMoved = () => {
    const moved = G.movedKeys(G.nextLimits);
    const bar = document.getElementById("moved");
    bar.hidden = !moved.length;
    bar.replaceChildren(
      `Shown as a rerun would give it, with ${moved.length === 1 ? "one threshold" : `${moved.length} thresholds`} moved: ${moved.join(", ")}. `,
      h(
        "button",
        { type: "button", class: "quiet", onclick: () => G.setLimits(G.shipped()) },
        "Reset",
      ),
    );
  };

  G.show = () => {
    const view = Object.hasOwn(G.views, G.state().view) ? G.state().view : "overview";
    document
      .getElementById("nav")
      .replaceChildren(
        ...Object.entries(VIEWS).map(([name, title]) =>
          h(
            "a",
            { href: G.link({ view: name }), "aria-current": name === view ? "page" : null },
            title,
          ),
        ),
        ...(G.data.plan ? [h("a", { href: "plan.html" }, "Plan")] : []),
      );
    const main = document.getElementById("main");
    main.replaceChildren();
    G.views[view](main);
    G.showMoved();
  };

  G.open();
  G.startJudging();
  const read = () => {
    G.readAddress();
    G.judge(G.limits());
    G.show();
    window.scrollTo(0, 0);
  };
  window.addEventListener("popstate", read);
  window.addEventListener("hashchange", read);
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  read();
})(GROSSING);
