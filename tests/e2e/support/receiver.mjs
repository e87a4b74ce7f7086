// A receiver of events on this machine, which records what it gets and responds as a test wants.
import { once } from "node:events";
import http from "node:http";

/** The headers that `hugeHeaders` sends, about 1 MB. */
const HUGE_HEADERS = Array.from({ length: 64 }, (_, number) => [`x-huge-${number}`, "h".repeat(16_000)]);

/** Responds with a status, and optionally with a body and headers. */
export const status = (code, body = "", headers = {}) => (_, response) => response.writeHead(code, headers).end(body);

/** Responds 200 to everything. */
export const ok = status(200, "ok");

/** Responds 200 after `ms` milliseconds. */
export const slowly = (ms) => (_, response) => {
  const timer = setTimeout(() => response.end("late"), ms);
  response.on("close", () => clearTimeout(timer));
};

/** Accepts the request and never responds. */
export const never = () => undefined;

/** Responds with a body that does not end, as fast as it is read. */
export const endlessBody = (code = 200) => (_, response) => {
  response.writeHead(code);
  const chunk = "e".repeat(16_384);
  const write = () => {
    while (!response.closed && response.write(chunk));
  };
  response.on("drain", write);
  write();
};

/** Responds with a body of one byte in 100 ms, which does not end. */
export const trickle = (code = 200) => (_, response) => {
  response.writeHead(code);
  const timer = setInterval(() => response.write("t"), 100);
  response.on("close", () => clearInterval(timer));
};

/** Responds with the beginning of a body and closes the connection. */
export const brokenBody = (_, response) => {
  response.writeHead(200, { "content-length": 1_000 });
  response.write("only the beginning", () => response.socket.destroy());
};

/** Closes the connection without a response. */
export const hangUp = (_, response) => response.socket.destroy();

/** Responds with about 1 MB of headers. */
export const hugeHeaders = (_, response) => response.writeHead(200, HUGE_HEADERS.flat()).end("huge");

/**
 * @param {(delivery: object, response: http.ServerResponse) => void} [answer] `received` describes the delivery
 */
export async function startReceiver(answer = ok) {
  const received = [];
  const open = new Set();
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    open.add(response);
    response.on("close", () => open.delete(response));
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { method, url: path, headers } = request;
      const delivery = { method, path, headers, body, id: headers["webhook-id"], event: JSON.parse(body), at: performance.now() };
      received.push(delivery);
      answer(delivery, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    /** What was received, in order: method, path, headers, body, the event's id, the parsed body, and the time. */
    received,
    /** The responses that have not ended and whose connection is open. */
    open,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
