// The composer at the bottom of the page: the text box, or the form of a slash command.
import { CommandForm, attachmentOf } from "./commandform.js";
import { fill } from "./dom.js";
import { TextBox } from "./textbox.js";
import { OptionType } from "./types.js";

export class Composer {
  // actions: run(path, options, files), say(text), complete(path, focus, options), unknown(text).
  constructor(root, actions) {
    Object.assign(this, { root, actions, name: "", commands: [], names: { users: [], channels: [] }, last: null });
    this.showTextBox();
    // A file that is dropped anywhere on the page would replace the page.
    document.addEventListener("dragover", (e) => e.dataTransfer.types.includes("Files") && e.preventDefault());
    document.addEventListener("drop", (e) => this.onFiles(e, e.dataTransfer.files));
    document.addEventListener("paste", (e) => {
      // Office programs put a picture of a text beside the text.
      if (!e.clipboardData.types.includes("text/plain")) this.onFiles(e, e.clipboardData.files);
    });
  }

  // setChannel sets the name of the channel, its commands, the users and channels that options can name, and the command
  // that stands first in the list.
  setChannel(name, commands, names, first) {
    this.commands = commands.flatMap((c) => flatten(c.name, c));
    this.commands.sort((a, b) => (b.path === first) - (a.path === first));
    Object.assign(this, { name, names });
    this.textBox?.setChannel(name, this.commands);
  }

  focusText() {
    this.textBox?.focus();
  }

  showTextBox() {
    this.form?.close();
    this.form = null;
    this.textBox = new TextBox({
      onCommand: (command) => this.showForm(command), onTypedOn: (command, text) => this.showForm(command).typeOn(text),
      onSend: (text) => this.actions.say(text), onRecall: () => this.recall(),
      onUnknown: (text) => this.actions.unknown(text),
    });
    if (this.name) this.textBox.setChannel(this.name, this.commands);
    fill(this.root, this.textBox.nodes);
  }

  showForm(command) {
    this.textBox?.close();
    this.textBox = null;
    this.form = new CommandForm(command, this.names, {
      run: (path, options, files) => this.run(path, options, files), complete: this.actions.complete,
      onClose: () => this.closeForm(),
    });
    fill(this.root, this.form.nodes);
    this.form.focus();
    return this.form;
  }

  // closeForm closes the form. What was typed there comes back with recall.
  closeForm() {
    this.keepTyped();
    this.showTextBox();
    this.textBox.focus();
  }

  async run(path, options, files) {
    await this.actions.run(path, options, files);
    this.last = { path, options };
  }

  keepTyped() {
    const options = this.form.typed();
    if (options.length) this.last = { path: this.form.command.path, options };
  }

  // draft is what was typed and not sent, and what recall shows, for restore.
  draft() {
    if (!this.form) return { text: this.textBox.input.value, last: this.last };
    this.keepTyped();
    return { open: this.form.typed().length > 0, last: this.last };
  }

  // restore shows a draft.
  restore({ open, text, last }) {
    this.last = last;
    if (open) this.recall();
    else if (text) this.textBox.setText(text);
  }

  // recall shows the last command with its values. It returns whether there is one.
  recall() {
    const command = this.last && this.commands.find((c) => c.path === this.last.path);
    if (!command) return false;
    this.showForm(command).fillIn(this.last.options);
    return true;
  }

  // onFiles puts a dropped or pasted file into the command's attachment option. Without a command it begins the first
  // that has one, with the text of the text box.
  onFiles(e, files) {
    if (!files.length) return;
    e.preventDefault();
    if (document.querySelector("dialog[open]")) return;
    if (this.form && !this.form.attachmentOption()) return this.form.showError(`/${this.form.command.path} takes no file.`);
    if (!this.form) {
      const command = this.commands.find((c) => attachmentOf(c));
      if (!command) return;
      const text = this.textBox.input.value;
      this.showForm(command).typeOn(text);
    }
    this.form.addFile(files[0]);
  }
}

// flatten makes one entry for a command, or one for each of its subcommands.
function flatten(path, command) {
  const options = command.options || [];
  const hasSubcommands = options[0]?.type === OptionType.subcommand || options[0]?.type === OptionType.group;
  if (hasSubcommands) return options.flatMap((o) => flatten(`${path} ${o.name}`, o));
  return [{ path, description: command.description, options }];
}
