// The page: who is looking, where, and what they see. Everything on it comes
// from one look at the sandbox and the events after it.
import { Stream, command, get, post } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, byId, el, fill, toast } from "./dom.js";
import { openForm } from "./form.js";
import { know, tick } from "./markdown.js";
import { isEphemeral, message } from "./message.js";
import { welcome } from "./welcome.js";

const ANSWER_WITHIN = 3500; // Discord's three seconds, and a little for the way
const log = byId("log");
const remembered = (name) => localStorage.getItem(`sandbox.${name}`) || "";
const remember = (name, value) => localStorage.setItem(`sandbox.${name}`, value);

const page = { hello: null, user: remembered("user"), channel: remembered("channel"), channels: [], messages: new Map(), moderator: false };
const waiting = new Map(); // interactions of this window without an answer: id → what to do
const drawn = new Map(); // what was last drawn of each message
const early = new Map(); // answers that came before the request that asked returned

const composer = new Composer(byId("composer"), { run, say, complete });
const stream = new Stream({ refresh, hear, broken });

// refresh looks at everything anew.
async function refresh() {
  page.hello = await get("hello");
  if (!page.hello.people.some((p) => p.id === page.user)) page.user = page.hello.people[0].id;
  const view = await get("view", { user: page.user, channel: page.channel });
  const moved = page.channel !== view.channel || page.seenBy !== page.user;
  Object.assign(page, { channel: view.channel, channels: view.channels, moderator: view.moderator, guild: view.guild, seenBy: page.user });
  page.messages = new Map(view.messages.map((m) => [m.id, m]));
  know([...page.hello.people, page.hello.app], view.channels);
  const here = page.channels.find((c) => c.id === page.channel);
  drawSide();
  drawHead(here);
  composer.setPlace(placeName(here), view.commands, { people: page.hello.people, channels: page.channels });
  lamp(view.online);
  drawLog(moved);
  return { user: page.user, seq: view.seq };
}

const placeName = (c) => (c.type === 1 ? `@${page.hello.app.username}` : c.type === 11 ? c.name : `#${c.name}`);

function drawSide() {
  const key = JSON.stringify([page.hello.people, page.channels.map((c) => [c.id, c.name]), page.guild, page.channel, page.user]);
  if (key === page.side) return; // what did not change stays, with its focus
  page.side = key;
  const rooms = page.channels.filter((c) => c.type !== 1);
  const dms = page.channels.filter((c) => c.type === 1);
  fill(byId("side"),
    el("div", { className: "guild" }, page.guild || page.hello.title),
    el("div", { className: "rooms" }, rooms.map(room), el("h2", {}, "Direct messages"), dms.map(room)),
    el("div", { className: "people", role: "group", "aria-label": "Who you are" }, el("h2", {}, "You are"), page.hello.people.map(person)));
}

function room(c) {
  const icon = c.type === 1 ? avatar(page.hello.app) : el("span", { className: "hash", "aria-hidden": "true" }, c.type === 11 ? "↳" : "#");
  const name = c.type === 1 ? page.hello.app.username : c.name;
  return el("button", {
    className: c.type === 11 ? "room-link thread" : "room-link", "aria-current": c.id === page.channel ? "page" : null,
    "aria-label": c.type === 1 ? `Direct message with ${name}` : c.type === 11 ? `Thread ${name}` : `Channel ${name}`,
    onclick: () => go({ channel: c.id }),
  }, icon, name);
}

function person(p) {
  return el("button", {
    className: "person", "aria-pressed": p.id === page.user ? "true" : "false", "aria-label": `Be ${p.name}${p.moderator ? ", moderator" : ""}`,
    onclick: () => go({ user: p.id }),
  }, avatar(p), el("span", {}, p.name, p.moderator && el("small", {}, "moderator")));
}

// go changes who or where the person is.
function go(to) {
  const wasDM = page.channels.find((c) => c.id === page.channel)?.type === 1;
  Object.assign(page, to);
  if (to.user && wasDM) page.channel = "";
  remember("user", page.user);
  remember("channel", page.channel);
  drawer(false);
  stream.open();
}

function drawHead(c) {
  const about = c.type === 1 ? "" : c.type === 11 ? "thread" : "";
  fill(byId("where"), c.type === 1 ? avatar(page.hello.app) : el("span", { className: "hash", "aria-hidden": "true" }, c.type === 11 ? "↳" : "#"),
    c.type === 1 ? page.hello.app.username : c.name, about && el("small", {}, about));
  log.setAttribute("aria-label", `Messages in ${placeName(c)}`);
  document.title = `${placeName(c)} · ${page.hello.title}`;
}

function lamp(online) {
  const node = byId("lamp");
  node.classList.toggle("on", online);
  node.textContent = online ? `${page.hello.app.username} is here` : `${page.hello.app.username} is away`;
}

// Drawing messages.

const acts = {
  get user() { return page.user; },
  mayDelete: (m) => m.author.id === page.user || page.moderator && page.channels.find((c) => c.id === m.channel_id)?.type !== 1,
  click, remove,
};

// drawLog draws everything after a move, and otherwise only what is different.
function drawLog(moved) {
  log.classList.toggle("empty", page.messages.size === 0);
  if (moved) {
    drawn.clear();
    fill(log, welcome(page.hello, page.guild, tryExample));
  }
  for (const node of log.querySelectorAll(".message[data-id]")) if (!page.messages.has(node.dataset.id)) node.remove();
  for (const m of page.messages.values()) if (drawn.get(m.id) !== essence(m)) put(m);
  if (moved) log.scrollTop = log.scrollHeight;
}

