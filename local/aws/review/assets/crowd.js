// Crowd elements, 1 of 5: what all share, the form, buttons and instructions.
//
// Elements, their attributes and the answers they give are those of
// https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-reference.html
// The task's document has no network and no storage: what it knows comes and goes by messages to the page around it.
"use strict";

window.crowd = (() => {
  const tell = (message) => window.parent !== window && window.parent.postMessage(message, "*");

  const whenParsed = (act) =>
    document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", act, { once: true }) : act();

  /** Reads JSON, and what people write instead of it: 'single quotes', bare names, a comma too many. */
  function lenient(text) {
    try {
      return JSON.parse(text);
    } catch {
      const token = /"(?:\\.|[^"\\])*"|'((?:\\.|[^'\\])*)'|([A-Za-z_$][\w$]*)(?=\s*:)|,(?=\s*[\]}])/g;
      const quoted = (single) => JSON.stringify(single.replace(/\\'/g, "'").replace(/\\\\/g, "\\"));
      return JSON.parse(
        text.replace(token, (all, single, name) => {
          if (single !== undefined) return quoted(single);
          if (name !== undefined) return JSON.stringify(name);
          return all === "," ? "" : all;
        }),
      );
    }
  }

  /** <name attribute="...">children</name>, with `on...` for listeners. */
  function make(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value === true) node.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  const sheet = new CSSStyleSheet();

  /** An element that starts when the document is there, takes part in its form and has a shadow of its own. */
  class Element extends HTMLElement {
    static formAssociated = true;
    static delegatesFocus = true;

    constructor() {
      super();
      this.internals = this.attachInternals();
      this.attachShadow({ mode: "open", delegatesFocus: this.constructor.delegatesFocus }).adoptedStyleSheets = [sheet];
    }

    connectedCallback() {
      whenParsed(() => {
        if (this.started || !this.isConnected) return;
        this.started = true;
        this.start();
      });
    }

    start() {}

    get name() {
      return this.getAttribute("name") ?? "";
    }

    flag(name) {
      return this.hasAttribute(name) && this.getAttribute(name) !== "false";
    }

    number(name) {
      const value = Number.parseInt(this.getAttribute(name) ?? "", 10);
      return Number.isNaN(value) ? null : value;
    }

    json(name, otherwise) {
      const text = (this.getAttribute(name) ?? "").trim();
      if (!text) return otherwise;
      try {
        return lenient(text);
      } catch (error) {
        problem(`The attribute ${name} of <${this.localName}> is not JSON: ${error.message}`);
        return otherwise;
      }
    }

    changed() {
      this.dispatchEvent(new Event("input", { bubbles: true }));
      this.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /** What a draft keeps; `undefined` where there is nothing to keep. */
    get state() {
      return this.value;
    }

    set state(state) {
      this.value = state;
    }

    /** Marks the element as not yet answered, which keeps its form from being submitted. */
    require(missing, sentence, anchor) {
      if (missing) this.internals.setValidity({ valueMissing: true }, sentence, anchor);
      else this.internals.setValidity({});
    }
  }

  function problem(text) {
    console.error(text);
    tell({ millrace: "problem", text });
  }

  class Form extends HTMLElement {
    connectedCallback() {
      this.form ??= make("form", { class: "crowd-form" });
      whenParsed(() => {
        if (this.started || !this.isConnected) return;
        this.started = true;
        if (this.form.parentNode !== this) {
          this.form.append(...this.childNodes);
          this.append(this.form);
        }
        if (!this.form.querySelector(SUBMITS)) {
          this.submitter = make("crowd-button", { class: "submit", "form-action": "submit", variant: "primary" }, "Submit");
          this.form.append(this.submitter);
        }
        this.form.addEventListener("input", () => tell({ millrace: "draft", draft: draftOf(this) }));
        this.form.addEventListener("change", () => tell({ millrace: "draft", draft: draftOf(this) }));
        // After every listener of the template, which may keep the form back or fill fields in.
        this.getRootNode().addEventListener("submit", (event) => {
          if (event.target !== this.form || event.defaultPrevented) return;
          event.preventDefault();
          this.send();
        });
      });
    }

    /** As AWS's: without asking whether the answer is complete. */
    submit() {
      this.send();
    }

    reset() {
      this.form.reset();
    }

    send() {
      if (Form.broken) return problem(Form.broken);
      tell({ millrace: "submit", answer: answerOf(fieldsOf(this)) });
    }
  }

  const SUBMITS = '[form-action="submit"], [type="submit"], button:not([type])';
  const IGNORED = new Set(["button", "submit", "reset", "image", "file", "fieldset", "output"]);

  /** Fields that take part: those of the form, and the widget that it is inside of. */
  function fieldsOf(form) {
    const host = form.getRootNode().host;
    return [...(host?.name ? [host] : []), ...form.form.elements].filter((field) => !IGNORED.has(field.type));
  }

  /** The answer in AWS's shape: a choice is an object of booleans by value, the last field of a name counts. */
  function answerOf(fields) {
    const answer = {};
    for (const field of fields) {
      if (!field.name || field.disabled) continue;
      if (field.type === "checkbox" || field.type === "radio") {
        const choices = typeof answer[field.name] === "object" ? answer[field.name] : {};
        answer[field.name] = { ...choices, [field.getAttribute("value") ?? "on"]: field.checked };
      } else if (field.type === "select-multiple") {
        answer[field.name] = [...field.selectedOptions].map((option) => option.value);
      } else if (field.value !== undefined) answer[field.name] = field.value;
    }
    return answer;
  }

  const isChoice = (field) => field.type === "checkbox" || field.type === "radio";

  function draftOf(form) {
    return fieldsOf(form).map((field) => [
      field.name,
      isChoice(field) ? field.checked : field instanceof Element ? field.state : field.value,
    ]);
  }

  function restore(form, draft) {
    fieldsOf(form).forEach((field, index) => {
      const [name, state] = draft[index] ?? [];
      if (name !== field.name || state === undefined) return;
      if (isChoice(field)) {
        if (field.checked === state) return;
        field.checked = state;
      } else if (field instanceof Element) field.state = state;
      else field.value = state;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  class Button extends Element {
    static formAssociated = false; // a disabled one hears no mouse, and templates let a click release it
    static observedAttributes = ["disabled", "loading"];

    start() {
      const href = this.getAttribute("href");
      this.control = make(href ? "a" : "button", { class: this.getAttribute("variant") ?? "normal", href, target: this.getAttribute("target") });
      if (!href) this.control.type = "button";
      this.control.append(make("slot"));
      this.control.addEventListener("click", (event) => {
        if (this.disabled) return event.stopPropagation();
        const action = this.getAttribute("form-action");
        if (action === "submit") this.closest("crowd-form")?.form.requestSubmit();
        if (action === "reset") this.closest("crowd-form")?.reset();
      });
      this.shadowRoot.replaceChildren(this.control);
      this.attributeChangedCallback();
    }

    attributeChangedCallback() {
      this.control?.setAttribute("aria-disabled", String(this.disabled || this.flag("loading")));
    }

    get type() {
      return "button";
    }

    get disabled() {
      return this.flag("disabled");
    }

    set disabled(value) {
      this.toggleAttribute("disabled", Boolean(value));
    }
  }

  /** Instructions that open over the task. */
  class Instructions extends Element {
    start() {
      const title = this.getAttribute("header") || "Instructions";
      const words = this.getAttribute("link-text") || "View full instructions";
      const close = make("button", { type: "button", class: "normal", onclick: () => this.dialog.close() }, "Close");
      this.dialog = make("dialog", { "aria-label": title }, make("header", {}, make("h2", {}, title), close), make("slot"));
      const open = make("button", { type: "button", class: "link", onclick: () => this.show() }, words);
      if (!this.textContent.trim() && !this.querySelector("img")) return;
      this.shadowRoot.replaceChildren(open, this.dialog);
    }

    show() {
      if (!this.dialog.open) this.dialog.showModal();
      else this.dialog.close();
    }

    get type() {
      return "button";
    }
  }

  class ShortInstructions extends Element {
    start() {
      if (!this.textContent.trim() && !this.children.length) return;
      const header = this.getAttribute("header");
      this.shadowRoot.replaceChildren(
        make("aside", { "aria-label": "Short instructions" }, header && make("strong", {}, header), make("slot")),
      );
    }

    get type() {
      return "button";
    }
  }

  class Alert extends Element {
    start() {
      const close = this.flag("dismissible")
        ? make("button", { type: "button", class: "link", onclick: () => this.remove() }, "Dismiss")
        : null;
      const kind = this.getAttribute("type") ?? "info";
      this.shadowRoot.replaceChildren(make("div", { class: `alert ${kind}`, role: "alert" }, make("slot"), close));
    }

    get type() {
      return "button";
    }
  }

  const NEUTRAL = ["crowd-card", "crowd-badge", "crowd-icon", "crowd-toast", "crowd-tab", "crowd-tabs"];

  /** Elements that AWS has and this page has not, which would leave the answer without what was asked. */
  function findUnknown() {
    const found = new Set([...document.querySelectorAll(":not(:defined)")].map((node) => node.localName));
    return [...found].filter((name) => name.startsWith("crowd-") && !NEUTRAL.includes(name));
  }

  function forms() {
    const inside = [...document.querySelectorAll("*")].flatMap((node) =>
      node instanceof Element ? [...node.shadowRoot.querySelectorAll("crowd-form")] : [],
    );
    return [...document.querySelectorAll("crowd-form"), ...inside].filter((form) => form.form);
  }

  const commands = {
    hello: () => document.readyState === "complete" && tell({ millrace: "ready" }),
    begin({ draft }) {
      if (commands.begun) return;
      commands.begun = true;
      if (draft && forms()[0]) restore(forms()[0], draft);
      document.querySelector('[auto-focus]:not([auto-focus="false"])')?.focus();
    },
    submit: () => forms()[0]?.form.requestSubmit(),
    instructions: () => document.querySelector("full-instructions, crowd-instructions")?.show(),
    play: () => document.dispatchEvent(new CustomEvent("crowd-play")),
  };

  window.addEventListener("message", (event) => {
    const kind = event.data?.millrace;
    if (event.source === window.parent && ["hello", "begin", "submit", "instructions", "play"].includes(kind)) {
      commands[kind](event.data);
    }
  });

  const KEYS = { KeyI: "instructions", KeyP: "play" };

  document.addEventListener("keydown", (event) => {
    const kind = event.altKey ? KEYS[event.code] : (event.ctrlKey || event.metaKey) && event.key === "Enter" && "submit";
    if (kind) commands[kind]({});
    else if (event.altKey && event.code === "KeyS") tell({ millrace: "key", action: "skip" });
    else return;
    event.preventDefault();
  });

  /** Whether a key that is a character is meant for what has the focus. */
  function isTyping() {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    const types = /^(text|search|email|url|tel|password|number|date|time)$/;
    return Boolean(focused && (focused.matches("textarea, select, [contenteditable]") || types.test(focused.type ?? "")));
  }

  window.addEventListener("load", () => {
    const unknown = findUnknown();
    if (unknown.length) {
      Form.broken = `This page has no ${unknown.map((name) => `<${name}>`).join(", ")}: skip the task.`;
      problem(Form.broken);
    }
    document.dispatchEvent(new CustomEvent("all-crowd-elements-ready"));
    // What a template adds then stands above the button.
    for (const form of forms()) if (form.submitter) form.form.append(form.submitter);
    tell({ millrace: "ready" });
  });

  customElements.define("crowd-form", Form);
  customElements.define("crowd-button", Button);
  customElements.define("full-instructions", Instructions);
  customElements.define("crowd-instructions", class extends Instructions {});
  customElements.define("short-instructions", ShortInstructions);
  customElements.define("crowd-alert", Alert);

  return { Element, make, sheet, isTyping };
})();

// Styles of the elements' insides; colours come from crowd.css.
crowd.sheet.replaceSync(`
  :host { display: block; margin-block: .75rem }
  :host([hidden]) { display: none }
  :host(.submit) { margin-top: 1.5rem }
  :host(crowd-entity-annotation) { max-width: 72rem; margin-inline: auto }
  ::slotted(short-instructions) { margin-top: 0 }
  :host(crowd-button:not(.submit)), :host(crowd-checkbox), :host(crowd-radio-button) { display: inline-block; margin-block: .2rem }
  * { box-sizing: border-box }
  h2 { font-size: 1.15rem; line-height: 1.35; margin: 0 }
  button, a { font: inherit; font-weight: 600; padding: .55rem 1.1rem; border-radius: 8px; border: 1px solid var(--line); background: var(--surface); color: inherit; cursor: pointer; text-decoration: none; display: inline-block }
  button:hover, a:hover { border-color: var(--muted) }
  .primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
  .primary:hover { background: var(--accent-strong); border-color: var(--accent-strong) }
  .link { border-color: transparent; background: none; color: var(--accent); padding: .2rem 0; text-decoration: underline; text-underline-offset: .15em }
  [aria-disabled="true"] { opacity: .5; cursor: default }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
  kbd { font: 600 .75rem/1 ui-monospace, "DejaVu Sans Mono", monospace; padding: .2rem .4rem; border: 1px solid currentColor; border-radius: 4px; opacity: .65 }
  aside { border-left: 4px solid var(--accent); background: var(--raised); border-radius: 0 8px 8px 0; padding: .7rem 1rem }
  aside strong { display: block }
  dialog { width: min(44rem, calc(100vw - 2rem)); max-height: calc(100vh - 2rem); padding: 1.3rem 1.5rem; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); color: inherit }
  dialog::backdrop { background: #0009 }
  dialog header { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-bottom: .5rem }
  .alert { display: flex; justify-content: space-between; gap: 1rem; padding: .7rem 1rem; border-radius: 8px; background: var(--raised) }
  .alert.error, .alert.warning { background: var(--bad-ground); color: var(--bad) }
  .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
`);
