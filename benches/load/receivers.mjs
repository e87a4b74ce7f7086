// Receivers of events, in a process of their own. `/ok/<n>` confirms an event, `/error/<n>` answers 500 and `/hang/<n>` never answers.
// The parent process sends "report" and receives how many events arrived since the last report, and how late.
import { createServer } from "node:http";
import { Socket } from "node:net";
import process from "node:process";

let seen = new Set();
let lags = [];
let attempts = 0;
let lastAt = 0;

function arrived(route, id, body) {
  lastAt = Date.now();
  attempts += 1;
  const delivery = `${route} ${id}`;
  if (!route.startsWith("/ok/") || seen.has(delivery)) return;
  seen.add(delivery);
  lags.push(lastAt - Date.parse(JSON.parse(body).timestamp));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    arrived(request.url, request.headers["webhook-id"], Buffer.concat(chunks).toString());
    if (request.url.startsWith("/hang/")) return;
    response.statusCode = request.url.startsWith("/error/") ? 500 : 200;
    response.end("ok");
  });
});
server.on("connection", (socket) => socket instanceof Socket && socket.setNoDelay(true));
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  const report = { confirmed: seen.size, attempts, lastAt };
  if (message === "count") {
    process.send(report);
    return;
  }
  process.send({ ...report, lags: lags.sort((a, b) => a - b) });
  seen = new Set();
  lags = [];
  attempts = 0;
});
