// The form of a slash command: a field for each option, and buttons that add the optional ones.
import { composing, el, fill } from "./dom.js";
import { Menu } from "./menu.js";
import { OptionField } from "./option.js";
import { OptionType } from "./types.js";

const typingPause = 180; // milliseconds without a key before the page asks for choices

export class CommandForm {
  // names holds the users and channels to choose from. handlers: run(path, options, files) and
  // complete(path, focus, options), which return promises, and onClose() when the user leaves the form.
  constructor(command, names, handlers) {
    Object.assign(this, { command, names, handlers, fields: [], closed: false });
    this.choices = new Menu("Suggestions", drawChoice, (c) => this.choose(c));
    const path = `/${command.path}`;
    this.help = el("div", { className: "help", "aria-live": "polite" }, el("b", {}, path), " ", command.description);
    this.row = el("div", { className: "chips" }, el("b", { className: "slash" }, path));
    this.more = el("div", { className: "more" });
    this.sendButton = el("button",
      { className: "round send", type: "button", "aria-label": "Send", onclick: () => this.send() }, "➤");
    const cancel = el("button",
      { className: "round", type: "button", "aria-label": "Cancel command", onclick: () => handlers.onClose() }, "×");
    const form = el("div", { className: "command-form", role: "form", "aria-label": path },
      this.help, el("div", { className: "box" }, cancel, this.row, this.sendButton), this.more);
    form.addEventListener("keydown", (e) => e.key === "Escape" && !composing(e) && handlers.onClose());
    this.nodes = [this.choices.node, form];
    // An only option is what the command is about: whoever types on after its name means it.
    command.options.filter((o, i, all) => o.required || all.length === 1).forEach((o) => this.add(o));
    this.drawMore();
  }

  // fillIn sets values of options, and adds their fields.
  fillIn(values) {
    for (const { name, value } of values) {
      const option = this.command.options.find((o) => o.name === name);
      if (option) this.fieldOf(option).set(value);
    }
    this.drawMore();
  }

  // typed is what is in the fields, except files, in the form that fillIn takes.
  typed() {
    return this.fields.filter((f) => !f.empty && !f.file).map((f) => ({ name: f.option.name, value: f.valueOrText() }));
  }

  // typeOn sets the first field to what the user has typed after the name of the command. Who pastes a whole command has
  // the name of the option in it. Where all options can be left out, the first gets a field, as that is what is meant.
  typeOn(text) {
    const [first] = this.command.options;
    if (!this.fields.length && first?.type === OptionType.string) this.add(first);
    const field = this.fields[0];
    if (!field) return;
    this.drawMore();
    field.input.focus();
    const name = `${field.option.name}:`;
    if (text) field.set(text.toLowerCase().startsWith(name) ? text.slice(name.length).trimStart() : text);
  }

  focus() {
    (this.fields[0]?.input || this.sendButton).focus();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.choices.hide();
  }

  fieldOf(option) {
    return this.fields.find((f) => f.option === option) || this.add(option);
  }

  add(option) {
    const field = new OptionField(option, this.names, {
      onFocus: (f) => this.explain(f), onRemove: (f) => this.remove(f),
      onType: (f) => this.complete(f), onKey: (e, f) => this.onKey(e, f),
    });
    if (option.autocomplete) this.choices.attach(field.input);
    this.fields.push(field);
    this.row.append(field.node);
    return field;
  }

  remove(field) {
    const at = this.fields.indexOf(field);
    this.fields.splice(at, 1);
    field.node.remove();
    this.drawMore();
    (this.fields[at - 1]?.input || this.fields[0]?.input || this.sendButton).focus();
  }

  // drawMore draws a button for each option that has no field yet.
  drawMore() {
    const left = this.command.options.filter((o) => !this.fields.some((f) => f.option === o));
    fill(this.more, left.map((o) => el("button", {
      className: "add", type: "button", title: o.description, "aria-label": `Add option ${o.name}`,
      onclick: () => {
        const field = this.add(o);
        this.drawMore();
        field.input.focus();
      },
    }, o.name)));
  }

  // explain shows the description of the option whose field has the focus.
  explain(field) {
    const { name, description, required, autocomplete } = field.option;
    this.choices.hide();
    fill(this.help, el("b", {}, name), " ", description, required && el("em", {}, " required"));
    if (autocomplete) this.complete(field);
  }

  onKey(e, field) {
    if (composing(e) || this.choices.key(e)) return;
    if (e.key === "Enter" && !e.shiftKey && field.input.type !== "file") {
      e.preventDefault();
      this.send();
    } else if (e.key === "Backspace" && field.empty && field.input.tagName !== "SELECT") {
      e.preventDefault();
      if (e.repeat) return; // the key that emptied the field is still held
      if (field.option.required) this.handlers.onClose();
      else this.remove(field);
    }
  }

  // complete asks the bot for choices when the user pauses.
  complete(field) {
    if (!field.option.autocomplete) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const options = this.fields.filter((f) => f === field || !f.empty && !f.file)
        .map((f) => ({ name: f.option.name, value: f === field ? f.input.value : f.valueOrText() }));
      const list = await this.handlers.complete(this.command.path, field.option.name, options);
      if (this.closed || document.activeElement !== field.input) return;
      this.choicesOf = field;
      this.choices.attach(field.input);
      this.choices.show(list);
    }, typingPause);
  }

  choose(choice) {
    this.choicesOf.set(choice.value);
    this.choices.hide();
    this.choicesOf.input.focus();
  }

  attachmentOption() {
    return attachmentOf(this.command);
  }

  // addFile puts a file into the attachment option.
  addFile(file) {
    this.fieldOf(this.attachmentOption()).setFile(file);
    this.drawMore();
  }

  // showError shows what is wrong, with the focus on the field if it has one.
  showError(text, field) {
    field?.input.focus(); // shows the option's description, which the error then replaces
    fill(this.help, el("span", { className: "error", role: "alert" }, text));
  }

  async send() {
    const options = [], files = new Map();
    for (const field of this.fields) {
      const { name, required } = field.option;
      if (field.empty && required) return this.showError(`${name} is required.`, field);
      if (field.empty) continue;
      try {
        if (field.file) files.set(name, field.file);
        else options.push({ name, value: field.value() });
      } catch (err) {
        return this.showError(err.message, field);
      }
    }
    this.sendButton.disabled = true;
    try {
      await this.handlers.run(this.command.path, options, files);
      this.handlers.onClose();
    } catch (err) {
      this.sendButton.disabled = false;
      this.showError(err.message);
    }
  }
}

// attachmentOf is the option of a command that takes a file, if it has one.
export const attachmentOf = (command) => command.options.find((o) => o.type === OptionType.attachment);

const drawChoice = (c) => ({ label: c.name, children: [el("b", {}, c.name)] });
