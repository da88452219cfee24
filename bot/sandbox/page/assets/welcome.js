// What stands at the beginning of a channel: a greeting, and examples to try.
import { avatar, el } from "./dom.js";

export function welcome(hello, guild, tryIt) {
  const examples = hello.examples || [];
  return el("div", { className: "welcome" }, avatar(hello.app), el("h2", {}, `Welcome to ${guild || hello.title}`),
    el("p", {}, "This is a small chat of your own, on this machine alone. Type ", el("kbd", {}, "/"), " to see what the bot can do",
      examples.length ? ", or press one of these:" : "."),
    el("div", { className: "examples" }, examples.map((x) => card(x, tryIt))));
}

function card(x, tryIt) {
  const values = Object.entries(x.options || {});
  const main = values.find(([, value]) => typeof value === "string") || ["", ""]; // the words come before the numbers
  const rest = values.filter((v) => v !== main && v[0] !== main[0]);
  return el("button", { className: "example", "aria-label": `Try /${x.command} ${main[1]}`.trim(), onclick: () => tryIt(x) },
    el("span", { className: "mention" }, `/${x.command}`), el("b", {}, main[1]),
    rest.length > 0 && el("small", {}, rest.map(([name, value]) => `${name} ${value}`).join(" · ")));
}
