// A proxy on loopback that breaks what passes through it.
//
// `POST /__peer` {base} names the server behind it; until then everything is answered 502. `POST /__faults` adds one
// fault or a list of them, `DELETE /__faults` takes all away, `GET /__log` tells what was done with each request.
//
// A fault is {mode, match?, contains?, n?, skip?, …}: it applies to requests whose path contains `match` and whose body
// contains `contains`, after the first `skip` of them, `n` times or for ever. The first that applies counts.
//
//   delay {ms}          waits, then forwards
//   delay_after {ms}    forwards, then waits: the provider has done its part
//   drop_before         cuts the connection; the provider never sees the request
//   drop_after          forwards, then cuts the connection: the answer is lost
//   hang                never answers
//   status {code, headers?, body?}   answers itself
//   redirect {to}       answers 302
//   truncate            half of the body, then cuts the connection
//   drip {ms}           the body one byte at a time
//   huge {bytes}        a JSON text of so many bytes, without a length
//   gzip_bomb {bytes}   so many blanks, compressed
//   bad_header          a reply whose header holds a NUL
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";

const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
const log = [];
let peer;
let faults = [];

http.createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  const body = await read(request);
  if (path === "/__peer") { peer = new URL(JSON.parse(body).base); return json(response, {}); }
  if (path === "/__log") return json(response, log);
  if (path === "/__faults") {
    faults = request.method === "DELETE" ? [] : faults.concat(JSON.parse(body));
    return json(response, {});
  }
  const fault = pick(path, body);
  const entry = { method: request.method, path, mode: fault.mode, status: 0, grant: grantOf(request, body) };
  log.push(entry);
  response.on("close", () => { if (response.headersSent) entry.status = response.statusCode; });
  const whole = modes[fault.mode];
  if (whole === undefined) return json(response, { error: `chaos has no mode ${fault.mode}` }, 500);
  return whole(fault, request, response, body);
}).listen(0, "127.0.0.1");

const modes = {
  pass: (_, request, response, body) => forward(request, response, body, send),
  delay: async ({ ms }, request, response, body) => { await sleep(ms); forward(request, response, body, send); },
  delay_after: ({ ms }, request, response, body) =>
    forward(request, response, body, async (...reply) => { await sleep(ms); send(...reply); }),
  drop_before: (_, request) => request.socket.destroy(),
  drop_after: (_, request, response, body) => forward(request, response, body, () => request.socket.destroy()),
  hang: () => {},
  status: ({ code, headers, body }, _, response) => {
    response.writeHead(code, headers ?? { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  },
  redirect: ({ to }, _, response) => response.writeHead(302, { location: to }).end(),
  truncate: (_, request, response, body) => forward(request, response, body, (from, bytes) => {
    response.writeHead(from.statusCode, { ...headersOf(from), "content-length": bytes.length });
    response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroySoon());
  }),
  drip: ({ ms }, request, response, body) => forward(request, response, body, async (from, bytes) => {
    response.writeHead(from.statusCode, headersOf(from));
    for (const byte of bytes) {
      if (response.destroyed) return;
      response.write(Buffer.from([byte]));
      await sleep(ms ?? 50);
    }
    response.end();
  }),
  huge: ({ bytes }, _, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"x":"');
    pour(response, bytes, 97, () => response.end('"}'));
  },
  gzip_bomb: ({ bytes }, _, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    const gzip = createGzip({ level: 9 });
    gzip.pipe(response);
    response.on("close", () => gzip.destroy());
    pour(gzip, bytes, 32, () => gzip.end());
  },
  bad_header: (_, request) => request.socket.end("HTTP/1.1 200 OK\r\nx-bad: a\0b\r\ncontent-length: 2\r\n\r\n{}"),
};

function pick(path, body) {
  for (const fault of faults) {
    if (!path.includes(fault.match ?? "") || !body.includes(fault.contains ?? "")) continue;
    if (fault.skip > 0) { fault.skip -= 1; continue; }
    if (fault.n !== undefined && --fault.n <= 0) faults = faults.filter((other) => other !== fault);
    return fault;
  }
  return { mode: "pass" };
}

function forward(request, response, body, answer) {
  if (peer === undefined) return json(response, { error: "chaos has no peer yet" }, 502);
  // The peer sees the address that the client used: it makes its own addresses of it.
  const options = { host: peer.hostname, port: peer.port, method: request.method, path: request.url, headers: request.headers, agent };
  const onward = http.request(options, async (from) => answer(from, await read(from), response));
  onward.on("error", () => { if (response.headersSent) response.destroy(); else json(response, { error: "the peer is gone" }, 502); });
  onward.end(body);
}

function send(from, bytes, response) {
  response.writeHead(from.statusCode, { ...headersOf(from), "content-length": bytes.length });
  response.end(bytes);
}

function headersOf(from) {
  const headers = { ...from.headers };
  for (const own of ["transfer-encoding", "content-length", "connection", "keep-alive"]) delete headers[own];
  return headers;
}

// Writes so many bytes of one kind, as fast as the other side takes them.
function pour(stream, bytes, byte, done) {
  const chunk = Buffer.alloc(65_536, byte);
  let left = bytes;
  const more = () => {
    while (left > 0) {
      if (stream.destroyed) return;
      const next = chunk.subarray(0, Math.min(left, chunk.length));
      left -= next.length;
      if (!stream.write(next)) { stream.once("drain", more); return; }
    }
    done();
  };
  more();
}

function grantOf(request, body) {
  const form = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  return form ? new URLSearchParams(body.toString()).get("grant_type") ?? "" : "";
}

async function read(stream) {
  const pieces = [];
  try {
    for await (const piece of stream) pieces.push(piece);
  } catch {
    // The other side has left; what came is all there is.
  }
  return Buffer.concat(pieces);
}

function json(response, value, status = 200) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
