"""Look at every page of the built site in headless Chromium: `python docs/browser.py FOLDER`.

At the width of a phone and of a desktop, no page scrolls sideways, every image is there, and no
script fails. Each page is shown in a frame of that width, on a server on this machine; the frame
reports to the server. Needs nothing but the browser; where there is none, it says so and ends well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (390, 1280)
PATIENCE = 300
"""Seconds for all pages: it ends what hangs, and says nothing about how busy a machine is."""

OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A container's shared memory may be too small for a page.
    "--disable-dev-shm-usage",
    # Other hosts are not there: a page must do without them, and does not wait for them.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # Chromium's sandbox does not start as root, as which containers often run.
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)

LISTEN = """<script>
window.wrong = [];
addEventListener("error", event => {
  const url = event.target.src || event.target.href || "";
  if (event.message || url.startsWith(location.origin))
    wrong.push(event.message || "not loaded: " + url);
}, true);
</script>"""
"""Put first into each page: what is not found elsewhere is the network's matter, not the page's."""

LOOK = """<!doctype html><body><script>
const look = (page, width) => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 900; frame.src = page;
  frame.onload = async () => {
    const shown = frame.contentDocument, root = shown.documentElement;
    const wrong = frame.contentWindow.wrong;
    for (const image of shown.images) image.loading = "eager";
    await Promise.all([...shown.images].map(image => image.decode().catch(
      () => wrong.push("no image: " + image.src))));
    if (root.scrollWidth > root.clientWidth) wrong.push("scrolls sideways: " + root.scrollWidth);
    done(wrong.map(what => `${page} at ${width}: ${what}`));
    frame.remove();
  };
  document.body.append(frame);
});
(async () => {
  const found = [];
  for (const width of WIDTHS) for (const page of PAGES) found.push(...await look(page, width));
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""


class Site(SimpleHTTPRequestHandler):
    """The site's files, the page that looks at them, and what it has found."""

    def __init__(self, look: str, found: Queue[list[str]], *given: Any, **named: Any) -> None:
        self.look = look
        self.found = found
        super().__init__(*given, **named)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if self.path == "/look":
            self._say(self.look)
        elif path.suffix == ".html" and path.is_file():
            self._say(path.read_text("utf-8").replace("<head>", f"<head>{LISTEN}", 1))
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._say("")

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


def main(folder: Path) -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("skipped: there is no Chromium on this machine")
        return 0
    pages = sorted(f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.html"))
    look = LOOK.replace("PAGES", json.dumps(pages)).replace("WIDTHS", json.dumps(WIDTHS))
    found: Queue[list[str]] = Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, look, found, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        url = f"http://127.0.0.1:{server.server_port}/look"
        command = [
            browser,
            *OPTIONS,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            url,
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, **quiet) as process:
            try:
                wrong = found.get(timeout=PATIENCE)
            except Empty:
                wrong = [f"no report within {PATIENCE} s"]
            process.terminate()
            process.wait()
    server.shutdown()
    server.server_close()
    print("\n".join(wrong) or f"{len(pages)} pages at {len(WIDTHS)} widths: nothing is wrong")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
