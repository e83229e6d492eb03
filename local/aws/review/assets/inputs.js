// Crowd elements, 2 of 5: lines and areas of text, boxes to tick, one of several.
"use strict";

(() => {
  const { Element, make } = window.crowd;

  const style = new CSSStyleSheet();
  style.replaceSync(`
    label { display: block; font-weight: 600; font-size: .92rem; margin-bottom: .3rem }
    label[hidden] { display: none }
    input:not([type="checkbox"], [type="range"]), textarea { display: block; width: 100%; font: inherit; line-height: 1.5; color: inherit; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .75rem }
    textarea { resize: vertical; field-sizing: content }
    .counter { margin: .2rem 0 0; text-align: right; font-size: .85rem; color: var(--muted) }
    .counter:empty { display: none }
    .choice { display: inline-flex; align-items: center; gap: .6rem; margin: 0; padding: .25rem .4rem .25rem 0; font-weight: 400; font-size: 1rem; cursor: pointer; min-height: 2rem }
    .choice input[type="checkbox"], .dot { width: 1.15rem; height: 1.15rem; margin: 0; flex: none; accent-color: var(--accent) }
    .dot { border: 2px solid var(--muted); border-radius: 50%; background: var(--surface) }
    :host([data-checked]) .dot { border-color: var(--accent); background: radial-gradient(var(--accent) 42%, var(--surface) 46%) }
    :host([disabled]) .choice { opacity: .5; cursor: default }
    :host(crowd-radio-button:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px }
    :host(crowd-radio-button) { margin-right: 1rem }
    :host(crowd-radio-group) { display: block }
  `);

  /** An element with these styles. */
  class Field extends Element {
    constructor() {
      super();
      this.shadowRoot.adoptedStyleSheets.push(style);
    }
  }

  /** A line or an area of text with its label, counter and message. */
  class Text extends Field {
    static observedAttributes = ["disabled", "label"];

    start() {
      const attribute = (name) => this.getAttribute(name);
      this.control = this.makeControl();
      this.control.id = "control";
      for (const [name, from] of [["maxlength", "max-length"], ["minlength", "min-length"], ["placeholder", "placeholder"]]) {
        if (attribute(from) !== null) this.control.setAttribute(name, attribute(from));
      }
      this.control.value = this.pending ?? attribute("value") ?? "";
      if (this.control.placeholder && !attribute("label")) this.control.setAttribute("aria-label", this.control.placeholder);
      this.caption = make("label", { for: "control" }, attribute("label") ?? "");
      this.counter = make("p", { class: "counter", "aria-hidden": "true" });
      this.control.addEventListener("input", () => this.edited());
      this.control.addEventListener("change", () => this.dispatchEvent(new Event("change", { bubbles: true })));
      this.shadowRoot.replaceChildren(this.caption, this.control, this.counter);
      this.attributeChangedCallback();
      this.edited();
    }

    attributeChangedCallback() {
      if (!this.control) return;
      this.control.disabled = this.disabled;
      this.caption.textContent = this.getAttribute("label") ?? "";
      this.caption.hidden = !this.caption.textContent;
    }

    edited() {
      const pattern = this.getAttribute("allowed-pattern");
      if (pattern && this.flag("auto-validate")) {
        const kept = [...this.control.value].filter((character) => new RegExp(`^(?:${pattern})$`, "u").test(character));
        if (kept.length !== [...this.control.value].length) this.control.value = kept.join("");
      }
      const missing = this.flag("required") && !this.control.value;
      const sentence = this.getAttribute("error-message") || (!missing && this.control.validationMessage) || "Please fill in this field.";
      const wrong = missing || !this.control.validity.valid;
      if (wrong) this.internals.setValidity({ [missing ? "valueMissing" : "customError"]: true }, sentence, this.control);
      else this.internals.setValidity({});
      this.counter.textContent = this.flag("char-counter") ? String([...this.control.value].length) : "";
    }

    get value() {
      return this.control ? this.control.value : (this.pending ?? this.getAttribute("value") ?? "");
    }

    set value(text) {
      this.pending = String(text ?? "");
      if (!this.control) return;
      this.control.value = this.pending;
      this.edited();
    }

    get disabled() {
      return this.flag("disabled");
    }

    set disabled(value) {
      this.toggleAttribute("disabled", Boolean(value));
    }
  }

  class Input extends Text {
    makeControl() {
      const control = make("input", { type: this.getAttribute("type") ?? "text", autocomplete: "off" });
      control.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.isComposing && !event.ctrlKey && !event.metaKey) this.internals.form?.requestSubmit();
      });
      return control;
    }
  }

  class TextArea extends Text {
    makeControl() {
      const rows = this.number("rows") ?? 2;
      const control = make("textarea", { rows });
      control.style.minHeight = `calc(${rows} * 1.5em + 1.3rem)`;
      const most = this.number("max-rows");
      if (most) control.style.maxHeight = `calc(${Math.max(most, rows)} * 1.5em + 1.3rem)`;
      return control;
    }
  }

  class Checkbox extends Field {
    static observedAttributes = ["disabled", "checked"];

    start() {
      this.control = make("input", { type: "checkbox" });
      this.control.checked = this.pending ?? this.flag("checked");
      this.control.addEventListener("change", () => {
        this.check();
        this.changed();
      });
      this.shadowRoot.replaceChildren(make("label", { class: "choice" }, this.control, make("span", {}, make("slot"))));
      this.attributeChangedCallback("disabled");
      this.check();
    }

    attributeChangedCallback(name) {
      if (!this.control) return;
      this.control.disabled = this.disabled;
      if (name === "checked") this.checked = this.flag("checked");
    }

    check() {
      this.require(this.flag("required") && !this.control.checked, "Please tick this box.", this.control);
    }

    get type() {
      return "checkbox";
    }

    get checked() {
      return this.control ? this.control.checked : (this.pending ?? this.flag("checked"));
    }

    set checked(value) {
      this.pending = Boolean(value);
      if (!this.control) return;
      this.control.checked = this.pending;
      this.check();
    }

    get disabled() {
      return this.flag("disabled");
    }

    set disabled(value) {
      this.toggleAttribute("disabled", Boolean(value));
    }
  }

  const MOVES = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

  /** One of a group; the group is a crowd-radio-group, or without one the buttons of a form with the same name. */
  class RadioButton extends Field {
    static delegatesFocus = false;
    static observedAttributes = ["disabled"];

    start() {
      this.setAttribute("role", "radio");
      this.shadowRoot.replaceChildren(make("span", { class: "choice" }, make("i", { class: "dot" }), make("span", {}, make("slot"))));
      this.addEventListener("click", () => this.choose());
      this.addEventListener("keydown", (event) => this.press(event));
      this.picked ??= this.flag("checked");
      this.peers().forEach((peer) => peer.show?.());
    }

    attributeChangedCallback() {
      if (this.started) this.show();
    }

    peers() {
      const group = this.closest("crowd-radio-group");
      if (group) return [...group.querySelectorAll("crowd-radio-button")];
      const scope = this.closest("form") ?? document;
      return [...scope.querySelectorAll("crowd-radio-button")].filter((peer) => peer.name === this.name && !peer.closest("crowd-radio-group"));
    }

    choose() {
      if (this.disabled) return;
      this.checked = true;
      this.focus();
      this.changed();
    }

    press(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === " ") this.choose();
      else if (event.key === "Enter") this.internals.form?.requestSubmit();
      else if (MOVES[event.key]) {
        const peers = this.peers().filter((peer) => !peer.disabled);
        peers.at((peers.indexOf(this) + MOVES[event.key]) % peers.length).choose();
      } else return;
      event.preventDefault();
    }

    show() {
      const peers = this.peers().filter((peer) => !peer.disabled);
      const stop = peers.find((peer) => peer.checked) ?? peers[0];
      this.tabIndex = this === stop ? 0 : -1;
      this.setAttribute("aria-checked", String(this.checked));
      this.setAttribute("aria-disabled", String(this.disabled));
      const wanted = this.flag("required") || this.closest("crowd-radio-group")?.hasAttribute("required");
      this.require(wanted && this === peers[0] && !peers.some((peer) => peer.checked), "Please choose one.", this.shadowRoot.firstChild);
      this.toggleAttribute("data-checked", this.checked);
    }

    get type() {
      return "radio";
    }

    get checked() {
      return this.picked ?? this.flag("checked");
    }

    set checked(value) {
      if (value) for (const peer of this.peers()) peer.picked = false;
      this.picked = Boolean(value);
      for (const peer of this.peers()) if (peer.started) peer.show();
    }

    get disabled() {
      return this.flag("disabled") || Boolean(this.closest("crowd-radio-group[disabled]"));
    }

    set disabled(value) {
      this.toggleAttribute("disabled", Boolean(value));
    }
  }

  class RadioGroup extends Field {
    start() {
      this.setAttribute("role", "radiogroup");
      this.shadowRoot.replaceChildren(make("slot"));
    }

    get type() {
      return "fieldset";
    }
  }

  class Slider extends Field {
    start() {
      const range = ["min", "max", "step"].map((name) => [name, this.getAttribute(name)]);
      this.control = make("input", { type: "range", "aria-label": this.name, ...Object.fromEntries(range) });
      if (this.pending !== undefined || this.hasAttribute("value")) this.control.value = this.pending ?? this.getAttribute("value");
      const shown = make("output", {}, this.control.value);
      this.control.addEventListener("input", () => {
        shown.textContent = this.control.value;
        this.changed();
      });
      this.shadowRoot.replaceChildren(make("div", { class: "choice" }, this.control, shown));
    }

    get value() {
      return this.control ? Number(this.control.value) : undefined;
    }

    set value(value) {
      this.pending = value;
      if (!this.control) return;
      this.control.value = value;
      this.shadowRoot.querySelector("output").textContent = this.control.value;
    }
  }

  customElements.define("crowd-input", Input);
  customElements.define("crowd-text-area", TextArea);
  customElements.define("crowd-checkbox", Checkbox);
  customElements.define("crowd-radio-button", RadioButton);
  customElements.define("crowd-radio-group", RadioGroup);
  customElements.define("crowd-slider", Slider);
})();
