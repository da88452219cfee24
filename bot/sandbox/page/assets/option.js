// One option of a command being filled in: a chip with a name and a field.
import { el, size } from "./dom.js";

const BOOLEAN = 5, USER = 6, CHANNEL = 7, ATTACHMENT = 11;
export const isNumber = (o) => o.type === 4 || o.type === 10;

// Chip draws an option. place knows people and channels; host hears about focus,
// removal, typing and keys.
export class Chip {
  constructor(option, place, host) {
    Object.assign(this, { option, host, file: null });
    this.input = this.field(place);
    this.input.setAttribute("aria-label", option.name);
    this.input.setAttribute("aria-required", !!option.required);
    this.input.addEventListener("focus", () => host.focused(this));
    this.input.addEventListener("keydown", (e) => host.key(e, this));
    const remove = !option.required && el("button", { className: "x", type: "button", tabIndex: -1, "aria-label": `Remove option ${option.name}`, onclick: () => host.remove(this) }, "×");
    this.node = el("div", { className: `chip ${this.kind()}` }, el("span", { className: "name", "aria-hidden": "true" }, option.name), this.extra, this.input, remove);
    this.node.addEventListener("click", (e) => e.target === this.node && this.input.focus());
  }

  kind() {
    if (this.option.type === ATTACHMENT) return "upload";
    return this.option.type === 3 && !this.option.choices?.length && !this.option.autocomplete ? "wide" : "narrow";
  }

  field(place) {
    const o = this.option;
    if (o.type === ATTACHMENT) return this.upload();
    if (o.choices?.length) return select(o.choices.map((c) => [JSON.stringify(c.value), c.name]));
    if (o.type === BOOLEAN) return select([["true", "True"], ["false", "False"]]);
    if (o.type === USER) return select(place.people.map((p) => [JSON.stringify(p.id), p.name]));
    if (o.type === CHANNEL) return select(place.channels.map((c) => [JSON.stringify(c.id), `#${c.name}`]));
    if (this.kind() === "wide") return this.growing();
    const input = el("input", { type: "text", inputMode: isNumber(o) ? "decimal" : "text", autocomplete: "off", placeholder: this.range() });
    input.addEventListener("input", () => this.host.typed(this));
    return input;
  }

  range() {
    const { min_value: a, max_value: b } = this.option;
    return a !== undefined && b !== undefined ? `${a}–${b}` : "";
  }

  growing() {
    const input = el("textarea", { rows: 1, maxLength: this.option.max_length ?? 6000 });
    input.addEventListener("input", () => grow(input));
    return input;
  }

  upload() {
    const input = el("input", { type: "file", className: "file-input" });
    this.extra = el("span", { className: "chosen" }, "Choose, drop or paste a file");
    input.addEventListener("change", () => input.files[0] && this.take(input.files[0]));
    return input;
  }

  // take accepts a file chosen, dropped or pasted.
  take(file) {
    this.file = file;
    const thumb = file.type.startsWith("image/") && el("img", { src: URL.createObjectURL(file), alt: "", onload: (e) => URL.revokeObjectURL(e.target.src) });
    this.extra.replaceChildren(...[thumb, `${file.name} · ${size(file.size)}`].filter(Boolean));
  }

  get empty() {
    return this.option.type === ATTACHMENT ? !this.file : this.input.value.trim() === "";
  }

  // value reads the field, or throws what is wrong with it.
  value() {
    const o = this.option;
    const raw = this.input.value.trim();
    if (this.input.tagName === "SELECT") return JSON.parse(raw);
    if (!isNumber(o)) return raw;
    const n = Number(raw.replace(",", "."));
    if (Number.isNaN(n) || o.type === 4 && !Number.isInteger(n)) throw new Error(`${o.name} needs a ${o.type === 4 ? "whole " : ""}number.`);
    if (o.min_value !== undefined && n < o.min_value) throw new Error(`${o.name} must be at least ${o.min_value}.`);
    if (o.max_value !== undefined && n > o.max_value) throw new Error(`${o.name} must be at most ${o.max_value}.`);
    return n;
  }

  set(value) {
    this.input.value = this.input.tagName === "SELECT" ? JSON.stringify(value) : String(value);
    if (this.input.tagName === "TEXTAREA") requestAnimationFrame(() => grow(this.input));
  }
}

const select = (pairs) =>
  el("select", {}, el("option", { value: "" }, "…"), ...pairs.map(([value, name]) => el("option", { value }, name)));

export function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 160)}px`;
}
