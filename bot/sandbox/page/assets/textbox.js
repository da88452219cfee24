// The box for a chat message, with the list of commands that "/" opens.
import { composing, el } from "./dom.js";
import { Menu } from "./menu.js";
import { grow } from "./option.js";

export class TextBox {
  // handlers: onCommand(command) when the user chooses a command, onTypedOn(command, text) when the user types on after
  // its name, onSend(text), which
  // resolves to false if that failed, onRecall() for the last command,
  // onUnknown(text) when the user sends a command that does not exist.
  constructor(handlers) {
    Object.assign(this, { handlers, commands: [] });
    this.menu = new Menu("Commands", drawCommand, (c) => handlers.onCommand(c));
    this.input = el("textarea", { rows: 1, className: "input", maxLength: 2000 });
    this.menu.attach(this.input);
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("keydown", (e) => this.onKey(e));
    const round = (className, label, onclick, text) =>
      el("button", { className, type: "button", "aria-label": label, title: label, onclick },
        el("span", { "aria-hidden": "true" }, text));
    this.nodes = [this.menu.node, el("div", { className: "box" },
      round("round", "Show commands", () => this.showCommands(), "/"), this.input,
      round("round send", "Send", () => this.send(), "➤"))];
  }

  setChannel(name, commands) {
    this.commands = commands;
    this.input.setAttribute("aria-label", `Message ${name}`);
    const hint = commands.length && !matchMedia("(max-width: 720px)").matches ? " — type / for commands" : "";
    this.input.placeholder = `Message ${name}${hint}`;
  }

  focus() {
    this.input.focus();
  }

  setText(text) {
    this.input.value = text;
    grow(this.input);
  }

  close() {
    this.menu.hide();
  }

  showCommands() {
    this.input.value = "/";
    this.focus();
    this.onInput();
  }

  onInput() {
    grow(this.input);
    const slash = this.input.value.match(/^\/([^\n]*)$/);
    if (!slash) return this.menu.hide();
    const typed = slash[1].toLowerCase();
    this.menu.show(matching(this.commands, typed));
    const complete = this.commands.find((c) => typed.startsWith(`${c.path} `));
    if (complete) this.handlers.onTypedOn(complete, slash[1].slice(complete.path.length + 1));
  }

  onKey(e) {
    if (composing(e) || this.menu.key(e)) return;
    if (e.key === "ArrowUp" && !this.input.value) {
      if (this.handlers.onRecall()) e.preventDefault();
    } else if (e.key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      this.send();
    }
  }

  // send sends the text, or takes the marked command. A text that could not be sent stays.
  async send() {
    const text = this.input.value.trim();
    if (!text) return this.focus();
    if (this.menu.open) return this.menu.choose(this.menu.items[this.menu.at]); // as Enter does
    if (text.startsWith("/")) return this.handlers.onUnknown(text);
    this.setText("");
    if (await this.handlers.onSend(text) === false && !this.input.value.trim()) this.setText(text);
  }
}

// matching lists the commands that begin with what was typed, then those with another word that does. Only if there are
// none, it lists those that contain it.
function matching(commands, typed) {
  const starts = commands.filter((c) => c.path.startsWith(typed));
  const words = commands.filter((c) => !starts.includes(c) && c.path.split(" ").some((w) => w.startsWith(typed)));
  return starts.length + words.length ? [...starts, ...words] : commands.filter((c) => c.path.includes(typed));
}

function drawCommand(c) {
  const required = c.options.filter((o) => o.required).map((o) => o.name);
  return {
    label: [`/${c.path}`, ...required, c.description].join(" "),
    children: [el("b", {}, `/${c.path}`), ...required.flatMap((name) => [" ", el("code", {}, name)]), " ",
      el("span", {}, c.description)],
  };
}
