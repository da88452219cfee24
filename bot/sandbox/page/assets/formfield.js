// The fields of a modal. Each has a node and, unless it is a text, an id and either values() and restore() or file().
import { el, size } from "./dom.js";
import { maskCanvas } from "./mask.js";
import { ComponentType } from "./types.js";

const paragraphStyle = 2;
const maskField = "mask"; // the custom_id of a file upload that may be drawn on the picture of the modal
const grid = 9; // so many boxes stand in three rows

// field draws a row, a label or a text of a modal. picture is the address of the picture that the modal is about.
export function field(c, i, picture) {
  const child = c.type === ComponentType.label ? c.component : c.type === ComponentType.actionRow ? c.components[0] : c;
  if (child.type === ComponentType.textDisplay) return { node: el("p", {}, child.content) };
  const label = { text: c.type === ComponentType.label ? c.label : child.label || child.custom_id, about: c.description,
    required: child.required !== false, id: `field-${i}` };
  switch (child.type) {
    case ComponentType.fileUpload: return upload(child, label, picture);
    case ComponentType.radioGroup: return boxes(child, label, "radio");
    case ComponentType.checkboxGroup: return boxes(child, label, "checkbox");
    case ComponentType.checkbox: return box(child, label);
    case ComponentType.stringSelect: return child.max_values > 1 ? boxes(child, label, "checkbox") : single(child, label, select(child));
  }
  return single(child, label, textInput(child));
}

const star = (label) => label.required && el("i", { "aria-hidden": "true" }, " *");

// single is a field with one input.
function single(c, label, input) {
  input.id = label.id;
  input.required = label.required;
  input.setAttribute("aria-label", label.text);
  const node = el("div", { className: "field" }, el("label", { for: input.id }, label.text, star(label)),
    label.about && el("small", {}, label.about), input);
  return { id: c.custom_id, input, node, values: () => [input.value], restore: ([v]) => (input.value = v) };
}

function textInput(c) {
  const long = c.style === paragraphStyle;
  const input = el(long ? "textarea" : "input",
    { value: c.value || "", placeholder: c.placeholder || "", maxLength: c.max_length ?? 4000 });
  if (c.min_length) input.minLength = c.min_length;
  if (long) input.rows = 5;
  return input;
}

const select = (c) =>
  el("select", {}, ...c.options.map((o) => el("option", { value: o.value, selected: !!o.default },
    [o.label, o.description].filter(Boolean).join(" · "))));

// boxes are radio buttons or checkboxes.
function boxes(c, label, type) {
  const inputs = c.options.map((o) => el("input", {
    type, name: label.id, value: o.value, checked: !!o.default, required: type === "radio" && label.required,
    "aria-label": o.label,
  }));
  const options = inputs.map((input, i) => el("label", { className: "option" }, input, el("span", {}, c.options[i].label)));
  const node = el("fieldset", { className: "field", "aria-label": label.text },
    el("legend", {}, label.text, star(label)), label.about && el("small", {}, label.about),
    el("div", { className: options.length === grid ? "options grid" : "options" }, ...options));
  return {
    id: c.custom_id, node, values: () => inputs.filter((n) => n.checked).map((n) => n.value),
    restore: (values) => inputs.forEach((n) => (n.checked = values.includes(n.value))),
  };
}

function box(c, label) {
  const input = el("input", { type: "checkbox", checked: !!c.default, "aria-label": label.text });
  const node = el("div", { className: "field" }, el("label", { className: "option" }, input, el("span", {}, label.text)));
  return { id: c.custom_id, node, values: () => [String(input.checked)], restore: ([v]) => (input.checked = v === "true") };
}

// upload takes a file that is chosen or dropped. A mask can also be drawn.
function upload(c, label, picture) {
  let file = null;
  let canvas = null;
  const accept = (c.file_types || []).map((t) => (t.startsWith(".") ? t : `${t}/*`)).join(",");
  const input = el("input", { type: "file", id: label.id, accept, required: label.required, "aria-label": label.text });
  const text = el("span", {}, "Choose or drop a file");
  const remove = el("button", { className: "button secondary", type: "button", hidden: true, onclick: () => take(null) }, "Remove");
  const zone = el("div", { className: "drop" }, text, input);
  const take = (chosen) => {
    file = chosen;
    if (!chosen) input.value = "";
    const thumbnail = chosen?.type.startsWith("image/") && el("img",
      { src: URL.createObjectURL(chosen), alt: "", onload: (e) => URL.revokeObjectURL(e.target.src) });
    text.replaceChildren(...[thumbnail, chosen ? `${chosen.name} · ${size(chosen.size)}` : "Choose or drop a file"].filter(Boolean));
    remove.hidden = !chosen;
  };
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  zone.addEventListener("dragover", (e) => {
    e.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (e) => {
    e.preventDefault();
    zone.classList.remove("over");
    if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]);
  });
  const drawing = c.custom_id === maskField && picture && el("button", {
    className: "button secondary", type: "button", onclick: () => {
      canvas = maskCanvas(picture);
      drawing.replaceWith(canvas.node);
    },
  }, "Draw on the picture");
  const node = el("div", { className: "field" }, el("label", { for: label.id }, label.text, star(label)),
    label.about && el("small", {}, label.about), zone, remove, drawing);
  return { id: c.custom_id, node, file: async () => file || canvas?.file() };
}
