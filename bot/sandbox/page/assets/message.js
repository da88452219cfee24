// One message as an element: who, when, text, pictures, embeds, components.
import { avatar, el, size } from "./dom.js";
import { markdown } from "./markdown.js";
import { pictures } from "./picture.js";
import { components } from "./component.js";

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;

export const isEphemeral = (m) => (m.flags & EPHEMERAL) !== 0;
export const isLoading = (m) => (m.flags & LOADING) !== 0;
const nameOf = (u) => u.global_name || u.username;

// message draws m. old is the element it replaces, so that pictures do not
// flicker; acts are what a person can do: click, pick, remove, dismiss.
export function message(m, old, acts) {
  const node = el("article", {
    className: "message", "data-id": m.id, "aria-label": `Message from ${nameOf(m.author)}`, "aria-busy": isLoading(m) ? "true" : "false",
  });
  if (isEphemeral(m)) node.classList.add("ephemeral");
  if (m.sandbox_pings?.includes(acts.user) || m.sandbox_pings?.includes("everyone")) node.classList.add("pinged");
  node.append(...[context(m), avatar(m.author), body(m, old, acts), tools(m, acts)].filter(Boolean));
  return node;
}

// context is the line above: which command this answers, or which message.
function context(m) {
  const who = m.interaction_metadata;
  if (who && who.type === 2) {
    return el("div", { className: "context" }, el("b", {}, nameOf(who.user)), " used ", el("span", { className: "mention" }, `/${who.name}`));
  }
  if (m.message_reference) {
    const to = m.referenced_message;
    const text = to ? excerpt(to) : "a message that was deleted";
    const jump = () => to && document.querySelector(`[data-id="${to.id}"]`)?.scrollIntoView({ behavior: "smooth", block: "center" });
    return el("button", { className: "context jump", onclick: jump, "aria-label": "Go to the message this replies to" },
      to && el("b", {}, nameOf(to.author)), " ", text);
  }
  return null;
}

// excerpt is the first line of a message, without its markup.
function excerpt(m) {
  const first = m.content.split("\n").find((line) => /[^`\s]/.test(line)) || "";
  const box = el("div", {}, markdown(first.replace(/\|\|.+?\|\|/g, "▇▇▇")));
  return box.textContent.slice(0, 90) || (m.attachments.length ? "a picture" : "a message");
}

function body(m, old, acts) {
  const parts = [head(m)];
  if (isLoading(m)) parts.push(thinking(m.author));
  if (m.content) parts.push(text(m));
  parts.push(pictures(m.attachments, old));
  for (const file of m.attachments.filter((a) => !a.width)) parts.push(fileLink(file));
  for (const e of m.embeds || []) parts.push(embed(e));
  parts.push(...components(m, acts));
  if (isEphemeral(m)) parts.push(onlyYou(m, acts));
  return el("div", { className: "body" }, ...parts.filter(Boolean));
}

function head(m) {
  return el("div", { className: "by" }, el("b", {}, nameOf(m.author)), m.author.bot && el("span", { className: "tag" }, "APP"),
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
  return date.toDateString() === new Date().toDateString() ? `Today at ${clock}` : `${date.toLocaleDateString("en-GB")} ${clock}`;
}

const thinking = (who) =>
  el("div", { className: "thinking" }, el("span", { className: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), `${nameOf(who)} is thinking…`);

const fileLink = (f) =>
  el("a", { className: "file", href: f.url, download: f.filename }, el("span", { "aria-hidden": "true" }, "📄"), el("b", {}, f.filename), el("small", {}, size(f.size)));

function embed(e) {
  const node = el("div", { className: "embed" });
  if (e.color) node.style.setProperty("--edge", `#${e.color.toString(16).padStart(6, "0")}`);
  if (e.author) node.append(el("small", {}, e.author.name));
  if (e.title) node.append(el("b", { className: "title" }, markdown(e.title)));
  if (e.description) node.append(el("div", { className: "text" }, markdown(e.description)));
  if (e.fields?.length) {
    node.append(el("div", { className: "fields" }, ...e.fields.map((f) =>
      el("div", { className: f.inline ? "field inline" : "field" }, el("b", {}, markdown(f.name)), el("div", {}, markdown(f.value))))));
  }
  if (e.image?.url?.startsWith("http")) node.append(el("img", { src: e.image.url, alt: "" }));
  if (e.footer) node.append(el("small", {}, e.footer.text));
  return node;
}

const onlyYou = (m, acts) =>
  el("div", { className: "only" }, el("span", { "aria-hidden": "true" }, "👁"), " Only you can see this · ",
    el("button", { className: "plain", onclick: () => acts.remove(m) }, "Dismiss message"));

function tools(m, acts) {
  if (isEphemeral(m) || !acts.mayDelete(m)) return null;
  return el("div", { className: "tools" }, el("button", { "aria-label": "Delete message", title: "Delete message", onclick: () => acts.remove(m) }, "🗑"));
}
