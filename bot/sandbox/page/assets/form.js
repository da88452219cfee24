// Modals that the bot opens, as dialogs.
import { byId, el } from "./dom.js";
import { ComponentType } from "./types.js";

const paragraphStyle = 2;
const drafts = new Map(); // what was typed into a modal that was closed, by its custom_id

// openForm shows a modal. send gets the values by custom_id and returns a promise. If it fails, the dialog stays open
// and shows the reason.
export function openForm(modal, bot, send) {
  const fields = modal.components.map(field).filter(Boolean);
  const values = () => Object.fromEntries(fields.filter((f) => f.input).map((f) => [f.id, f.input.value]));
  const draft = drafts.get(modal.custom_id) || {};
  for (const f of fields) if (f.input && f.id in draft) f.input.value = draft[f.id];
  let done = false;
  const error = el("p", { className: "error", role: "alert" });
  const submit = el("button", { className: "button primary", type: "submit" }, "Submit");
  const cancel = el("button", { className: "button secondary", type: "button", onclick: () => close() }, "Cancel");
  // close closes the dialog for good: its draft goes.
  const close = () => {
    done = true;
    drafts.delete(modal.custom_id);
    dialog.close();
  };
  const form = el("form", { method: "dialog" },
    el("header", {}, el("h2", {}, modal.title), el("small", {}, `${bot} receives this form.`)),
    ...fields.map((f) => f.node), error, el("footer", {}, cancel, submit));
  const dialog = el("dialog", { className: "form", "aria-label": modal.title }, form);
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    submit.disabled = true;
    try {
      await send(values());
      close();
    } catch (err) {
      error.textContent = err.message;
      submit.disabled = false;
    }
  });
  dialog.addEventListener("keydown", (e) => e.key === "Enter" && (e.ctrlKey || e.metaKey) && form.requestSubmit());
  dialog.addEventListener("close", () => {
    if (!done) drafts.set(modal.custom_id, values());
    dialog.remove();
  });
  byId("app").append(dialog);
  dialog.showModal();
  focusEnd(fields.find((f) => f.input)?.input);
}

// focusEnd puts the cursor at the end of a field.
function focusEnd(input) {
  input?.focus();
  input?.setSelectionRange?.(input.value.length, input.value.length);
}

// field draws a row, a label or a text of a modal.
function field(c, i) {
  const child = c.type === ComponentType.label ? c.component : c.type === ComponentType.actionRow ? c.components[0] : c;
  if (child.type === ComponentType.textDisplay) return { node: el("p", {}, child.content) };
  const label = c.type === ComponentType.label ? c.label : child.label || child.custom_id;
  const input = child.type === ComponentType.stringSelect ? select(child) : textInput(child);
  input.id = `field-${i}`;
  input.required = child.required !== false;
  input.setAttribute("aria-label", label);
  const node = el("div", { className: "field" },
    el("label", { for: input.id }, label, input.required && el("i", { "aria-hidden": "true" }, " *")),
    c.description && el("small", {}, c.description), input);
  return { id: child.custom_id, input, node };
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
  el("select", {}, ...c.options.map((o) => el("option", { value: o.value, selected: !!o.default }, o.label)));
