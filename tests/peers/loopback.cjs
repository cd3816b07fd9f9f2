// Loaded before a peer (node --require). Whatever the peer asks for, each listener is bound to 127.0.0.1 and to a free
// port that the system chooses, so that peers that start at the same time cannot meet; the port is printed.
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const [first] = args;
  const callback = args.find((arg) => typeof arg === "function");
  if (typeof first !== "number" && !(first !== null && typeof first === "object" && "port" in first)) {
    throw new Error("a peer may listen on a port only");
  }
  this.once("listening", () => console.log(`listening on port ${this.address().port}`));
  return listen.call(this, { host: "127.0.0.1", port: 0 }, callback);
};
