// Components under a message: rows of buttons and selects, and the newer
// layout parts (text, galleries, containers).
import { el } from "./dom.js";
import { markdown } from "./markdown.js";

const styles = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

export const components = (m, acts) => (m.components || []).map((c) => part(c, m, acts)).filter(Boolean);

function part(c, m, acts) {
  const inside = () => (c.components || []).map((x) => part(x, m, acts)).filter(Boolean);
  switch (c.type) {
    case 1: return el("div", { className: "row" }, ...inside());
    case 2: return button(c, m, acts);
    case 3: return select(c, m, acts);
    case 9: return el("div", { className: "section" }, el("div", {}, ...inside()), c.accessory && part(c.accessory, m, acts));
    case 10: return el("div", { className: "text" }, markdown(c.content));
    case 11: return c.media.url.startsWith("http") ? el("img", { className: "thumb", src: c.media.url, alt: c.description || "" }) : null;
    case 12: return el("div", { className: "pictures many" }, ...c.items.map((i) => el("img", { src: i.media.url, alt: i.description || "" })));
    case 14: return el("hr");
    case 17: return container(c, inside());
  }
  return null;
}

function container(c, children) {
  const node = el("div", { className: "embed" }, ...children);
  if (c.accent_color) node.style.setProperty("--edge", `#${c.accent_color.toString(16).padStart(6, "0")}`);
  return node;
}

function button(c, m, acts) {
  const words = [c.emoji?.name, c.label].filter(Boolean);
  const inner = [c.emoji?.name && el("span", { className: "emoji", "aria-hidden": "true" }, c.emoji.name), c.label && el("span", {}, c.label)];
  if (c.style === 5) {
    return el("a", { className: "button link", href: /^https?:/.test(c.url) ? c.url : "#", target: "_blank", rel: "noopener noreferrer" }, ...inner, " ↗");
  }
  const node = el("button", {
    className: `button ${styles[c.style] || "secondary"}`, disabled: !!c.disabled, "aria-label": words.join(" "), "data-custom": c.custom_id,
  }, ...inner);
  node.addEventListener("click", () => acts.click(m, c.custom_id, [], node));
  return node;
}

function select(c, m, acts) {
  const node = el("select", { className: "pick", disabled: !!c.disabled, "aria-label": c.placeholder || "Make a selection", "data-custom": c.custom_id },
    el("option", { value: "", disabled: true, selected: !c.options.some((o) => o.default) }, c.placeholder || "Make a selection"),
    ...c.options.map((o) => el("option", { value: o.value, selected: !!o.default }, [o.emoji?.name, o.label].filter(Boolean).join(" "))));
  node.addEventListener("change", () => acts.click(m, c.custom_id, [node.value], node));
  return node;
}