// essence is a message without its signed addresses, which are new each time.
const essence = (m) => JSON.stringify(m, (name, value) => (name === "url" || name === "proxy_url" ? undefined : value));

const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 120;

// put draws a message that is new or different, in its place by id.
function put(m) {
  if (m.channel_id !== page.channel) return;
  if (m.author.bot) byId("typing").textContent = "";
  page.messages.set(m.id, m);
  drawn.set(m.id, essence(m));
  const old = log.querySelector(`[data-id="${m.id}"]`);
  const follow = atEnd();
  const node = message(m, old, acts);
  if (old) {
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    old.replaceWith(node);
    if (focused) node.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  } else {
    const next = [...log.querySelectorAll(".message[data-id]")].find((x) => BigInt(x.dataset.id) > BigInt(m.id));
    log.insertBefore(node, next || null);
  }
  log.classList.remove("empty");
  if (follow) log.scrollTop = log.scrollHeight;
}

function drop(id) {
  page.messages.delete(id);
  log.querySelector(`[data-id="${id}"]`)?.remove();
  log.classList.toggle("empty", page.messages.size === 0);
}

// notice is a note that only this window shows.
function notice(text) {
  const node = el("article", { className: "message ephemeral", "aria-label": "Notice" }, el("span", { className: "avatar bang", "aria-hidden": "true" }, "!"),
    el("div", { className: "body" }, el("div", { className: "text" }, text),
      el("div", { className: "only" }, "Only you can see this · ", el("button", { className: "plain", onclick: () => node.remove() }, "Dismiss message"))));
  log.append(node);
  log.scrollTop = log.scrollHeight;
}

// Events.

function hear(event) {
  switch (event.kind) {
    case "message": return put(event.message);
    case "delete": return drop(event.id);
    case "commands": return stream.open();
    case "bot": return lamp(event.online);
    case "answer": return answered(event);
    case "typing": return typing(event.channel);
  }
}

// typing says for ten seconds, as long as Discord does, that the bot is typing.
function typing(channel) {
  if (channel !== page.channel) return;
  byId("typing").textContent = `${page.hello.app.username} is typing…`;
  clearTimeout(page.typing);
  page.typing = setTimeout(() => (byId("typing").textContent = ""), 10000);
}

function broken(is) {
  byId("banner").hidden = !is;
  byId("banner").textContent = "The connection is lost. Trying again…";
}

// expect remembers an interaction until the bot answers it.
function expect(id, failed, done = () => {}) {
  const entry = { done, timer: setTimeout(() => waiting.delete(id) && failed(), ANSWER_WITHIN) };
  waiting.set(id, entry);
  if (early.has(id)) answered(early.get(id));
}

function answered(event) {
  const entry = waiting.get(event.interaction);
  if (!entry) {
    early.set(event.interaction, event);
    setTimeout(() => early.delete(event.interaction), ANSWER_WITHIN);
    return;
  }
  waiting.delete(event.interaction);
  clearTimeout(entry.timer);
  entry.done();
  if (event.form) openForm(event.form, page.hello.app.username, (values) => submit(event.interaction, values));
}

// What a person does.

async function run(path, options, files) {
  const { interaction } = await command({ user: page.user, channel: page.channel, name: path, options }, files);
  expect(interaction, () => notice("The application did not respond."));
}

async function tryExample(example) {
  const options = Object.entries(example.options || {}).map(([name, value]) => ({ name, value }));
  await run(example.command, options, new Map()).catch((err) => notice(err.message));
}

function say(content) {
  return post("say", { user: page.user, channel: page.channel, content }).catch((err) => toast(err.message));
}

function complete(name, focus, options) {
  return post("autocomplete", { user: page.user, channel: page.channel, name, focus, options }).then((r) => r.choices || [], () => []);
}

async function click(m, customID, picked, node) {
  node.setAttribute("aria-busy", "true");
  const free = () => node.removeAttribute("aria-busy");
  try {
    const { interaction } = await post("click", { user: page.user, message: m.id, custom_id: customID, picked });
    expect(interaction, () => { free(); toast("This interaction failed."); }, free);
  } catch (err) {
    free();
    toast(err.message);
  }
}

async function submit(opened, values) {
  const { interaction } = await post("submit", { user: page.user, interaction: opened, values });
  expect(interaction, () => notice("Something went wrong. The form was not answered."));
}

function remove(m) {
  return post("delete", { user: page.user, message: m.id }).then(() => isEphemeral(m) && drop(m.id), (err) => toast(err.message));
}

// The drawer, on narrow screens.

function drawer(open) {
  byId("app").classList.toggle("open", open);
  byId("menu").setAttribute("aria-expanded", open);
}
byId("menu").addEventListener("click", () => drawer(!byId("app").classList.contains("open")));
byId("veil").addEventListener("click", () => drawer(false));

// Typing anywhere goes to the composer.
document.addEventListener("keydown", (e) => {
  const free = document.activeElement === document.body || document.activeElement === log;
  if (free && e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey && composer.text) composer.text.focus();
});

setInterval(tick, 5000);
new ResizeObserver(() => { if (log.dataset.end === "1") log.scrollTop = log.scrollHeight; }).observe(log);
log.addEventListener("scroll", () => { log.dataset.end = atEnd() ? "1" : "0"; });
stream.open();
