// The page: the current user and channel, what the user sees there, and what the user does. The page loads the state of
// the sandbox once, and then follows its events.
import { Stream, command, get, post, submitForm } from "./api.js";
import { Composer } from "./composer.js";
import { byId, el, fill, toast } from "./dom.js";
import { openForm } from "./form.js";
import { localized, menuItems } from "./localize.js";
import { MessageLog } from "./log.js";
import { firstPicture } from "./mask.js";
import { setNames, updateTimes } from "./markdown.js";
import { isEphemeral } from "./message.js";
import { channelIcon, channelName, drawSidebar } from "./sidebar.js";
import { ChannelType } from "./types.js";
import { welcome } from "./welcome.js";

const answerTimeout = 3500; // milliseconds: Discord's three seconds, and some time for the network
const pressedTime = 400; // milliseconds for which a button looks pressed, at least
const typingTime = 10000; // milliseconds for which Discord shows "is typing…"

const stored = (name) => localStorage.getItem(`sandbox.${name}`) || "";
const store = (name, value) => localStorage.setItem(`sandbox.${name}`, value);

// state is what the sandbox says about itself (hello), the ids of the current user and channel, and what the user sees.
const state = { hello: null, user: stored("user"), channel: stored("channel"), channels: [], moderator: false, messageCommands: [] };
const pending = new Map(); // the interactions of this window without a response, by id
const early = new Map(); // responses that arrived before the request that made their interaction returned

const log = new MessageLog({
  get user() { return state.user; },
  mayDelete: (m) => m.author.id === state.user || state.moderator && channel(m.channel_id)?.type !== ChannelType.dm,
  click, remove, runOnMessage,
  get messageCommands() { return state.messageCommands; },
});
const composer = new Composer(byId("composer"), { run, say, complete, unknown });
const stream = new Stream({ refresh, onEvent, onBroken });

const channel = (id) => state.channels.find((c) => c.id === id);

// refresh loads and draws the whole state.
async function refresh() {
  const hello = await get("hello");
  state.hello = hello;
  if (!hello.users.some((p) => p.id === state.user)) state.user = hello.users[0].id;
  const view = await get("view", { user: state.user, channel: state.channel });
  const isNew = state.channel !== view.channel || state.drawnFor !== state.user;
  const { channels, moderator, guild, locale, locales } = view;
  const messageCommands = menuItems(view.message_commands, locale);
  Object.assign(state, { channel: view.channel, messageCommands, channels, moderator, guild, drawnFor: state.user });
  setNames([...hello.users, hello.app], channels);
  drawSidebar({ ...state, app: hello.app, title: hello.title, users: hello.users, locale, locales }, switchTo, speak);
  const here = channel(state.channel);
  drawHead(here);
  composer.setChannel(channelName(here, hello.app), localized(view.commands, locale), { users: hello.users, channels }, hello.examples?.[0]?.command);
  restoreDraft();
  showStatus(view.online);
  log.show(view.messages, isNew, isNew && welcome(hello, guild, runExample));
  return { user: state.user, seq: view.seq };
}

// A draft outlives a reload, and a phone that drops a page from its memory, but not the tab.
const draftKey = "sandbox.draft";
const saveDraft = () => sessionStorage.setItem(draftKey, JSON.stringify(composer.draft()));
addEventListener("pagehide", saveDraft);
document.addEventListener("visibilitychange", () => document.hidden && saveDraft());

function restoreDraft() {
  const draft = sessionStorage.getItem(draftKey);
  sessionStorage.removeItem(draftKey);
  if (draft && !state.restored) composer.restore(JSON.parse(draft));
  state.restored = true;
}

// switchTo changes the current user or channel.
function switchTo(to) {
  const wasDM = channel(state.channel)?.type === ChannelType.dm;
  Object.assign(state, to);
  if (to.user && wasDM) state.channel = "";
  store("user", state.user);
  store("channel", state.channel);
  showSidebar(false);
  stream.open();
}

// speak changes the language of the user's client.
function speak(locale) {
  return post("locale", { user: state.user, locale }).then(() => stream.open(), (err) => toast(err.message));
}

function drawHead(c) {
  const { app, title } = state.hello;
  fill(byId("where"), channelIcon(c, app), c.type === ChannelType.dm ? app.username : c.name,
    c.type === ChannelType.thread && el("small", {}, "thread"));
  log.root.setAttribute("aria-label", `Messages in ${channelName(c, app)}`);
  document.title = `${channelName(c, app)} · ${title}`;
}

function showStatus(online) {
  state.online = online;
  const node = byId("status");
  node.classList.toggle("online", online && !state.broken);
  const name = state.hello?.app.username || "darkroom";
  node.textContent = state.broken ? "not connected" : `${name} is ${online ? "online" : "offline"}`;
}

// Events.

