// Crowd elements, 3 of 5: one or several of the given categories, for anything and for an image.
"use strict";

(() => {
  const { Element, make, isTyping } = window.crowd;

  const style = new CSSStyleSheet();
  style.replaceSync(`
    .classifier { display: grid; gap: 1.25rem 1.75rem; grid-template-columns: minmax(0, 1fr) 18rem; align-items: start }
    .target { padding: 1.1rem 1.25rem; background: var(--raised); border-radius: 12px; min-width: 0; overflow-wrap: anywhere; white-space: normal }
    .target img { display: block; max-width: 100%; max-height: 70vh; margin: 0 auto; border-radius: 6px }
    .main > * + * { margin-top: .9rem }
    fieldset { border: 0; padding: 0; margin: 0; min-width: 0; display: grid; gap: .5rem }
    legend { padding: 0; margin-bottom: .5rem; font-weight: 600 }
    label { display: flex; align-items: center; gap: .65rem; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); cursor: pointer }
    label:hover { border-color: var(--muted) }
    label:has(:checked) { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent) }
    label:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px }
    label span { flex: 1; min-width: 0; overflow-wrap: anywhere }
    input { accent-color: var(--accent); width: 1.15rem; height: 1.15rem; margin: 0; flex: none; outline: none }
    @media (max-width: 46rem) { .classifier { grid-template-columns: minmax(0, 1fr) } }
  `);

  /** Asks for a category; subclasses say what is shown and how many may be chosen. */
  class Classifier extends Element {
    static several = false;

    constructor() {
      super();
      this.shadowRoot.adoptedStyleSheets.push(style);
    }

    start() {
      this.exclusion = this.json("exclusion-category", null)?.text ?? null;
      this.options = [...this.json("categories", []), ...(this.exclusion === null ? [] : [this.exclusion])].map(String);
      for (const [name, selector] of Object.entries({ target: "classification-target", short: "short-instructions", full: "full-instructions" })) {
        for (const node of this.querySelectorAll(`:scope > ${selector}`)) node.slot = name;
      }
      const type = this.constructor.several ? "checkbox" : "radio";
      this.controls = this.options.map((value) => make("input", { type, name: "category", value }));
      const header = this.getAttribute("header") ?? "";
      const labels = this.controls.map((control, index) =>
        make("label", {}, control, make("span", {}, this.options[index]), index < 10 ? make("kbd", { "aria-hidden": "true" }, String((index + 1) % 10)) : null),
      );
      const legend = make("legend", {}, this.constructor.several ? "Select all that apply" : "Select one");
      const fields = make("fieldset", { role: this.constructor.several ? "group" : "radiogroup", "aria-label": header }, legend, ...labels);
      fields.addEventListener("change", (event) => this.chosen(event.target));
      fields.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        this.internals.form?.requestSubmit();
      });
      const main = make("div", { class: "main" }, make("h2", {}, header), make("div", { class: "target" }, this.shown()), make("slot"));
      this.shadowRoot.replaceChildren(
        make("div", { class: "classifier" }, main, make("div", {}, make("slot", { name: "short" }), fields, make("slot", { name: "full" }))),
      );
      document.addEventListener("keydown", (event) => this.press(event));
      this.check();
    }

    shown() {
      return make("slot", { name: "target" });
    }

    /** A number key chooses, in the classifier that has the focus or else in the first of the page. */
    press(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || isTyping() || !/^[0-9]$/.test(event.key)) return;
      const all = [...document.querySelectorAll("*")].filter((node) => node instanceof Classifier);
      if ((all.find((node) => node.matches(":focus-within")) ?? all[0]) !== this) return;
      const control = this.controls[(Number(event.key) + 9) % 10];
      if (!control) return;
      control.focus();
      control.click();
      event.preventDefault();
    }

    chosen(control) {
      if (this.constructor.several && control.checked && this.exclusion !== null) {
        const excluding = control.value === this.exclusion;
        for (const other of this.controls) if (other !== control && (other.value === this.exclusion) !== excluding) other.checked = false;
      }
      this.check();
      this.changed();
    }

    check() {
      this.require(!this.picked.length, "Please choose a category.", this.controls[0]);
    }

    get picked() {
      return (this.controls ?? []).filter((control) => control.checked).map((control) => control.value);
    }

    get value() {
      return this.constructor.several ? { labels: this.picked } : { label: this.picked[0] };
    }

    get state() {
      return this.picked;
    }

    set state(picked) {
      for (const control of this.controls) control.checked = picked.includes(control.value);
      this.check();
    }
  }

  class ImageClassifier extends Classifier {
    shown() {
      return make("img", { src: this.getAttribute("src"), alt: this.getAttribute("header") ?? "Image to classify" });
    }
  }

  customElements.define("crowd-classifier", class extends Classifier {});
  customElements.define("crowd-classifier-multi-select", class extends Classifier { static several = true; });
  customElements.define("crowd-image-classifier", class extends ImageClassifier {});
  customElements.define("crowd-image-classifier-multi-select", class extends ImageClassifier { static several = true; });
})();
