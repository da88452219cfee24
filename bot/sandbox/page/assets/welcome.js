// The start of a channel: a greeting, and example commands.
import { avatar, el } from "./dom.js";

// welcome draws the greeting. run gets an example that the user clicks.
export function welcome(hello, guild, run) {
  const examples = hello.examples || [];
  return el("div", { className: "welcome" }, avatar(hello.app), el("h2", {}, `Welcome to ${guild || hello.title}`),
    el("p", {}, "Your own server, on this machine only. Type ", el("kbd", {}, "/"),
      examples.length ? " for commands, or try one of these:" : " for commands."),
    el("div", { className: "examples" }, examples.map((x) => example(x, run))));
}

// example draws one example as a card. Its main text is the first option that is text.
function example(x, run) {
  const options = Object.entries(x.options || {});
  const main = options.find(([, value]) => typeof value === "string") || ["", ""];
  const rest = options.filter((o) => o[0] !== main[0]).map(([name, value]) => `${name} ${value}`).join(" · ");
  const label = ["Try", `/${x.command}`, main[1], rest].filter(Boolean).join(" ");
  return el("button", { className: "example", "aria-label": label, onclick: () => run(x) },
    el("span", { className: "mention" }, `/${x.command}`), " ", el("b", {}, main[1]), " ",
    rest && el("small", {}, rest));
}
