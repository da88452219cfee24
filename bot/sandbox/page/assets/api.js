// The page's HTTP API. Every action is a POST. Everything that happens arrives in one stream of events.

async function request(path, options) {
  let response;
  try {
    response = await fetch(`sandbox/${path}`, options);
  } catch {
    throw new Error("darkroom does not answer. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || `darkroom answered with error ${response.status}.`);
  return body;
}

export const get = (path, query = {}) => request(`${path}?${new URLSearchParams(query)}`);

export const post = (path, body) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// command runs a slash command with its files.
export const command = (action, files) => postFiles("command", action, files);

// submitForm submits a modal with its files.
export const submitForm = (action, files) => postFiles("submit", action, files);

function postFiles(path, action, files) {
  const form = new FormData();
  form.append("act", JSON.stringify(action));
  for (const [name, file] of files) form.append(`file:${name}`, file, file.name);
  return request(path, { method: "POST", body: form });
}

// Stream receives events and reconnects after an interruption. Before it listens it calls refresh, which loads the
// whole state and returns the user and the number of the last event in it. onBroken gets true when the connection is
// lost and false when it is back.
export class Stream {
  constructor({ refresh, onEvent, onBroken }) {
    Object.assign(this, { refresh, onEvent, onBroken, delay: 0, run: 0 });
  }

  async open() {
    const run = ++this.run;
    this.source?.close();
    try {
      const { user, seq } = await this.refresh();
      if (run !== this.run) return;
      this.listen(run, user, seq);
    } catch {
      this.retry(run);
    }
  }

  listen(run, user, seq) {
    const source = new EventSource(`sandbox/events?${new URLSearchParams({ user, after: seq })}`);
    this.source = source;
    source.onopen = () => {
      this.delay = 0;
      this.onBroken(false);
    };
    source.onmessage = (e) => {
      const event = JSON.parse(e.data);
      if (event.kind === "reset") this.open();
      else this.onEvent(event);
    };
    source.onerror = () => this.retry(run);
  }

  retry(run) {
    if (run !== this.run) return;
    this.source?.close();
    this.onBroken(true);
    this.delay = Math.min(this.delay * 2 + 400, 5000);
    setTimeout(() => run === this.run && this.open(), this.delay);
  }
}
