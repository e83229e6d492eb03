// Crowd elements, 5 of 5: boxes around things in an image.
"use strict";

(() => {
  const { Element, make, isTyping } = window.crowd;

  const HUES = [217, 142, 28, 280, 350, 190, 52, 320, 95, 250];
  const LEAST = 3; // pixels of the image; a click is no box

  const style = new CSSStyleSheet();
  style.replaceSync(`
    .annotator { display: grid; gap: 1rem 1.75rem; grid-template-columns: minmax(0, 1fr) 19rem; align-items: start }
    .main > * + * { margin-top: .8rem }
    .stage { position: relative; width: fit-content; max-width: 100%; line-height: 0; touch-action: none; cursor: crosshair; user-select: none; background: var(--raised) }
    .stage img { display: block; max-width: 100%; max-height: 75vh; -webkit-user-drag: none }
    .box { position: absolute; border: 2px solid hsl(var(--hue) 85% 50%); background: hsl(var(--hue) 85% 55% / .16); cursor: move; padding: 0; border-radius: 0; box-shadow: 0 0 0 1px #fffa }
    .box:focus-visible, .box.chosen { background: hsl(var(--hue) 85% 55% / .3) }
    .box span { position: absolute; left: -2px; bottom: 100%; font: 700 .75rem/1 system-ui, sans-serif; color: #fff; background: hsl(var(--hue) 80% 32%); padding: .25rem .4rem; white-space: nowrap; max-width: 12rem; overflow: hidden; text-overflow: ellipsis }
    .box.high span { bottom: auto; top: 0; left: 0 }
    .box i { position: absolute; right: -7px; bottom: -7px; width: 14px; height: 14px; border-radius: 50%; background: hsl(var(--hue) 85% 50%); border: 2px solid #fff; cursor: nwse-resize }
    .labels { display: grid; gap: .45rem }
    .labels button { display: flex; align-items: center; gap: .6rem; text-align: left; padding: .5rem .75rem; font-weight: 500 }
    .labels button span { flex: 1; min-width: 0; overflow-wrap: anywhere }
    .labels button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent) }
    .labels i { width: .85rem; height: .85rem; border-radius: 3px; flex: none; background: hsl(var(--hue) 70% 50%) }
    .add { margin-top: .6rem; width: 100% }
    .list { list-style: none; margin: .8rem 0 0; padding: 0; display: grid; gap: .5rem }
    .list li { border: 1px solid var(--line); border-left: 5px solid hsl(var(--hue) 70% 50%); border-radius: 8px; padding: .5rem .6rem; font-size: .88rem }
    .list div { display: flex; justify-content: space-between; align-items: center; gap: .5rem }
    .list .numbers { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); margin-top: .3rem }
    .list label { font-size: .72rem; color: var(--muted) }
    .list input { width: 100%; font: inherit; font-variant-numeric: tabular-nums; color: inherit; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: .2rem .3rem }
    .list button { padding: .1rem .5rem; border-color: transparent; background: none; color: var(--muted) }
    .hint { font-size: .88rem; color: var(--muted); margin-bottom: 0 }
    @media (max-width: 50rem) { .annotator { grid-template-columns: minmax(0, 1fr) } }
  `);

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  /** Boxes in pixels of the image as it is stored, however large it is shown. */
  class BoundingBox extends Element {
    constructor() {
      super();
      this.shadowRoot.adoptedStyleSheets.push(style);
      this.boxes = [];
    }

    start() {
      this.boxes = this.restored ?? this.json("initial-value", []).map((box) => ({ ...box }));
      for (const [slot, selector] of [["short", "short-instructions"], ["full", "full-instructions"]]) {
        for (const node of this.querySelectorAll(`:scope > ${selector}`)) node.slot = slot;
      }
      this.image = make("img", { alt: this.getAttribute("header") ?? "Image to annotate", draggable: "false", src: this.getAttribute("src") });
      this.image.addEventListener("load", () => this.paint());
      this.stage = make("div", { class: "stage" }, this.image);
      this.stage.addEventListener("pointerdown", (event) => this.grab(event));
      this.stage.addEventListener("pointermove", (event) => this.drag?.(event));
      for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, () => this.drop());
      this.palette = make("div", { class: "labels", role: "group", "aria-label": "Labels" });
      this.list = make("ul", { class: "list" });
      const add = make("button", { type: "button", class: "add normal", onclick: () => this.add() }, "Add a box ", make("kbd", { "aria-hidden": "true" }, "N"));
      const hint = make("p", { class: "hint" }, "Choose a label, then drag over the image. By keyboard: N adds a box, arrows move it, Shift and arrows resize it, Delete removes it; Ctrl makes steps small.");
      const main = make("div", { class: "main" }, make("h2", {}, this.getAttribute("header") ?? ""), this.stage, hint, make("slot"));
      const side = make("div", {}, make("slot", { name: "short" }), this.palette, add, this.list, make("slot", { name: "full" }));
      this.shadowRoot.replaceChildren(make("div", { class: "annotator" }, main, side));
      document.addEventListener("keydown", (event) => this.press(event));
      this.labels = this.given ?? this.json("labels", []);
    }

    get labels() {
      return this.given ?? this.json("labels", []);
    }

    set labels(labels) {
      this.given = labels.map(String);
      if (!this.given.includes(this.active)) this.active = this.given[0];
      if (this.palette) this.paint();
    }

    get size() {
      return { height: this.image?.naturalHeight ?? 0, width: this.image?.naturalWidth ?? 0 };
    }

    hue(label) {
      return HUES[Math.max(this.labels.indexOf(label), 0) % HUES.length];
    }

    place(event) {
      const shown = this.image.getBoundingClientRect();
      return [
        clamp(((event.clientX - shown.left) / shown.width) * this.size.width, 0, this.size.width),
        clamp(((event.clientY - shown.top) / shown.height) * this.size.height, 0, this.size.height),
      ];
    }

    grab(event) {
      if (event.button || !this.size.width) return;
      const [x, y] = this.place(event);
      const node = event.target.closest(".box");
      this.stage.setPointerCapture(event.pointerId);
      event.preventDefault();
      if (!node) this.drag = this.drawing(x, y);
      else {
        const box = this.boxes[Number(node.dataset.box)];
        node.focus();
        this.drag = event.target.localName === "i" ? this.resizing(box) : this.moving(box, x - box.left, y - box.top);
      }
    }

    drawing(x, y) {
      let box = null;
      return (event) => {
        const [toX, toY] = this.place(event);
        if (!box) {
          if (Math.abs(toX - x) < LEAST || Math.abs(toY - y) < LEAST) return;
          this.boxes.push((box = { height: 0, label: this.active, left: 0, top: 0, width: 0 }));
        }
        this.shape(box, { left: Math.min(x, toX), top: Math.min(y, toY), width: Math.abs(toX - x), height: Math.abs(toY - y) });
      };
    }

    moving(box, dx, dy) {
      return (event) => {
        const [x, y] = this.place(event);
        this.shape(box, { left: x - dx, top: y - dy });
      };
    }

    resizing(box) {
      return (event) => {
        const [x, y] = this.place(event);
        this.shape(box, { width: x - box.left, height: y - box.top });
      };
    }

    drop() {
      if (!this.drag) return;
      this.drag = null;
      this.changed();
    }

    /** Changes a box; it stays whole, in whole pixels and inside of the image. */
    shape(box, change) {
      const wanted = Object.assign({ ...box }, change);
      box.width = Math.round(clamp(wanted.width, LEAST, this.size.width));
      box.height = Math.round(clamp(wanted.height, LEAST, this.size.height));
      box.left = Math.round(clamp(wanted.left, 0, this.size.width - box.width));
      box.top = Math.round(clamp(wanted.top, 0, this.size.height - box.height));
      this.paint();
    }

    add() {
      if (!this.size.width) return;
      const [width, height] = [this.size.width / 4, this.size.height / 4];
      const box = { height: 0, label: this.active, left: 0, top: 0, width: 0 };
      this.boxes.push(box);
      this.shape(box, { left: 1.5 * width, top: 1.5 * height, width, height });
      this.stage.querySelectorAll(".box")[this.boxes.length - 1].focus();
      this.changed();
    }

    press(event) {
      if (event.altKey || isTyping()) return;
      const label = /^[1-9]$/.test(event.key) && this.labels[Number(event.key) - 1];
      const focused = this.shadowRoot.activeElement?.closest(".box, li");
      const index = focused ? Number(focused.dataset.box) : -1;
      if (label) {
        this.active = label;
        if (index >= 0) this.boxes[index].label = label;
        this.paint();
        if (index >= 0) this.changed();
      } else if (event.key.toLowerCase() === "n" && !event.ctrlKey && !event.metaKey) this.add();
      else return;
      event.preventDefault();
    }

    steer(event, index) {
      const box = this.boxes[index];
      if (event.key === "Delete" || event.key === "Backspace") this.discard(index);
      else {
        const step = event.ctrlKey || event.metaKey ? 1 : Math.max(1, Math.round(this.size.width / 100));
        const dx = { ArrowLeft: -step, ArrowRight: step }[event.key] ?? 0;
        const dy = { ArrowUp: -step, ArrowDown: step }[event.key] ?? 0;
        if (!dx && !dy) return;
        this.shape(box, event.shiftKey ? { width: box.width + dx, height: box.height + dy } : { left: box.left + dx, top: box.top + dy });
        this.changed();
      }
      event.preventDefault();
    }

    discard(index) {
      this.boxes.splice(index, 1);
      this.paint();
      (this.stage.querySelectorAll(".box")[Math.min(index, this.boxes.length - 1)] ?? this.palette.firstChild)?.focus();
      this.changed();
    }

    paint() {
      const held = this.shadowRoot.activeElement?.closest(".box")?.dataset.box;
      this.palette.replaceChildren(...this.labels.map((label, index) => {
        const key = index < 9 ? make("kbd", { "aria-hidden": "true" }, String(index + 1)) : null;
        const pick = () => {
          this.active = label;
          this.paint();
        };
        return make("button", { type: "button", "aria-pressed": String(label === this.active), style: `--hue: ${this.hue(label)}`, onclick: pick }, make("i"), make("span", {}, label), key);
      }));
      while (this.stage.querySelectorAll(".box").length > this.boxes.length) this.stage.lastElementChild.remove();
      this.boxes.forEach((box, index) => this.draw(box, index));
      if (!this.list.contains(this.shadowRoot.activeElement)) this.list.replaceChildren(...this.boxes.map((box, index) => this.row(box, index)));
      if (held !== undefined) this.stage.querySelectorAll(".box")[held]?.focus();
    }

    draw(box, index) {
      let node = this.stage.querySelectorAll(".box")[index];
      if (!node) {
        node = make("div", { class: "box", tabindex: "0", role: "group", "data-box": index }, make("span"), make("i"));
        node.addEventListener("keydown", (event) => this.steer(event, Number(node.dataset.box)));
        this.stage.append(node);
      }
      const { width, height } = this.size;
      const parts = { left: box.left / width, top: box.top / height, width: box.width / width, height: box.height / height };
      for (const [name, part] of Object.entries(parts)) node.style[name] = `${100 * part}%`;
      node.style.setProperty("--hue", this.hue(box.label));
      node.classList.toggle("high", parts.top < 0.06);
      node.firstChild.textContent = box.label;
      node.setAttribute("aria-label", `${box.label}: left ${box.left}, top ${box.top}, width ${box.width}, height ${box.height}`);
    }

    row(box, index) {
      const numbers = ["left", "top", "width", "height"].map((name) => {
        const control = make("input", { type: "number", min: "0", "aria-label": `${name} of ${box.label} ${index + 1}` });
        control.value = box[name];
        control.addEventListener("input", () => this.shape(box, { [name]: Number(control.value) }));
        control.addEventListener("change", () => {
          control.value = box[name];
          this.changed();
        });
        return make("label", {}, name, control);
      });
      const remove = make("button", { type: "button", "aria-label": `Remove ${box.label} ${index + 1}`, onclick: () => this.discard(index) }, "✕");
      return make("li", { style: `--hue: ${this.hue(box.label)}`, "data-box": index }, make("div", {}, make("strong", {}, box.label), remove), make("div", { class: "numbers" }, ...numbers));
    }

    get value() {
      const boxes = this.boxes.map(({ height, label, left, top, width }) => ({ height, label, left, top, width }));
      return { boundingBoxes: boxes, inputImageProperties: this.size };
    }

    get state() {
      return this.boxes;
    }

    set state(boxes) {
      this.restored = boxes;
      this.boxes = boxes;
      if (this.palette) this.paint();
    }
  }

  customElements.define("crowd-bounding-box", BoundingBox);
})();
