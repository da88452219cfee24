// Modals that the bot opens, as dialogs.
import { byId, el } from "./dom.js";
import { field } from "./formfield.js";

const drafts = new Map(); // what was typed into a modal that was closed, by its custom_id

// openForm shows a modal. picture is the address of the picture that it is about, if any. send gets what was chosen by
// custom_id, and a map of files, and returns a promise. If it fails, the dialog stays open and shows the reason.
export function openForm(modal, bot, send, picture) {
  const fields = modal.components.map((c, i) => field(c, i, picture));
  const values = () => Object.fromEntries(fields.filter((f) => f.values).map((f) => [f.id, f.values()]));
  const files = async () => {
    const list = await Promise.all(fields.filter((f) => f.file).map(async (f) => [f.id, await f.file()]));
    return new Map(list.filter(([, file]) => file));
  };
  const draft = drafts.get(modal.custom_id) || {};
  for (const f of fields) if (f.values && f.id in draft) f.restore(draft[f.id]);
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
      await send(values(), await files());
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
