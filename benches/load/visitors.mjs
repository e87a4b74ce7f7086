// Generates the requests of visitors with several browsers. Half of the visitors are new, and half have one to eight
// earlier clicks in their cookies.
import { writeFile } from "node:fs/promises";

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
  "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
];
const TRAIL = 8;
const RETURNING = 256;

const browser = (number) => ({
  host: "go.example.com",
  "user-agent": AGENTS[number % AGENTS.length],
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "accept-language": "de,en-US;q=0.7,en;q=0.3",
  "accept-encoding": "gzip, deflate, br, zstd",
  referer: "https://creator.example/",
  "upgrade-insecure-requests": "1",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "cross-site",
});

const QUERY = "?utm_source=newsletter&utm_campaign=autumn";

/** Returns cookie values with 1, 2, … 8 click ids, as the server sets them for one visitor. */
async function trails(server) {
  const values = [];
  let cookie = "";
  while (values.length < TRAIL) {
    const response = await fetch(`http://127.0.0.1:${server.port}${server.path}`, {
      redirect: "manual",
      headers: { "user-agent": AGENTS[0], "cf-connecting-ip": "192.0.2.1", ...(cookie && { cookie }) },
    });
    await response.arrayBuffer();
    if (response.status !== 302) throw new Error(`${server.name}: a redirect returned ${response.status}`);
    const [value] = response.headers.getSetCookie().map((line) => line.split(";")[0].slice(3));
    if (value?.split(".").length !== values.length + 1) throw new Error(`${server.name}: the cookie lost a click id`);
    values.push(value);
    cookie = `sp=${value}; sp_x=${value}`;
  }
  return values;
}

/** Writes the requests of visitors to `file`. Returns the number of visits that their preparation needed. */
export async function writeVisits(server, file) {
  const cookies = server.path === "/" ? [] : await trails(server);
  const requests = [];
  for (let number = 0; number < RETURNING; number += 1) {
    const get = (headers) => ({ method: "GET", path: server.path + QUERY, headers: { ...browser(number), ...headers } });
    // A new visitor's address contains ten digits that no other request has.
    requests.push(get({ "cf-connecting-ip": "2001:db8::{sequence}" }));
    const value = cookies[number % TRAIL];
    requests.push(
      get({ "cf-connecting-ip": `198.51.100.${number}`, ...(value && { cookie: `sp=${value}; sp_x=${value}` }) }),
    );
  }
  await writeFile(file, JSON.stringify(requests));
  return cookies.length;
}
