// A list above the composer to choose from: commands, or choices of autocomplete.
import { el } from "./dom.js";

export class Menu {
  // label names the list for screen readers. draw returns the label and the children of an item. choose gets the chosen
  // item.
  constructor(label, draw, choose) {
    Object.assign(this, { draw, choose, items: [], at: 0, label, field: null });
    this.list = el("ul", { role: "listbox", id: label, "aria-label": label });
    this.node = el("div", { className: "menu-box", hidden: true }, this.list);
  }

  // attach connects the list to the field in which the user types.
  attach(field) {
    this.field = field;
    const attributes = {
      role: "combobox", "aria-controls": this.label, "aria-autocomplete": "list", "aria-expanded": "false",
    };
    for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  }

  get open() {
    return !this.node.hidden;
  }

  show(items) {
    this.items = items;
    this.at = 0;
    this.node.hidden = !items.length;
    this.list.replaceChildren(...items.map((item, i) => this.row(item, i)));
    this.mark();
  }

  hide() {
    this.show([]);
  }

  row(item, i) {
    const { label, children } = this.draw(item);
    const node = el("li", { role: "option", id: `${this.label}-${i}`, "aria-label": label }, ...children);
    node.addEventListener("mousemove", () => this.at !== i && this.move(i - this.at));
    node.addEventListener("mousedown", (e) => e.preventDefault()); // keeps the focus in the field
    node.addEventListener("click", () => this.choose(item));
    return node;
  }

  move(by) {
    this.at = (this.at + by + this.items.length) % this.items.length;
    this.mark();
  }

  // mark marks the selected row.
  mark() {
    [...this.list.children].forEach((node, i) => {
      node.setAttribute("aria-selected", i === this.at);
      if (i === this.at) node.scrollIntoView({ block: "nearest" });
    });
    this.field?.setAttribute("aria-expanded", this.open);
    if (this.open) this.field?.setAttribute("aria-activedescendant", `${this.label}-${this.at}`);
    else this.field?.removeAttribute("aria-activedescendant");
  }

  // key handles a key while the list is open, and returns whether it did.
  key(e) {
    if (!this.open) return false;
    if (e.key === "ArrowDown") this.move(1);
    else if (e.key === "ArrowUp") this.move(-1);
    else if (e.key === "Enter" || e.key === "Tab") this.choose(this.items[this.at]);
    else if (e.key === "Escape") this.hide();
    else return false;
    e.preventDefault();
    e.stopPropagation();
    return true;
  }
}
