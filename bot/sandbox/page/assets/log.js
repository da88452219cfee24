// The log: the messages of the channel, oldest first.
import { byId, el, fill } from "./dom.js";
import { ephemeralNote, message } from "./message.js";

const nearEnd = 120; // pixels from the end at which the log follows new messages

// MessageLog draws messages. actions are what a click on a message does, as message needs them.
export class MessageLog {
  constructor(actions) {
    Object.assign(this, { actions, root: byId("log"), messages: new Map(), drawn: new Map(), following: false, unseen: 0 });
    this.pill = byId("pill");
    this.pill.addEventListener("click", () => this.scrollToEnd());
    this.root.addEventListener("scroll", () => {
      this.following = this.atEnd();
      if (this.following) this.countUnseen(0);
    });
    new ResizeObserver(() => this.following && this.scrollToEnd()).observe(this.root);
  }

  // show shows the messages of a channel. If the channel or the user is new, it draws everything; welcome stands first.
  show(messages, isNew, welcome) {
    this.messages = new Map(messages.map((m) => [m.id, m]));
    this.markEmpty();
    if (isNew) {
      this.drawn.clear();
      fill(this.root, welcome);
    }
    for (const node of this.nodes()) if (!this.messages.has(node.dataset.id)) node.remove();
    for (const m of messages) if (this.drawn.get(m.id) !== fingerprint(m)) this.put(m);
    if (isNew) this.scrollToEnd();
  }

  // countUnseen shows how many new messages are below what the user sees.
  countUnseen(n) {
    this.unseen = n;
    this.pill.hidden = !n;
    this.pill.textContent = `${n} new message${n === 1 ? "" : "s"} ↓`;
  }

  // put draws a new or changed message at its place.
  put(m) {
    this.messages.set(m.id, m);
    this.drawn.set(m.id, fingerprint(m));
    const old = this.find(m.id);
    const follow = this.atEnd();
    const node = message(m, old, this.actions);
    if (old) replaceKeepingFocus(old, node);
    else this.root.insertBefore(node, this.nodes().find((x) => BigInt(x.dataset.id) > BigInt(m.id)) || null);
    this.markEmpty();
    if (follow || !old && this.isOwn(m)) this.scrollToEnd();
    else if (!old) this.countUnseen(this.unseen + 1);
  }

  // isOwn tells whether a message is the current user's, or answers what this user did.
  isOwn(m) {
    return m.author.id === this.actions.user || m.interaction_metadata?.user.id === this.actions.user;
  }

  remove(id) {
    this.messages.delete(id);
    this.find(id)?.remove();
    this.markEmpty();
  }

  // notice shows a text at the end that exists in this window only.
  notice(text) {
    const node = el("article", { className: "message ephemeral", "aria-label": "Notice" },
      el("span", { className: "avatar bang", "aria-hidden": "true" }, "!"),
      el("div", { className: "body" }, el("div", { className: "text" }, text), ephemeralNote(() => node.remove())));
    this.root.append(node);
    this.scrollToEnd();
  }

  // sending shows at the end that a command is on its way. It returns a function that removes this.
  sending(text) {
    const node = el("p", { className: "sending", role: "status" }, text);
    this.root.append(node);
    this.scrollToEnd();
    return () => node.remove();
  }

  find(id) {
    return this.root.querySelector(`[data-id="${id}"]`);
  }

  nodes() {
    return [...this.root.querySelectorAll(".message[data-id]")];
  }

  markEmpty() {
    this.root.classList.toggle("empty", this.messages.size === 0);
  }

  atEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < nearEnd;
  }

  scrollToEnd() {
    this.root.scrollTop = this.root.scrollHeight;
    this.countUnseen(0);
  }
}

function replaceKeepingFocus(old, node) {
  const label = old.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
  old.replaceWith(node);
  if (label) node.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
}

// fingerprint is a message without its signed addresses, which change with every response.
const fingerprint = (m) =>
  JSON.stringify(m, (name, value) => (name === "url" || name === "proxy_url" ? undefined : value));
