// Where the identity provider keeps sessions, grants and tokens: in memory, all of them for as long as it runs.
//
// The store that the package brings forgets all but the last thousand. This one is also where a client of the kind
// `grace` gets its grace: for so long, a refresh token that was replaced does not look replaced.

export class Tokens {
  static #models = new Map();

  constructor(model, graceOf) {
    if (!Tokens.#models.has(model)) Tokens.#models.set(model, { entries: new Map(), grants: new Map() });
    const { entries, grants } = Tokens.#models.get(model);
    Object.assign(this, { entries, grants, graceOf });
  }

  async upsert(id, payload) {
    this.entries.set(id, payload);
    if (payload.grantId !== undefined) {
      if (!this.grants.has(payload.grantId)) this.grants.set(payload.grantId, new Set());
      this.grants.get(payload.grantId).add(id);
    }
  }

  async find(id) {
    const found = this.entries.get(id);
    if (found?.consumedAt === undefined) return found;
    const spared = Date.now() - found.consumedAt < this.graceOf(found.clientId);
    return spared ? { ...found, consumed: undefined } : found;
  }

  async findByUid(uid) {
    for (const entry of this.entries.values()) if (entry.uid === uid) return entry;
    return undefined;
  }

  async consume(id) {
    const found = this.entries.get(id);
    if (found !== undefined && found.consumedAt === undefined) {
      this.entries.set(id, { ...found, consumed: Math.floor(Date.now() / 1000), consumedAt: Date.now() });
    }
  }

  async destroy(id) {
    this.entries.delete(id);
  }

  async revokeByGrantId(grant) {
    for (const id of this.grants.get(grant) ?? []) this.entries.delete(id);
    this.grants.delete(grant);
  }
}
