// The part of Discord's markdown that bots use, as DOM nodes. Nothing is parsed as HTML.
import { el } from "./dom.js";

let userNames = new Map();
let channelNames = new Map();

// setNames sets the names that mentions of users and channels show.
export function setNames(users, channels) {
  userNames = new Map(users.map((u) => [u.id, u.global_name || u.username || u.name]));
  channelNames = new Map(channels.map((c) => [c.id, c.name]));
}

export function markdown(text) {
  const out = document.createDocumentFragment();
  const parts = text.split(/```(?:([a-zA-Z0-9+-]+)\n)?([\s\S]+?)```/g);
  for (let i = 0; i < parts.length; i += 3) {
    out.append(...blocks(parts[i].replace(/^\n|\n$/g, "")));
    if (i + 2 < parts.length) out.append(el("pre", {}, el("code", {}, parts[i + 2].replace(/^\n+|\n+$/g, ""))));
  }
  return out;
}

// blocks handles marks at the start of a line: quotes, headings, subtext, lists.
function blocks(text) {
  const out = [];
  if (!text) return out;
  let quote = null;
  text.split("\n").forEach((line, i, lines) => {
    const quoted = line.match(/^> ?(.*)$/);
    if (quoted) {
      if (!quote) out.push(quote = el("blockquote"));
      quote.append(el("div", {}, ...inline(quoted[1])));
      return;
    }
    quote = null;
    const mark = line.match(/^(#{1,3}|-#|[-*]) +(.*)$/);
    if (mark) {
      const kind = { "#": "h2", "##": "h3", "###": "h4", "-#": "small" }[mark[1]] || "li";
      out.push(el(kind, {}, ...inline(mark[2])));
      return;
    }
    out.push(...inline(line));
    if (i < lines.length - 1) out.push(el("br"));
  });
  return out;
}

const marks = [
  [/^\\([\\`*_~|<>[\]()#@:-])/, (m) => [m[1]]],
  [/^(`{1,2})([^`][\s\S]*?)\1(?!`)/, (m) => [el("code", {}, m[2])]],
  [/^\*\*\*([\s\S]+?)\*\*\*/, (m) => [el("strong", {}, el("em", {}, ...inline(m[1])))]],
  [/^\*\*([\s\S]+?)\*\*(?!\*)/, (m) => [el("strong", {}, ...inline(m[1]))]],
  [/^__([\s\S]+?)__(?!_)/, (m) => [el("u", {}, ...inline(m[1]))]],
  [/^\*(?!\s)([\s\S]+?)\*(?!\*)/, (m) => [el("em", {}, ...inline(m[1]))]],
  [/^_([^_\s][\s\S]*?)_(?![a-zA-Z0-9_])/, (m) => [el("em", {}, ...inline(m[1]))]],
  [/^~~([\s\S]+?)~~/, (m) => [el("s", {}, ...inline(m[1]))]],
  [/^\|\|([\s\S]+?)\|\|/, (m) => [spoiler(inline(m[1]))]],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (m) => [timestamp(Number(m[1]), m[2] || "f")]],
  [/^<@!?(\d+)>/, (m) => [el("span", { className: "mention" }, `@${userNames.get(m[1]) || "unknown"}`)]],
  [/^<#(\d+)>/, (m) => [el("span", { className: "mention" }, `#${channelNames.get(m[1]) || "unknown"}`)]],
  [/^<\/([^:>]+):\d+>/, (m) => [el("span", { className: "mention" }, `/${m[1]}`)]],
  [/^<a?:(\w+):\d+>/, (m) => [`:${m[1]}:`]],
  [/^\[([^\]]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/, (m) => [link(m[2], inline(m[1]))]],
  [/^<(https?:\/\/[^\s>]+)>/, (m) => [link(m[1], [m[1]])]],
  [/^https?:\/\/[^\s<>"'`|)]+/, (m) => [link(m[0], [m[0]])]],
];

function inline(text) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push(document.createTextNode(plain));
    plain = "";
  };
  while (text) {
    // Plain text up to the next character that can start a mark.
    const run = text.match(/^[^\\`*_~|<[h]+/);
    if (run) {
      plain += run[0];
      text = text.slice(run[0].length);
      continue;
    }
    const word = /[a-zA-Z0-9]$/.test(plain);
    const match = marks.map(([re, make]) => [text.match(re), make]).find(([m]) => m && !(word && m[0][0] === "_"));
    if (match) {
      flush();
      out.push(...match[1](match[0]));
      text = text.slice(match[0][0].length);
    } else {
      plain += text[0];
      text = text.slice(1);
    }
  }
  flush();
  return out;
}

const link = (href, children) => el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);

function spoiler(children) {
  const node = el("span", { className: "spoiler", role: "button", tabIndex: 0, "aria-label": "Show spoiler" },
    el("span", {}, ...children));
  const show = () => {
    node.classList.add("shown");
    node.removeAttribute("role");
    node.removeAttribute("aria-label");
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", (e) => (e.key === "Enter" || e.key === " ") && show());
  return node;
}

const styles = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
};

function timestamp(seconds, style) {
  const when = new Date(seconds * 1000);
  const node = el("time", { dateTime: isNaN(when) ? "" : when.toISOString(), title: when.toLocaleString() });
  if (style === "R") node.dataset.relative = seconds;
  node.textContent = style === "R" ? relative(seconds) : when.toLocaleString("en-GB", styles[style]);
  return node;
}

function relative(seconds) {
  const left = seconds - Date.now() / 1000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, span] of [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(left) >= span) return words.format(Math.round(left / span), unit);
  }
  return words.format(Math.round(left), "second");
}

// updateTimes updates the relative times on the page.
export function updateTimes() {
  for (const node of document.querySelectorAll("time[data-relative]")) {
    node.textContent = relative(Number(node.dataset.relative));
  }
}
