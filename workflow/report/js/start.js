"use strict";
// The one global name. Data files call GROSSING.receive; every other file adds its functions.
window.GROSSING = {
  // What a row of the sheet is, in one word and in many: slide, slides.
  one: document.documentElement.dataset.one,
  many: document.documentElement.dataset.many,
  received: {},
  waiting: {},
  views: {},

  receive(name, data) {
    this.received[name] = data;
    if (this.waiting[name]) {
      this.waiting[name](data);
      delete this.waiting[name];
    }
  },

  /** Data of a file that is loaded when it is first needed: fetch is refused on file://. */
  load(name, path) {
    if (this.received[name]) return Promise.resolve(this.received[name]);
    return new Promise((resolve, reject) => {
      this.waiting[name] = resolve;
      const script = document.createElement("script");
      script.src = path;
      script.onerror = () => reject(new Error(`${path} is not there`));
      document.head.append(script);
    });
  },
};
