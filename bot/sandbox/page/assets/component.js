// Components under a message: rows of buttons and select menus, and layout components such as text and galleries.
import { el } from "./dom.js";
import { fileLink, nameInLink } from "./file.js";
import { markdown } from "./markdown.js";
import { pictures } from "./picture.js";
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
    case ComponentType.gallery: return gallery(c.items, actions.old);
    case ComponentType.file: return fileLink({ url: c.file.url, filename: c.name, size: c.size });
    case ComponentType.separator: return separator(c);
    case ComponentType.container: return container(c, children());
  }
  return null;
}

const section = (children, accessory) => el("div", { className: "section" }, el("div", {}, ...children), accessory);

const thumbnail = (c) =>
  c.media.url.startsWith("http") ? el("img", { className: "thumb", src: c.media.url, alt: c.description || "" }) : null;

// gallery shows pictures as those of a message without components are shown.
const gallery = (items, old) => pictures(items.map(asAttachment), old);

const asAttachment = (i) => ({
  id: i.media.attachment_id || i.media.url, url: i.media.url, filename: nameInLink(i.media.url),
  description: i.description, is_spoiler: i.spoiler, width: i.media.width || 1, height: i.media.height || 1,
});

const wideSpacing = 2;

const separator = (c) =>
  el("hr", { className: [c.divider === false && "blank", c.spacing === wideSpacing && "wide"].filter(Boolean).join(" ") });

function container(c, children) {
  const node = el("div", { className: "card" }, ...children);
  if (c.accent_color !== undefined) node.style.setProperty("--edge", `#${c.accent_color.toString(16).padStart(6, "0")}`);
  return node;
}

// firstText returns the text of the first text display of components.
export function firstText(components) {
  for (const c of components || []) {
    const text = c.type === ComponentType.textDisplay ? c.content : firstText(c.components);
    if (text) return text;
  }
  return "";
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
