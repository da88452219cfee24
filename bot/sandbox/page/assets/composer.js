// The box at the bottom: plain text, or a slash command with its options.
import { el, fill } from "./dom.js";
import { Menu } from "./menu.js";
import { Chip, grow } from "./option.js";

export class Composer {
  // acts: run(path, options, files), say(text), complete(path, focus, options).
  constructor(root, acts) {
    Object.assign(this, { root, acts, commands: [], place: { people: [], channels: [] }, chips: [], last: null });
    this.menu = new Menu("Commands", drawCommand, (c) => this.begin(c));
    this.hints = new Menu("Suggestions", drawChoice, (c) => this.suggest(c));
    this.writing();
    root.addEventListener("dragover", (e) => this.slot() && e.preventDefault());
    root.addEventListener("drop", (e) => this.receive(e, e.dataTransfer.files));
    root.addEventListener("paste", (e) => this.receive(e, e.clipboardData.files));
  }

  // setPlace says where the person is and what is offered there.
  setPlace(name, commands, place) {
    this.commands = commands.flatMap((c) => flatten(c.name, c));
    this.place = place;
    this.name = name;
    if (this.text) this.label();
  }

  label() {
    this.text.setAttribute("aria-label", `Message ${this.name}`);
    this.text.placeholder = this.commands.length ? `Message ${this.name} — type / for commands` : `Message ${this.name}`;
  }

  // writing shows the plain text box.
  writing() {
    this.command = null;
    this.chips = [];
    this.text = el("textarea", { rows: 1, className: "line", maxLength: 2000 });
    this.menu.own(this.text);
    this.text.addEventListener("input", () => this.typing());
    this.text.addEventListener("keydown", (e) => this.textKey(e));
    const slash = el("button", { className: "round", type: "button", "aria-label": "Show commands", title: "Commands", onclick: () => this.offer() }, "/");
    const send = el("button", { className: "round send", type: "button", "aria-label": "Send", onclick: () => this.say() }, "➤");
    fill(this.root, this.menu.node, el("div", { className: "box" }, slash, this.text, send));
    if (this.name) this.label();
  }

  offer() {
    this.text.value = "/";
    this.text.focus();
    this.typing();
  }

  typing() {
    grow(this.text);
    const typed = this.text.value.match(/^\/([^\n]*)$/);
    if (!typed) return this.menu.hide();
    const wanted = typed[1].toLowerCase();
    const list = this.commands.filter((c) => c.path.includes(wanted) || wanted.startsWith(`${c.path} `));
    this.menu.show(list.sort((a, b) => b.path.startsWith(wanted) - a.path.startsWith(wanted)).slice(0, 25));
    const exact = list.find((c) => wanted === `${c.path} ` || wanted.startsWith(`${c.path} `));
    if (exact) this.begin(exact, typed[1].slice(exact.path.length + 1));
  }

