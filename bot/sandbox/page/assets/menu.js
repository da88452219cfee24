// A list to choose from, above the composer: commands, or suggestions.
import { el } from "./dom.js";

export class Menu {
  // label names the list for screen readers; choose gets the chosen item.
  constructor(label, draw, choose) {
    Object.assign(this, { draw, choose, items: [], at: 0, label, owner: null }); // owner is the field that is typed in
    this.list = el("ul", { role: "listbox", id: label, "aria-label": label });
    this.node = el("div", { className: "menu-box", hidden: true }, this.list);
  }

  // own ties the list to the field it belongs to.
  own(field) {
    this.owner = field;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": this.label, "aria-autocomplete": "list", "aria-expanded": "false" })) field.setAttribute(name, value);
  }

  get open() {
    return !this.node.hidden;
  }

  show(items) {
    this.items = items;
    this.at = 0;
    this.node.hidden = !items.length;
    this.list.replaceChildren(...items.map((item, i) => this.line(item, i)));
    this.mark();
  }

  hide() {
    this.show([]);
  }

  line(item, i) {
    const { label, children } = this.draw(item);
    const node = el("li", { role: "option", id: `${this.label}-${i}`, "aria-label": label }, ...children);
    node.addEventListener("mousemove", () => this.at !== i && this.move(i - this.at));
    node.addEventListener("mousedown", (e) => e.preventDefault()); // keeps the focus where it is
    node.addEventListener("click", () => this.choose(item));
    return node;
  }

  move(by) {
    this.at = (this.at + by + this.items.length) % this.items.length;
    this.mark();
  }

  mark() {
    [...this.list.children].forEach((node, i) => {
      node.setAttribute("aria-selected", i === this.at);
      if (i === this.at) node.scrollIntoView({ block: "nearest" });
    });
    this.owner?.setAttribute("aria-expanded", this.open);
    if (this.open) this.owner?.setAttribute("aria-activedescendant", `${this.label}-${this.at}`);
    else this.owner?.removeAttribute("aria-activedescendant");
  }

  // key handles a key while the list is open, and says whether it did.
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
