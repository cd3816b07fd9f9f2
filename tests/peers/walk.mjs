// Walks through pages in Chromium as a person without JavaScript and without a mouse, and has axe-core look at each.
//
//   node walk.mjs CHROMIUM < walks.json > pages.json
//
// In: `[{name, stops: [{name, open?, fill?, choose?, skip?}]}]`. A stop opens an address, or types into the form of the
// page before it and presses its button. Every walk has a browser context of its own, its own cookies with it.
// Out: one entry for each stop that is not skipped: what the server answered, what axe found on it in light and in dark
// colors, whether it fits on a narrow screen, what the browser complained about, and what else it asked for.
//
// The pages are walked through with scripts switched off. axe needs scripts, so the very bytes that were answered are
// shown once more in a context that has them; the headers of the answer stay in force there.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NARROW = { width: 320, height: 640 };
const WIDE = { width: 1280, height: 800 };

const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // All pages are ours: one process is enough for them, and a new one for each would take longer than the rest.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  ],
});
try {
  const seen = [];
  const lab = await (await browser.newContext()).newPage();
  for (const walk of JSON.parse(readFileSync(0, "utf8"))) {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    for (const stop of walk.stops) {
      try {
        const answer = await go(page, stop);
        if (!stop.skip) seen.push({ walk: walk.name, stop: stop.name, ...(await look(lab, answer)) });
      } catch (error) {
        throw new Error(`${walk.name}, ${stop.name}, at ${page.url()}: ${error.message}`);
      }
    }
    await context.close();
  }
  process.stdout.write(JSON.stringify(seen));
} finally {
  await browser.close();
}

// Goes on to the page of a stop.
async function go(page, stop) {
  const answered = page.waitForEvent("response", {
    predicate: (reply) => reply.request().isNavigationRequest() && !(reply.status() >= 300 && reply.status() < 400),
  });
  const loaded = page.waitForEvent("load");
  // A walk that fails before it is answered fails with its own error.
  for (const later of [answered, loaded]) later.catch(() => {});
  if (stop.open) {
    await page.goto(stop.open);
  } else {
    for (const [name, text] of Object.entries(stop.fill ?? {})) await enter(page.locator(`[name="${name}"]`), text);
    if (stop.choose) await page.getByLabel(stop.choose).check();
    await press(page);
  }
  const reply = await answered;
  await loaded;
  return { url: reply.url(), status: reply.status(), headers: await reply.allHeaders(), bytes: await reply.body() };
}

async function enter(field, text) {
  const list = await field.evaluate((element) => element.tagName === "SELECT");
  await (list ? field.selectOption(text) : field.fill(text));
}

// Presses the button of the form the way a keyboard does.
async function press(page) {
  for (let tabs = 0; tabs < 40; tabs++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.matches("button[type=submit]"))) {
      return page.keyboard.press("Enter", { noWaitAfter: true });
    }
  }
  throw new Error("no Tab leads to a button");
}

// What is to be said about an answer.
async function look(page, { url, status, headers, bytes }) {
  const [complaints, asked] = [[], []];
  page.removeAllListeners();
  page.on("console", (line) => complaints.push(line.text()));
  page.on("request", (request) => request.url() === url || asked.push(request.url()));
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(WIDE);
  const replay = Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(content-length|set-cookie)$/.test(name)));
  const itself = ({ href }) => href === url;
  await page.route(itself, (route) => route.fulfill({ status, headers: replay, body: bytes }));
  const shown = await page.goto(url);
  if (shown.status() !== status) throw new Error(`shown again, it has status ${shown.status()}`);
  const styled = await page.evaluate(() => getComputedStyle(document.querySelector("main")).maxWidth !== "none");
  const text = await page.evaluate(() => document.body.innerText);
  const [title, heading] = await page.evaluate(() => [document.title, document.querySelector("h1")?.innerText ?? ""]);
  const findings = [];
  await page.evaluate(axe);
  // The other colors change nothing but contrast.
  for (const [colorScheme, options] of [["light", {}], ["dark", { runOnly: ["color-contrast"] }]]) {
    await page.emulateMedia({ colorScheme });
    const { violations, incomplete } = await page.evaluate((options) => window.axe.run(document, options), options);
    for (const { id, help, nodes } of [...violations, ...incomplete]) {
      for (const node of nodes) findings.push(`${id} (${colorScheme}): ${help}: ${node.html}`);
    }
  }
  await page.setViewportSize(NARROW);
  const fits = await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
  await page.unroute(itself);
  // The browser says itself that a page was not answered with 200; the status is looked at elsewhere.
  const own = complaints.filter((line) => !line.startsWith("Failed to load resource: the server responded with a status"));
  return { url, status, headers, title, heading, text, styled, fits, findings, complaints: own, asked };
}
