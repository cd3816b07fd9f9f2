// Loaded before a peer (node --require): every listener is bound to 127.0.0.1 whatever the peer asks for.
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const [first, second] = args;
  if (typeof first === "number") {
    args.splice(1, typeof second === "string" ? 1 : 0, "127.0.0.1");
  } else if (first !== null && typeof first === "object" && first.port !== undefined) {
    args[0] = { ...first, host: "127.0.0.1" };
  } else {
    throw new Error("a peer may listen on a port only");
  }
  return listen.apply(this, args);
};
