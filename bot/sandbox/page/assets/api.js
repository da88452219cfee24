// The user's side over HTTP. Every act is a POST; everything that happens
// comes back through one stream of events.

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || `The sandbox answered ${response.status}.`);
  return body;
}

export const get = async (path, query = {}) => answer(await fetch(`sandbox/${path}?${new URLSearchParams(query)}`));

export const post = async (path, body) =>
  answer(await fetch(`sandbox/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));

// command runs a slash command with its files.
export async function command(act, files) {
  const form = new FormData();
  form.append("act", JSON.stringify(act));
  for (const [name, file] of files) form.append(`file:${name}`, file, file.name);
  return answer(await fetch("sandbox/command", { method: "POST", body: form }));
}

// Stream hears events and comes back after a break by itself: it calls
// refresh, which looks at everything anew and returns where to go on from.
export class Stream {
  constructor({ refresh, hear, broken }) {
    Object.assign(this, { refresh, hear, broken, delay: 0, run: 0 });
  }

  async open() {
    const run = ++this.run;
    this.source?.close();
    try {
      const { user, seq } = await this.refresh();
      if (run !== this.run) return;
      this.listen(run, user, seq);
    } catch (err) {
      this.again(run, err);
    }
  }

  listen(run, user, seq) {
    const source = new EventSource(`sandbox/events?${new URLSearchParams({ user, after: seq })}`);
    this.source = source;
    source.onopen = () => {
      this.delay = 0;
      this.broken(false);
    };
    source.onmessage = (e) => {
      const event = JSON.parse(e.data);
      if (event.kind === "reset") this.open();
      else this.hear(event);
    };
    source.onerror = () => this.again(run);
  }

  again(run) {
    if (run !== this.run) return;
    this.source?.close();
    this.broken(true);
    this.delay = Math.min(this.delay * 2 + 400, 5000);
    setTimeout(() => run === this.run && this.open(), this.delay);
  }
}
