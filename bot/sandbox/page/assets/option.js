// One option of a command: its name and a field for its value.
import { el, size } from "./dom.js";
import { OptionType } from "./types.js";

const maxShownNumber = 1e6; // a larger limit, such as that of seeds, says nothing to people

const isNumber = (o) => o.type === OptionType.integer || o.type === OptionType.number;

// OptionField draws an option. names holds the users and channels to choose from. handlers are called when the field
// gets the focus (onFocus), its remove button is clicked (onRemove), text changes (onType) or a key is pressed (onKey).
export class OptionField {
  constructor(option, names, handlers) {
    Object.assign(this, { option, handlers, file: null });
    this.input = this.makeInput(names);
    this.input.setAttribute("aria-label", option.name);
    this.input.setAttribute("aria-required", !!option.required);
    this.input.addEventListener("focus", () => {
      this.node.scrollIntoView({ block: "nearest" });
      handlers.onFocus(this);
    });
    this.input.addEventListener("keydown", (e) => handlers.onKey(e, this));
    this.node = el("div", { className: `chip ${this.kind()}` },
      el("span", { className: "name", "aria-hidden": "true" }, option.name), this.fileLabel, this.input,
      !option.required && this.removeButton());
    this.node.addEventListener("click", (e) => e.target === this.node && this.input.focus());
  }

  removeButton() {
    const label = `Remove option ${this.option.name}`;
    return el("button", {
      className: "x", type: "button", tabIndex: -1, "aria-label": label, onclick: () => this.handlers.onRemove(this),
    }, "×");
  }

  kind() {
    const o = this.option;
    if (o.type === OptionType.attachment) return "upload";
    return o.type === OptionType.string && !o.choices?.length && !o.autocomplete ? "wide" : "narrow";
  }

  makeInput(names) {
    const o = this.option;
    if (o.type === OptionType.attachment) return this.fileInput();
    if (o.choices?.length) return select(o.choices.map((c) => [JSON.stringify(c.value), c.name]));
    if (o.type === OptionType.boolean) return select([["true", "True"], ["false", "False"]]);
    if (o.type === OptionType.user) return select(names.users.map((u) => [JSON.stringify(u.id), u.name]));
    if (o.type === OptionType.channel) return select(names.channels.map((c) => [JSON.stringify(c.id), `#${c.name}`]));
    if (this.kind() === "wide") return this.growingInput();
    const inputMode = isNumber(o) ? "decimal" : "text";
    const input = el("input", { type: "text", inputMode, autocomplete: "off", placeholder: this.range() });
    input.addEventListener("input", () => this.handlers.onType(this));
    return input;
  }

  range() {
    const { min_value: min, max_value: max } = this.option;
    return min !== undefined && max <= maxShownNumber ? `${min}–${max}` : "";
  }

  growingInput() {
    const input = el("textarea", { rows: 1, maxLength: this.option.max_length ?? 6000 });
    input.addEventListener("input", () => grow(input));
    return input;
  }

  fileInput() {
    const input = el("input", { type: "file", className: "file-input" });
    this.fileLabel = el("span", { className: "chosen" }, "Choose, drop or paste a file");
    input.addEventListener("change", () => input.files[0] && this.setFile(input.files[0]));
    return input;
  }

  // setFile takes a file that the user chose, dropped or pasted.
  setFile(file) {
    this.file = file;
    const thumbnail = file.type.startsWith("image/") && el("img",
      { src: URL.createObjectURL(file), alt: "", onload: (e) => URL.revokeObjectURL(e.target.src) });
    this.fileLabel.replaceChildren(...[thumbnail, `${file.name} · ${size(file.size)}`].filter(Boolean));
  }

  get empty() {
    return this.option.type === OptionType.attachment ? !this.file : this.input.value.trim() === "";
  }

  // value reads the field. It throws an error with a text for the user if the value is wrong.
  value() {
    const o = this.option;
    const raw = this.input.value.trim();
    if (this.input.tagName === "SELECT") return JSON.parse(raw);
    if (!isNumber(o)) return raw;
    const n = Number(raw.replace(",", "."));
    if (Number.isNaN(n)) throw new Error(`${o.name} must be a number.`);
    if (o.type === OptionType.integer && !Number.isInteger(n)) throw new Error(`${o.name} must be a whole number.`);
    if (o.min_value !== undefined && n < o.min_value) throw new Error(`${o.name} must be at least ${o.min_value}.`);
    if (o.max_value !== undefined && n > o.max_value) throw new Error(`${o.name} must be at most ${o.max_value}.`);
    return n;
  }

  // valueOrText is the value, or the typed text while it is wrong.
  valueOrText() {
    try {
      return this.value();
    } catch {
      return this.input.value;
    }
  }

  set(value) {
    this.input.value = this.input.tagName === "SELECT" ? JSON.stringify(value) : String(value);
    if (this.input.tagName === "TEXTAREA") requestAnimationFrame(() => grow(this.input));
  }
}

const select = (options) =>
  el("select", {}, el("option", { value: "" }, "…"), ...options.map(([value, name]) => el("option", { value }, name)));

// grow makes a text area as high as its text.
export function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 160)}px`;
}
