// A file that is no picture, as a link.
import { el, size } from "./dom.js";

export const fileLink = (f) =>
  el("a", { className: "file", href: f.url, download: f.filename },
    el("span", { "aria-hidden": "true" }, "📄"), el("b", {}, f.filename), el("small", {}, size(f.size || 0)));

// nameInLink returns the name of the file that a link leads to.
export const nameInLink = (url) => decodeURIComponent(new URL(url, location.href).pathname.split("/").pop());
