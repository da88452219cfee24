// One message as an element: author, time, text, pictures, embeds, components.
import { component, firstText } from "./component.js";
import { avatar, el } from "./dom.js";
import { fileLink } from "./file.js";
import { markdown } from "./markdown.js";
import { openMessageMenu } from "./messagemenu.js";
import { pictures } from "./picture.js";
import { MessageFlag, commandInteraction } from "./types.js";

export const isEphemeral = (m) => (m.flags & MessageFlag.ephemeral) !== 0;
export const isLoading = (m) => (m.flags & MessageFlag.loading) !== 0;
const nameOf = (u) => u.global_name || u.username;

// message draws m. old is the element that the new one replaces; its pictures show until the new ones have loaded.
// actions holds the user, what a click does (click, remove, mayDelete), and the message commands with what runs one.
export function message(m, old, actions) {
  const node = el("article", {
    className: "message", "data-id": m.id, "aria-label": `Message from ${nameOf(m.author)}`,
    "aria-busy": isLoading(m) ? "true" : "false",
  });
  if (isEphemeral(m)) node.classList.add("ephemeral");
  const pings = m.sandbox_pings || [];
  if (pings.includes(actions.user) || pings.includes("everyone")) node.classList.add("pinged");
  if (hasMenu(m, actions)) node.addEventListener("contextmenu", (e) => openMenu(e, m, actions));
  node.append(...[context(m), avatar(m.author), body(m, old, actions), tools(m, actions)].filter(Boolean));
  return node;
}

// context is the line above a message: the command or the message that it responds to.
function context(m) {
  const source = m.interaction_metadata;
  if (source && source.type === commandInteraction) {
    const slash = source.name === source.name.toLowerCase() ? "/" : ""; // only message commands have capitals
    return el("div", { className: "context" }, el("b", {}, nameOf(source.user)), " used ",
      el("span", { className: "mention" }, slash + source.name));
  }
  if (!m.message_reference) return null;
  if (m.sandbox_hidden_source) return el("div", { className: "context" }, "Message could not be loaded.");
  const to = m.referenced_message;
  const jump = () =>
    to && document.querySelector(`[data-id="${to.id}"]`)?.scrollIntoView({ behavior: "smooth", block: "center" });
  return el("button", { className: "context jump", onclick: jump, title: "Go to this message" },
    to && el("b", {}, nameOf(to.author)), " ", to ? excerpt(to) : "Original message was deleted");
}

// excerpt is the first line of a message that has text, without its markup.
function excerpt(m) {
  const first = (m.content || firstText(m.components)).split("\n").find((line) => line.replaceAll("`", "").trim()) || "";
  const box = el("div", {}, markdown(first.replace(/\|\|.+?\|\|/g, "▇▇▇")));
  const text = box.textContent;
  return (text.length > 90 ? `${text.slice(0, 89)}…` : text) || (m.attachments.length ? "a picture" : "a message");
}

function body(m, old, actions) {
  const parts = [head(m)];
  if (isLoading(m)) parts.push(thinking(m.author));
  if (m.content) parts.push(text(m));
  if (!(m.flags & MessageFlag.componentsV2)) { // in a V2 message components show the files
    parts.push(pictures(m.attachments, old));
    for (const file of m.attachments.filter((a) => !a.width)) parts.push(fileLink(file));
  }
  for (const e of m.embeds || []) parts.push(embed(e));
  for (const c of m.components || []) parts.push(component(c, m, { ...actions, old }));
  if (isEphemeral(m)) parts.push(ephemeralNote(() => actions.remove(m)));
  return el("div", { className: "body" }, ...parts.filter(Boolean));
}

function head(m) {
  return el("div", { className: "by" },
    el("b", {}, nameOf(m.author)), m.author.bot && el("span", { className: "tag" }, "APP"),
    el("time", { dateTime: m.timestamp, title: new Date(m.timestamp).toLocaleString() }, when(m.timestamp)));
}

function text(m) {
  const node = el("div", { className: "text" }, markdown(m.content));
  if (m.edited_timestamp && !m.author.bot) node.append(el("span", { className: "edited" }, " (edited)"));
  return node;
}

function when(stamp) {
  const date = new Date(stamp);
  const clock = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const today = date.toDateString() === new Date().toDateString();
  return today ? `Today at ${clock}` : `${date.toLocaleDateString("en-GB")} ${clock}`;
}

const thinking = (author) =>
  el("div", { className: "thinking" },
    el("span", { className: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    `${nameOf(author)} is thinking…`);

function embed(e) {
  const node = el("div", { className: "embed" });
  if (e.color) node.style.setProperty("--edge", `#${e.color.toString(16).padStart(6, "0")}`);
  if (e.author) node.append(el("small", {}, e.author.name));
  if (e.title) node.append(el("b", { className: "title" }, markdown(e.title)));
  if (e.description) node.append(el("div", { className: "text" }, markdown(e.description)));
  if (e.fields?.length) node.append(el("div", { className: "fields" }, ...e.fields.map(embedField)));
  if (e.image?.url?.startsWith("http")) node.append(el("img", { src: e.image.url, alt: "" }));
  if (e.footer) node.append(el("small", {}, e.footer.text));
  return node;
}

const embedField = (f) =>
  el("div", { className: f.inline ? "field inline" : "field" },
    el("b", {}, markdown(f.name)), el("div", {}, markdown(f.value)));

// ephemeralNote is the line under a message that only one user sees.
export const ephemeralNote = (dismiss) =>
  el("div", { className: "ephemeral-note" }, el("span", { "aria-hidden": "true" }, "👁"), " Only you can see this · ",
    el("button", { className: "plain", onclick: dismiss }, "Dismiss message"));

function tools(m, actions) {
  const menu = hasMenu(m, actions) &&
    el("button", { "aria-label": "Message commands", "aria-haspopup": "menu", title: "Message commands",
      onclick: (e) => openMenu(e, m, actions) }, "⋯");
  const bin = !isEphemeral(m) && actions.mayDelete(m) &&
    el("button", { "aria-label": "Delete message", title: "Delete message", onclick: () => actions.remove(m) }, "🗑");
  return (menu || bin) && el("div", { className: "tools" }, menu, bin);
}

const hasMenu = (m, actions) => !isEphemeral(m) && (actions.messageCommands || []).length > 0;

// openMenu opens the menu of a message where the pointer is, or below what has the focus. Links, pictures and texts that
// are selected keep the browser's own menu.
function openMenu(e, m, actions) {
  if (e.type === "contextmenu" && (e.target.closest("a, img") || String(getSelection()))) return;
  e.preventDefault();
  const box = e.target.getBoundingClientRect();
  const at = e.clientX || e.clientY ? { x: e.clientX, y: e.clientY } : { x: box.left, y: box.bottom };
  openMessageMenu(actions.messageCommands, at, (name) => actions.runOnMessage(m, name));
}