  textKey(e) {
    if (this.menu.key(e)) return;
    if (e.key === "ArrowUp" && !this.text.value && this.last) {
      e.preventDefault();
      this.again();
    } else if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      this.say();
    }
  }

  async say() {
    const text = this.text.value.trim();
    if (!text || text.startsWith("/")) return this.text.focus();
    this.text.value = "";
    grow(this.text);
    await this.acts.say(text);
  }

  // begin shows a command's options: the required ones, and the rest to add.
  begin(command, typed = "") {
    this.menu.hide();
    this.text = null;
    this.command = command;
    this.help = el("div", { className: "help", "aria-live": "polite" }, el("b", {}, `/${command.path}`), " ", command.description);
    this.line = el("div", { className: "chips" }, el("b", { className: "slash" }, `/${command.path}`));
    this.more = el("div", { className: "more" });
    this.send = el("button", { className: "round send", type: "button", "aria-label": "Send", onclick: () => this.run() }, "➤");
    const leave = el("button", { className: "round", type: "button", "aria-label": "Cancel command", onclick: () => this.leave() }, "×");
    const form = el("div", { className: "ask", role: "form", "aria-label": `/${command.path}` }, this.help, el("div", { className: "box" }, leave, this.line, this.send), this.more);
    form.addEventListener("keydown", (e) => e.key === "Escape" && this.leave());
    fill(this.root, this.hints.node, form);
    this.chips = [];
    command.options.filter((o) => o.required).forEach((o) => this.add(o));
    if (typed && this.chips[0]) this.chips[0].set(typed);
    this.offerMore();
    (this.chips[0]?.input || this.send).focus();
  }

  leave() {
    this.hints.hide();
    this.writing();
    this.text.focus();
  }

  add(option) {
    const chip = new Chip(option, this.place, {
      focused: (c) => this.explain(c), remove: (c) => this.remove(c), typed: (c) => this.complete(c), key: (e, c) => this.chipKey(e, c),
    });
    if (option.autocomplete) this.hints.own(chip.input);
    this.chips.push(chip);
    this.line.append(chip.node);
    return chip;
  }

  remove(chip) {
    const at = this.chips.indexOf(chip);
    this.chips.splice(at, 1);
    chip.node.remove();
    this.offerMore();
    (this.chips[at - 1]?.input || this.chips[0]?.input || this.send).focus();
  }

  offerMore() {
    const left = this.command.options.filter((o) => !this.chips.some((c) => c.option === o));
    fill(this.more, left.map((o) => el("button", {
      className: "add", type: "button", title: o.description, "aria-label": `Add option ${o.name}`,
      onclick: () => {
        const chip = this.add(o);
        this.offerMore();
        chip.input.focus();
      },
    }, `+ ${o.name}`)));
  }

  explain(chip) {
    this.hints.hide();
    fill(this.help, el("b", {}, chip.option.name), " ", chip.option.description, chip.option.required && el("em", {}, " required"));
    if (chip.option.autocomplete) this.complete(chip);
  }

  chipKey(e, chip) {
    if (this.hints.key(e)) return;
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing && chip.input.type !== "file") {
      e.preventDefault();
      this.run();
    } else if (e.key === "Backspace" && chip.empty && chip.input.tagName !== "SELECT") {
      e.preventDefault();
      if (chip.option.required) this.leave();
      else this.remove(chip);
    }
  }

  // complete asks the bot for suggestions, once typing pauses.
  complete(chip) {
    if (!chip.option.autocomplete) return;
    clearTimeout(this.pause);
    this.pause = setTimeout(async () => {
      const others = this.chips.filter((c) => c === chip || !c.empty && !c.file).map((c) => ({ name: c.option.name, value: c === chip ? c.input.value : quietly(c) }));
      const choices = await this.acts.complete(this.command.path, chip.option.name, others);
      if (document.activeElement !== chip.input) return;
      this.hinted = chip;
      this.hints.own(chip.input);
      this.hints.show(choices);
    }, 180);
  }

  suggest(choice) {
    this.hinted.set(choice.value);
    this.hints.hide();
    this.hinted.input.focus();
  }

  slot() {
    return this.command?.options.find((o) => o.type === 11);
  }

  // receive gives a dropped or pasted file to the command's attachment option.
  receive(e, files) {
    const option = this.slot();
    if (!option || !files.length) return;
    e.preventDefault();
    const chip = this.chips.find((c) => c.option === option) || this.add(option);
    chip.take(files[0]);
    this.offerMore();
  }

  fault(chip, text) {
    fill(this.help, el("span", { className: "fault", role: "alert" }, text));
    chip?.input.focus();
    if (chip) fill(this.help, el("span", { className: "fault", role: "alert" }, text));
  }

  async run() {
    const options = [], files = new Map();
    for (const chip of this.chips) {
      if (chip.empty && chip.option.required) return this.fault(chip, `${chip.option.name} is required.`);
      if (chip.empty) continue;
      try {
        if (chip.file) files.set(chip.option.name, chip.file);
        else options.push({ name: chip.option.name, value: chip.value() });
      } catch (err) {
        return this.fault(chip, err.message);
      }
    }
    this.send.disabled = true;
    try {
      await this.acts.run(this.command.path, options, files);
      this.last = { path: this.command.path, options };
      this.leave();
    } catch (err) {
      this.send.disabled = false;
      this.fault(null, err.message);
    }
  }

  // again brings back the last command with what was filled in.
  again() {
    const command = this.commands.find((c) => c.path === this.last.path);
    if (!command) return;
    this.begin(command);
    for (const { name, value } of this.last.options) {
      const option = command.options.find((o) => o.name === name);
      const chip = this.chips.find((c) => c.option === option) || option && this.add(option);
      chip?.set(value);
    }
    this.offerMore();
  }
}

// flatten makes one entry of a command, or one of each of its subcommands.
function flatten(path, command) {
  const options = command.options || [];
  if (options[0]?.type === 1 || options[0]?.type === 2) return options.flatMap((o) => flatten(`${path} ${o.name}`, o));
  return [{ path, description: command.description, options }];
}

function quietly(chip) {
  try {
    return chip.value();
  } catch {
    return chip.input.value;
  }
}

const drawCommand = (c) => ({
  label: `/${c.path}`,
  children: [el("b", {}, `/${c.path}`), ...c.options.filter((o) => o.required).map((o) => el("code", {}, o.name)), el("span", {}, c.description)],
});

const drawChoice = (c) => ({ label: c.name, children: [el("b", {}, c.name)] });
