// Crowd elements, 4 of 5: labels on words of a text.
"use strict";

(() => {
  const { Element, make, isTyping } = window.crowd;

  const HUES = [217, 142, 28, 280, 350, 190, 52, 320, 95, 250];

  const style = new CSSStyleSheet();
  style.replaceSync(`
    .annotator { display: grid; gap: 1rem 1.75rem; grid-template-columns: minmax(0, 1fr) 16rem; align-items: start }
    .main > * + * { margin-top: .8rem }
    .text { padding: 1.1rem 1.25rem; background: var(--raised); border-radius: 12px; line-height: 2.3; white-space: pre-wrap; overflow-wrap: anywhere; user-select: none; cursor: text; touch-action: pan-y }
    .word { border-radius: 4px; padding-block: .15rem }
    .word.selected { background: color-mix(in srgb, var(--accent) 30%, transparent) }
    .text:focus-visible .word.cursor { outline: 2px solid var(--accent); outline-offset: 1px }
    mark { color: inherit; background: hsl(var(--hue) 80% 55% / .28); box-shadow: inset 0 -2px hsl(var(--hue) 70% 50%); border-radius: 4px; padding: .15rem .1rem }
    mark sup { font: 700 .68rem/1 system-ui, sans-serif; margin-left: .25rem; text-transform: uppercase; vertical-align: super }
    .labels { display: grid; gap: .45rem }
    .labels button, .found button { display: flex; align-items: center; gap: .6rem; width: 100%; text-align: left; padding: .5rem .75rem; font-weight: 500 }
    .labels button span, .found span { flex: 1; min-width: 0; overflow-wrap: anywhere }
    .labels button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent) }
    i { width: .85rem; height: .85rem; border-radius: 3px; flex: none; background: hsl(var(--hue) 70% 50%) }
    h3 { font-size: .9rem; margin: 1.1rem 0 .4rem; color: var(--muted) }
    h3:has(+ .found:empty) { display: none }
    .found { list-style: none; margin: 0; padding: 0; display: grid; gap: .3rem; font-size: .92rem }
    .found li { display: flex; align-items: center; gap: .5rem }
    .found button { width: auto; padding: .1rem .5rem; border-color: transparent; background: none; color: var(--muted) }
    .hint { font-size: .88rem; color: var(--muted); margin-bottom: 0 }
    @media (max-width: 46rem) { .annotator { grid-template-columns: minmax(0, 1fr) } }
  `);

  /** Words, signs and the space between, each with its place in the text, counted in Unicode characters. */
  function tokens(text) {
    const found = text.match(/[\p{L}\p{N}\p{M}]+|\s+|[^\p{L}\p{N}\p{M}\s]/gu) ?? [];
    let place = 0;
    return found.map((content) => {
      const start = place;
      place += [...content].length;
      return { content, start, end: place, isSpace: /^\s/.test(content) };
    });
  }

  /** A widget with a form and a submit button of its own, unless it is inside of a form. */
  class Annotation extends Element {
    constructor() {
      super();
      this.shadowRoot.adoptedStyleSheets.push(style);
    }

    start() {
      this.labels = this.json("labels", []).map((label, index) => {
        const given = typeof label === "string" ? { label } : label;
        const full = given.fullDisplayName ?? given.longDisplayName ?? given.label;
        return { label: given.label, full, short: given.shortDisplayName ?? given.label, hue: HUES[index % HUES.length] };
      });
      this.tokens = tokens(this.getAttribute("text") ?? "");
      this.words = this.tokens.filter((token) => !token.isSpace);
      this.entities = this.restored ?? this.json("initial-value", []).filter((entity) => this.labelOf(entity));
      this.active = this.labels[0];
      this.cursor = this.anchor = 0;
      this.isSelecting = false;
      this.build();
      this.paint();
      document.addEventListener("keydown", (event) => this.label(event));
    }

    build() {
      for (const [slot, selector] of [["short", "short-instructions"], ["full", "full-instructions"]]) {
        for (const node of this.querySelectorAll(`:scope > ${selector}`)) node.slot = slot;
      }
      this.text = make("div", { class: "text", tabindex: "0", role: "group", "aria-label": "Text to label", "aria-describedby": "hint" });
      this.text.addEventListener("pointerdown", (event) => this.grab(event));
      this.text.addEventListener("pointermove", (event) => this.drag(event));
      this.text.addEventListener("pointerup", () => this.drop());
      this.text.addEventListener("keydown", (event) => this.walk(event));
      this.said = make("p", { class: "visually-hidden", "aria-live": "polite" });
      this.list = make("ul", { class: "found" });
      this.buttons = this.labels.map((label, index) =>
        make("button", { type: "button", style: `--hue: ${label.hue}`, onclick: () => this.pick(label) },
          make("i"), make("span", {}, label.full), index < 9 ? make("kbd", { "aria-hidden": "true" }, String(index + 1)) : null),
      );
      const hint = make("p", { class: "hint", id: "hint" }, "Choose a label, then drag over words. By keyboard: arrows move, Shift and arrows select, a number labels, Delete removes.");
      const main = make("div", { class: "main" }, make("h2", {}, this.getAttribute("header") ?? ""), this.text, hint, this.said, make("slot"));
      const side = make("div", {}, make("slot", { name: "short" }), make("div", { class: "labels", role: "group", "aria-label": "Labels" }, ...this.buttons),
        make("h3", {}, "Labelled"), this.list, make("slot", { name: "full" }));
      const widget = make("div", { class: "annotator" }, main, side);
      this.shadowRoot.replaceChildren(this.closest("crowd-form") ? widget : make("crowd-form", {}, widget));
    }

    labelOf(entity) {
      return this.labels.find((label) => label.label === entity.label);
    }

    pick(label) {
      this.active = label;
      if (this.isSelecting) this.apply();
      this.paint();
    }

    label(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || isTyping() || !/^[1-9]$/.test(event.key)) return;
      const label = this.labels[Number(event.key) - 1];
      if (!label) return;
      event.preventDefault();
      this.active = label;
      if (this.isSelecting || this.shadowRoot.activeElement === this.text) this.apply();
      this.paint();
    }

    wordAt(event) {
      const node = this.shadowRoot.elementFromPoint(event.clientX, event.clientY)?.closest("[data-word]");
      return node ? Number(node.dataset.word) : null;
    }

    grab(event) {
      const word = this.wordAt(event);
      if (word === null) return;
      this.text.setPointerCapture(event.pointerId);
      this.text.focus();
      this.anchor = this.cursor = word;
      this.isSelecting = this.isDragging = true;
      this.paint();
      event.preventDefault();
    }

    drag(event) {
      const word = this.isDragging ? this.wordAt(event) : null;
      if (word === null || word === this.cursor) return;
      this.cursor = word;
      this.paint();
    }

    drop() {
      if (!this.isDragging) return;
      this.isDragging = false;
      this.apply();
      this.paint();
    }

    walk(event) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.altKey || event.ctrlKey || event.metaKey || !this.words.length) return;
      if (step) {
        this.cursor = Math.min(Math.max(this.cursor + step, 0), this.words.length - 1);
        this.isSelecting = event.shiftKey;
        if (!event.shiftKey) this.anchor = this.cursor;
      } else if (event.key === "Enter" || event.key === " ") this.apply();
      else if (event.key === "Delete" || event.key === "Backspace") this.unlabel(this.at(this.words[this.cursor]));
      else return;
      event.preventDefault();
      this.paint();
      const entity = this.at(this.words[this.cursor]);
      this.said.textContent = this.words[this.cursor].content + (entity ? `, ${this.labelOf(entity).full}` : "");
    }

    at(token) {
      return this.entities.find((entity) => entity.startOffset < token.end && token.start < entity.endOffset);
    }

    /** The active label on what is selected; labels do not overlap, so what was there goes. */
    apply() {
      if (!this.active || !this.words.length) return;
      const [first, last] = [this.anchor, this.cursor].sort((one, other) => one - other);
      const entity = { endOffset: this.words[last].end, label: this.active.label, startOffset: this.words[first].start };
      const rest = this.entities.filter((other) => other.endOffset <= entity.startOffset || entity.endOffset <= other.startOffset);
      this.entities = [...rest, entity].sort((one, other) => one.startOffset - other.startOffset);
      this.isSelecting = false;
      this.anchor = this.cursor;
      this.changed();
      this.form?.dispatchEvent(new Event("change"));
    }

    unlabel(entity) {
      this.entities = this.entities.filter((other) => other !== entity);
      this.changed();
      this.form?.dispatchEvent(new Event("change"));
      this.paint();
    }

    get form() {
      return this.shadowRoot.querySelector("crowd-form")?.form;
    }

    paint() {
      const [first, last] = [this.anchor, this.cursor].sort((one, other) => one - other);
      const spots = this.tokens.map((token) => {
        const index = this.words.indexOf(token);
        const isSelected = this.isSelecting && token.start >= this.words[first].start && token.end <= this.words[last].end;
        const names = ["word", isSelected && "selected", index === this.cursor && "cursor"].filter(Boolean).join(" ");
        return make("span", { class: names, "data-word": index < 0 ? null : index }, token.content);
      });
      this.text.replaceChildren(...this.marked(spots));
      this.buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(this.labels[index] === this.active)));
      this.list.replaceChildren(...this.entities.map((entity) => this.item(entity)));
    }

    marked(spots) {
      const nodes = [];
      spots.forEach((spot, index) => {
        const entity = this.at(this.tokens[index]);
        if (!entity) nodes.push(spot);
        else if (nodes.at(-1)?.entity === entity) nodes.at(-1).append(spot);
        else {
          const mark = make("mark", { style: `--hue: ${this.labelOf(entity).hue}` }, spot);
          mark.entity = entity;
          nodes.push(mark);
        }
      });
      for (const node of nodes) if (node.entity) node.append(make("sup", { "aria-hidden": "true" }, this.labelOf(node.entity).short));
      return nodes;
    }

    item(entity) {
      const label = this.labelOf(entity);
      const text = [...(this.getAttribute("text") ?? "")].slice(entity.startOffset, entity.endOffset).join("");
      const remove = make("button", { type: "button", "aria-label": `Remove ${label.full} from ${text}`, onclick: () => this.unlabel(entity) }, "✕");
      return make("li", { style: `--hue: ${label.hue}` }, make("i", { title: label.full }), make("span", {}, text), remove);
    }

    get value() {
      return { entities: (this.entities ?? []).map(({ endOffset, label, startOffset }) => ({ endOffset, label, startOffset })) };
    }

    get state() {
      return this.entities;
    }

    set state(entities) {
      this.restored = entities;
      if (!this.text) return;
      this.entities = entities.filter((entity) => this.labelOf(entity));
      this.paint();
    }
  }

  customElements.define("crowd-entity-annotation", Annotation);
})();
