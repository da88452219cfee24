// Forms that the bot opens ("modals"), as dialogs.
import { byId, el } from "./dom.js";

// openForm shows a form. send gets the values by custom_id and returns a
// promise; while it fails the form stays open with the reason.
export function openForm(form, bot, send) {
  const fields = form.components.map(field).filter(Boolean);
  const fault = el("p", { className: "fault", role: "alert" });
  const submit = el("button", { className: "button primary", type: "submit" }, "Submit");
  const cancel = el("button", { className: "button secondary", type: "button", onclick: () => box.close() }, "Cancel");
  const inner = el("form", { method: "dialog" }, el("header", {}, el("h2", {}, form.title), el("small", {}, `This form will be sent to ${bot}.`)),
    ...fields.map((f) => f.node), fault, el("footer", {}, cancel, submit));
  const box = el("dialog", { className: "form", "aria-label": form.title }, inner);
  inner.addEventListener("submit", async (e) => {
    e.preventDefault();
    submit.disabled = true;
    try {
      await send(Object.fromEntries(fields.filter((f) => f.input).map((f) => [f.id, f.input.value])));
      box.close();
    } catch (err) {
      fault.textContent = err.message;
      submit.disabled = false;
    }
  });
  box.addEventListener("keydown", (e) => e.key === "Enter" && (e.ctrlKey || e.metaKey) && inner.requestSubmit());
  box.addEventListener("close", () => box.remove());
  byId("app").append(box);
  box.showModal();
  const first = fields.find((f) => f.input)?.input;
  first?.focus();
  first?.setSelectionRange?.(first.value.length, first.value.length);
}

function field(c, i) {
  const child = c.type === 18 ? c.component : c.type === 1 ? c.components[0] : c;
  if (child.type === 10) return { node: el("p", {}, child.content) };
  const label = c.type === 18 ? c.label : child.label || child.custom_id;
  const input = child.type === 3 ? pick(child) : write(child);
  input.id = `field-${i}`;
  input.required = child.required !== false;
  input.setAttribute("aria-label", label);
  const node = el("div", { className: "field" }, el("label", { for: input.id }, label, input.required && el("i", { "aria-hidden": "true" }, " *")),
    c.description && el("small", {}, c.description), input);
  return { id: child.custom_id, input, node };
}

function write(c) {
  const long = c.style === 2;
  const input = el(long ? "textarea" : "input", { value: c.value || "", placeholder: c.placeholder || "", maxLength: c.max_length ?? 4000 });
  if (c.min_length) input.minLength = c.min_length;
  if (long) input.rows = 5;
  return input;
}

const pick = (c) => el("select", {}, ...c.options.map((o) => el("option", { value: o.value, selected: !!o.default }, o.label)));
