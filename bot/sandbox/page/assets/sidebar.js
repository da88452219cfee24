// The sidebar: the guild, its channels and threads, direct messages, and the users to switch between.
import { avatar, byId, el, fill } from "./dom.js";
import { languageName } from "./localize.js";
import { ChannelType } from "./types.js";

// channelName is a channel's name as texts on the page show it.
export const channelName = (c, app) =>
  c.type === ChannelType.dm ? `@${app.username}` : c.type === ChannelType.thread ? c.name : `#${c.name}`;

// channelIcon stands before the name of a channel.
export const channelIcon = (c, app) =>
  c.type === ChannelType.dm ? avatar(app)
    : el("span", { className: "hash", "aria-hidden": "true" }, c.type === ChannelType.thread ? "↳" : "#");

let drawn = "";

// drawSidebar draws the sidebar if it changed, so that an unchanged one keeps its focus. state holds app, title, guild,
// users, channels, the ids of the current user and channel, the user's language and all languages. switchTo gets
// {channel} or {user}, speak a language.
export function drawSidebar(state, switchTo, speak) {
  const { users, channels, guild, channel, user, locale } = state;
  const key = JSON.stringify([users, channels.map((c) => [c.id, c.name]), guild, channel, user, locale]);
  if (key === drawn) return;
  drawn = key;
  const link = (c) => channelLink(c, state, switchTo);
  const dms = channels.filter((c) => c.type === ChannelType.dm);
  fill(byId("side"),
    el("div", { className: "guild" }, guild || state.title),
    el("div", { className: "channels" }, channels.filter((c) => c.type !== ChannelType.dm).map(link),
      el("h2", {}, "Direct messages"), dms.map(link)),
    el("div", { className: "users", role: "group", "aria-label": "Who you are" }, el("h2", {}, "You are"),
      users.map((u) => userButton(u, u.id === user, switchTo)), languageSelect(state, speak)));
}

// languageSelect chooses the language that the user's client has, which Discord tells the bot.
function languageSelect({ locale, locales }, speak) {
  const options = locales.map((l) => el("option", { value: l, selected: l === locale, lang: l }, languageName(l)));
  return el("label", { className: "language" }, "Language of your client",
    el("select", { "aria-label": "Language of your client", onchange: (e) => speak(e.target.value) }, ...options));
}

function channelLink(c, state, switchTo) {
  const isDM = c.type === ChannelType.dm, isThread = c.type === ChannelType.thread;
  const name = isDM ? state.app.username : c.name;
  const kind = isDM ? "Direct message with" : isThread ? "Thread" : "Channel";
  return el("button", {
    className: isThread ? "channel-link thread" : c.nsfw ? "channel-link age" : "channel-link",
    "aria-current": c.id === state.channel ? "page" : null, "aria-label": `${kind} ${name}`,
    onclick: () => switchTo({ channel: c.id }),
  }, channelIcon(c, state.app), name);
}

function userButton(u, current, switchTo) {
  return el("button", {
    className: "user", "aria-pressed": current ? "true" : "false",
    "aria-label": `Switch to ${u.name}${u.moderator ? " moderator" : ""}`, onclick: () => switchTo({ user: u.id }),
  }, avatar(u), el("span", {}, u.name, " ", u.moderator && el("small", {}, "moderator")));
}
