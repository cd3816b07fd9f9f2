// An identity provider on loopback: the npm package oidc-provider, with a login page and a small API behind its tokens.
//
// Clients are registered with `POST /__clients`: {client_id, client_secret, redirect_uri, rotation}. With `none` a
// refresh keeps its refresh token, with `strict` it replaces it and a second use of the old one revokes the grant, with
// `grace` the old one works on for `grace_ms` (default 30,000). `POST /__settings` changes `access_ttl` (seconds) and
// `deny_scopes` (a list that no person grants). `GET /__stats` counts what was answered.
//
// Who logs in is chosen on the page, or given as `login_hint` in the authorize address; `deny` says no.
import http from "node:http";
import { Provider } from "oidc-provider";
import { Tokens } from "./tokens.mjs";

const issuer = "https://id.oidc.example";
const people = ["ana", "bo", "mallory", "deny"];
const scopes = ["openid", "offline_access", "email", "mail.read", "mail.send"];

const settings = { access_ttl: 3600, deny_scopes: [] };
const kinds = new Map();
const stats = {
  authorized: 0, code_ok: 0, code_refused: 0, refresh_ok: 0, refresh_refused: 0,
  revoked: 0, grants_revoked: 0, userinfo: 0, api: 0, api_refused: 0, refreshes_of: {}, refusals: [],
};

const tokens = (model) => new Tokens(model, (client) => kinds.get(client)?.grace_ms ?? 0);
const provider = new Provider(issuer, {
  adapter: tokens,
  cookies: { keys: ["for tests only"] },
  pkce: { required: () => true },
  scopes,
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  rotateRefreshToken: (ctx) => kinds.get(ctx.oidc.client.clientId).rotation !== "none",
  issueRefreshToken: async (_, client, code) => client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
  conformIdTokenClaims: false,
  clientAuthMethods: ["client_secret_post", "client_secret_basic"],
  routes: { authorization: "/authorize", token: "/token", revocation: "/revoke", userinfo: "/userinfo" },
  ttl: {
    AccessToken: () => settings.access_ttl,
    AuthorizationCode: 60, RefreshToken: 30 * 86_400, Grant: 30 * 86_400, IdToken: 300, Interaction: 600, Session: 86_400,
  },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true }, userinfo: { enabled: true } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: async (_, sub) => ({
    accountId: sub,
    claims: async () => ({ sub, email: `${sub}@example.com`, email_verified: true }),
  }),
});

const isRefresh = (ctx) => ctx.oidc?.params?.grant_type === "refresh_token";
provider.on("grant.success", (ctx) => {
  stats[isRefresh(ctx) ? "refresh_ok" : "code_ok"] += 1;
  if (!isRefresh(ctx)) return;
  const { accountId } = ctx.oidc.account;
  stats.refreshes_of[accountId] = (stats.refreshes_of[accountId] ?? 0) + 1;
});
provider.on("grant.error", (ctx, error) => {
  stats[isRefresh(ctx) ? "refresh_refused" : "code_refused"] += 1;
  stats.refusals.push(`${error.error}: ${error.error_detail ?? error.error_description}`);
  if (stats.refusals.length > 100) stats.refusals.shift();
});
provider.on("grant.revoked", () => { stats.grants_revoked += 1; });
provider.on("authorization.success", () => { stats.authorized += 1; });

const callback = provider.callback();
const registered = tokens("Client");
const accessTokens = tokens("AccessToken");

http.createServer(async (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  try {
    if (pathname === "/__stats") return json(response, 200, stats);
    if (pathname === "/__settings") return json(response, 200, Object.assign(settings, await body(request)));
    if (pathname === "/__clients") return json(response, 200, await register(await body(request)));
    if (pathname.startsWith("/interaction/")) return await interact(request, response);
    if (pathname.startsWith("/api/")) return api(request, response, pathname);
  } catch (error) {
    return json(response, 500, { error: String(error) });
  }
  if (pathname === "/userinfo") stats.userinfo += 1;
  if (pathname === "/revoke") response.on("finish", () => { if (response.statusCode === 200) stats.revoked += 1; });
  return callback(request, response);
}).listen(0, "127.0.0.1");

async function register({ client_id, client_secret, redirect_uri, rotation, grace_ms }) {
  kinds.set(client_id, { rotation, grace_ms: rotation === "grace" ? (grace_ms ?? 30_000) : 0 });
  await registered.upsert(client_id, {
    client_id, client_secret,
    redirect_uris: [redirect_uri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "client_secret_post",
  });
  return {};
}

// One page for login and consent, as people know it.
async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const chosen = request.method === "POST" ? new URLSearchParams(await text(request)).get("person") : params.login_hint;
  if (!chosen) {
    const forms = people.map((person) => `<form method="post"><input type="hidden" name="person" value="${person}"><button>Go on as ${person}</button></form>`);
    response.setHeader("content-type", "text/html");
    return response.end(`<!doctype html><title>Who are you?</title>${forms.join("")}`);
  }
  if (chosen === "deny") {
    const result = { error: "access_denied", error_description: "<b>the person said no</b>" };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: chosen, clientId: params.client_id });
  const asked = params.scope.split(" ");
  grant.addOIDCScope(asked.filter((scope) => !settings.deny_scopes.includes(scope)).join(" "));
  grant.rejectOIDCScope(asked.filter((scope) => settings.deny_scopes.includes(scope)).join(" "));
  const result = { login: { accountId: chosen }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

// What the access tokens are for: a mailbox that needs the scope mail.read or mail.send, and a ping that needs none.
function api(request, response, pathname) {
  const id = request.headers.authorization?.replace(/^Bearer /, "");
  const token = accessTokens.entries.get(id);
  const refuse = (status, code) => { stats.api_refused += 1; return json(response, status, { error: { code } }); };
  if (token === undefined || token.exp * 1000 <= Date.now()) return refuse(401, "invalid_token");
  const needed = pathname === "/api/ping" ? undefined : request.method === "POST" ? "mail.send" : "mail.read";
  if (needed !== undefined && !token.scope.split(" ").includes(needed)) return refuse(403, "insufficient_scope");
  stats.api += 1;
  return json(response, 200, { person: token.accountId, subjects: ["Agenda for Monday"] });
}

async function text(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const body = async (request) => JSON.parse(await text(request));

function json(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
