// Components under a message: rows of buttons and select menus, and layout components such as text and galleries.
import { el } from "./dom.js";
import { markdown } from "./markdown.js";
import { ComponentType } from "./types.js";

const buttonStyles = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const linkStyle = 5;

// component draws a component of message m; null if the page does not know its type.
export function component(c, m, actions) {
  const children = () => (c.components || []).map((x) => component(x, m, actions)).filter(Boolean);
  switch (c.type) {
    case ComponentType.actionRow: return el("div", { className: "row" }, ...children());
    case ComponentType.button: return button(c, m, actions);
    case ComponentType.stringSelect: return select(c, m, actions);
    case ComponentType.section: return section(children(), c.accessory && component(c.accessory, m, actions));
    case ComponentType.textDisplay: return el("div", { className: "text" }, markdown(c.content));
    case ComponentType.thumbnail: return thumbnail(c);
    case ComponentType.gallery: return gallery(c.items);
    case ComponentType.separator: return el("hr");
    case ComponentType.container: return container(c, children());
  }
  return null;
}

const section = (children, accessory) => el("div", { className: "section" }, el("div", {}, ...children), accessory);

const thumbnail = (c) =>
  c.media.url.startsWith("http") ? el("img", { className: "thumb", src: c.media.url, alt: c.description || "" }) : null;

const gallery = (items) =>
  el("div", { className: "pictures many" },
    ...items.map((i) => el("img", { src: i.media.url, alt: i.description || "" })));

function container(c, children) {
  const node = el("div", { className: "embed" }, ...children);
  if (c.accent_color) node.style.setProperty("--edge", `#${c.accent_color.toString(16).padStart(6, "0")}`);
  return node;
}

function button(c, m, actions) {
  const emoji = c.emoji?.name;
  const children = [
    emoji && el("span", { className: "emoji", "aria-hidden": "true" }, emoji), c.label && el("span", {}, c.label),
  ];
  if (c.style === linkStyle) {
    const href = /^https?:/.test(c.url) ? c.url : "#";
    return el("a", { className: "button link", href, target: "_blank", rel: "noopener noreferrer" }, ...children, " ↗");
  }
  const node = el("button", {
    className: `button ${buttonStyles[c.style] || "secondary"}`, disabled: !!c.disabled,
    "aria-label": [emoji, c.label].filter(Boolean).join(" "), "data-custom": c.custom_id,
  }, ...children);
  node.addEventListener("click", () => actions.click(m, c.custom_id, [], node));
  return node;
}

function select(c, m, actions) {
  const label = c.placeholder || "Make a selection";
  const node = el("select", {
    className: "pick", disabled: !!c.disabled, "aria-label": label, "data-custom": c.custom_id,
  },
    el("option", { value: "", disabled: true, selected: !c.options.some((o) => o.default) }, label),
    ...c.options.map((o) => el("option", { value: o.value, selected: !!o.default },
      [o.emoji?.name, o.label].filter(Boolean).join(" "))));
  node.addEventListener("change", () => actions.click(m, c.custom_id, [node.value], node));
  return node;
}