function onEvent(event) {
  switch (event.kind) {
    case "message": return onMessage(event.message);
    case "delete": return log.remove(event.id);
    case "commands": return stream.open();
    case "bot": return showStatus(event.online);
    case "answer": return onAnswer(event);
    case "typing": return onTyping(event.channel);
  }
}

function onMessage(m) {
  if (m.channel_id !== state.channel) return;
  if (m.author.bot) byId("typing").textContent = "";
  log.put(m);
}

function onTyping(id) {
  if (id !== state.channel) return;
  byId("typing").textContent = `${state.hello.app.username} is typing…`;
  clearTimeout(state.typing);
  state.typing = setTimeout(() => (byId("typing").textContent = ""), typingTime);
}

function onBroken(broken) {
  state.broken = broken;
  showStatus(state.online);
  byId("banner").hidden = !broken;
  byId("banner").textContent = "darkroom does not answer. Reconnecting…";
}

// expect calls done when the bot responds to an interaction, or failed if it does not in time. A form that opens is about
// the picture, if there is one.
function expect(id, failed, done = () => {}, picture) {
  const timer = setTimeout(() => pending.delete(id) && failed(), answerTimeout);
  pending.set(id, { done, timer, picture });
  if (early.has(id)) onAnswer(early.get(id));
}

function onAnswer(event) {
  const entry = pending.get(event.interaction);
  if (!entry) {
    early.set(event.interaction, event);
    setTimeout(() => early.delete(event.interaction), answerTimeout);
    return;
  }
  pending.delete(event.interaction);
  clearTimeout(entry.timer);
  entry.done();
  const send = (chosen, files) => submit(event.interaction, chosen, files);
  if (event.form) openForm(event.form, state.hello.app.username, send, entry.picture);
}

// Actions of the user.

async function run(path, options, files) {
  const done = log.sending(`Sending /${path}…`);
  try {
    const { interaction } = await command({ user: state.user, channel: state.channel, name: path, options }, files);
    const failed = () => {
      done();
      log.notice("The application did not respond.");
    };
    expect(interaction, failed, done);
  } catch (err) {
    done();
    throw err;
  }
}

function runExample(example) {
  const options = Object.entries(example.options || {}).map(([name, value]) => ({ name, value }));
  return run(example.command, options, new Map()).catch((err) => log.notice(err.message));
}

function say(content) {
  const failed = (err) => {
    toast(err.message);
    return false;
  };
  return post("say", { user: state.user, channel: state.channel, content }).catch(failed);
}

// unknown says that there is no command of this name.
function unknown(text) {
  log.notice(`There is no command ${text.split(/\s/)[0]} here. Type / to see all commands.`);
}

function complete(name, focus, options) {
  return post("autocomplete", { user: state.user, channel: state.channel, name, focus, options })
    .then((r) => r.choices || [], () => []);
}

async function click(m, customID, picked, node) {
  node.setAttribute("aria-busy", "true");
  const began = Date.now();
  const release = () => setTimeout(() => node.removeAttribute("aria-busy"), began + pressedTime - Date.now());
  const fail = (text) => {
    release();
    toast(text);
  };
  try {
    const { interaction } = await post("click", { user: state.user, message: m.id, custom_id: customID, picked });
    expect(interaction, () => fail("This interaction failed."), release, firstPicture(m));
  } catch (err) {
    fail(err.message);
  }
}

async function runOnMessage(m, name) {
  try {
    const { interaction } = await post("messagecommand", { user: state.user, message: m.id, name });
    expect(interaction, () => toast("The application did not respond."));
  } catch (err) {
    toast(err.message);
  }
}

async function submit(opened, chosen, files) {
  const { interaction } = await submitForm({ user: state.user, interaction: opened, chosen }, files);
  expect(interaction, () => log.notice("Something went wrong. Try again."));
}

function remove(m) {
  return post("delete", { user: state.user, message: m.id })
    .then(() => isEphemeral(m) && log.remove(m.id), (err) => toast(err.message));
}

// On narrow screens the sidebar is hidden until a button shows it.

function showSidebar(open) {
  byId("app").classList.toggle("open", open);
  byId("menu").setAttribute("aria-expanded", open);
}
byId("menu").addEventListener("click", () => showSidebar(!byId("app").classList.contains("open")));
byId("overlay").addEventListener("click", () => showSidebar(false));
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape" || !byId("app").classList.contains("open")) return;
  showSidebar(false);
  byId("menu").focus();
});

// A key that no field receives goes to the composer. A button receives Space alone.
document.addEventListener("keydown", (e) => {
  const at = document.activeElement;
  const free = at === document.body || at === log.root || e.key !== " " && log.root.contains(at) && at.matches("button, a");
  if (free && e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey) composer.focusText();
});

setInterval(updateTimes, 5000);
stream.open();
