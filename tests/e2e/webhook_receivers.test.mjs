// Runs the receivers' functions of docs/webhooks.md, each in its own language, on deliveries that the Worker has signed.
// The published library of PyPI judges the same deliveries; that of npm is one of the guide's functions.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { api, poll, ROOT, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";
import { startReceiver } from "./support/receiver.mjs";

const GUIDE = await readFile(path.join(ROOT, "docs/webhooks.md"), "utf8");

/** Returns the blocks of the guide in a language, in order. */
function blocks(language) {
  return [...GUIDE.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block]) => block);
}

/** What the functions of the guide say. */
const GUIDE_SAYS = {
  signature: "no signature matches",
  tooOld: "the timestamp is missing or not within five minutes",
  tooNew: "the timestamp is missing or not within five minutes",
  noHeaders: "the timestamp is missing or not within five minutes",
  noSecret: "the secret is empty",
};
/** What the libraries say. */
const NPM_SAYS = {
  signature: "No matching signature found",
  tooOld: "Message timestamp too old",
  tooNew: "Message timestamp too new",
  noHeaders: "Missing required headers",
  noSecret: "Secret can't be empty.",
};
const PYPI_SAYS = { ...NPM_SAYS, noSecret: "webhook secret may not be empty" };

// Each program reads a JSON array of `{secret, headers, body}`, the body in base64, and writes an array of `{event}` or
// `{refusal}`.
const IN_PYTHON = (verify) => `${verify}
import base64, json, sys
def outcome(case):
    try:
        return {"event": verify(case["secret"], case["headers"], base64.b64decode(case["body"]))}
    except Exception as error:
        return {"refusal": str(error)}
json.dump([outcome(case) for case in json.load(sys.stdin)], sys.stdout)
`;
const IN_JAVASCRIPT = (verify) => `${verify}
import { readFileSync } from "node:fs";
const outcome = ({ secret, headers, body }) => {
  try {
    return { event: verify(secret, headers, Buffer.from(body, "base64")) };
  } catch (error) {
    return { refusal: error.message };
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(outcome)));
`;
const IN_PHP = (verify) => `${verify}
$outcome = function (array $case): array {
    try {
        return ['event' => verify($case['secret'], $case['headers'], base64_decode($case['body'], true))];
    } catch (Throwable $error) {
        return ['refusal' => $error->getMessage()];
    }
};
echo json_encode(array_map($outcome, json_decode(stream_get_contents(STDIN), true)), JSON_THROW_ON_ERROR);
`;
const IN_RUBY = (verify) => `${verify}
outcomes = JSON.parse($stdin.read).map do |request|
  { event: verify(request["secret"], request["headers"], request["body"].unpack1("m0")) }
rescue StandardError => error
  { refusal: error.message }
end
puts JSON.generate(outcomes)
`;
const PYPI_LIBRARY = `
from standardwebhooks import Webhook
def verify(secret, headers, body):
    return Webhook(secret).verify(body, headers)
`;

const [withLibrary, withoutLibrary] = blocks("js");
/** Debian's package is named where a language may be missing. */
const RECEIVERS = [
  { name: "Python", command: "python3", debian: "python3", file: "receiver.py", program: IN_PYTHON(blocks("python")[0]), says: GUIDE_SAYS },
  { name: "JavaScript with npm's standardwebhooks", command: process.execPath, file: "library.mjs", program: IN_JAVASCRIPT(withLibrary), says: NPM_SAYS },
  { name: "JavaScript", command: process.execPath, file: "receiver.mjs", program: IN_JAVASCRIPT(withoutLibrary), says: GUIDE_SAYS },
  { name: "PHP", command: "php", debian: "php-cli", file: "receiver.php", program: IN_PHP(blocks("php")[0]), says: GUIDE_SAYS },
  { name: "Ruby", command: "ruby", debian: "ruby", file: "receiver.rb", program: IN_RUBY(blocks("ruby")[0]), says: GUIDE_SAYS },
  { name: "PyPI's standardwebhooks", command: "python3", debian: "python3", module: "standardwebhooks", file: "library.py", program: IN_PYTHON(PYPI_LIBRARY), says: PYPI_SAYS },
];

let edge;
let scratch;
/** `{secret, headers, body}` as the Worker sent it, and the same event after a rotation of the secret. */
let genuine;
let rotated;
/** Of another endpoint. */
let otherSecret;

before(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-receivers-"));
  // Node.js looks for packages beside the program.
  await symlink(path.join(ROOT, "node_modules"), path.join(scratch, "node_modules"));
  edge = await startEdge({ allowLoopback: true });
  const { adas } = await programme(edge);
  const operator = api(edge);
  const receiver = await startReceiver();
  const { received, url } = receiver;
  try {
    const hook = await operator.json("POST", "/v1/webhooks", { url: `${url}/hook`, events: ["conversion.created"] });
    ({ secret: otherSecret } = await operator.json("POST", "/v1/webhooks", { url: `${url}/other`, events: ["payout.paid"] }));
    const { clickId } = await visit(edge, adas.url);
    // Letters other than ASCII show whether a receiver signs the bytes.
    await operator.json("POST", "/v1/conversions", sale(clickId, "Größe-日本-🎈", { metadata: { note: "naïve \"quotes\" & <tags>" } }));
    await poll(() => received.length === 1, { what: "the delivery" });
    const { secret } = await operator.json("POST", `/v1/webhooks/${hook.id}/rotate`);
    const event_ids = [received[0].headers["webhook-id"]];
    await operator.json("POST", `/v1/webhooks/${hook.id}/replay`, { event_ids });
    await poll(() => received.length === 2, { what: "the delivery after the rotation" });
    genuine = { secret: hook.secret, ...received[0] };
    rotated = { secret, ...received[1] };
  } finally {
    await receiver.stop();
  }
});
after(async () => {
  await edge?.stop();
  if (scratch) await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
});

/** Returns a delivery with a right signature at another time, or with another secret. */
function signedAgain({ headers, body, secret }, secondsFromNow, withSecret = secret) {
  const timestamp = String(Math.floor(Date.now() / 1000) + secondsFromNow);
  const key = Buffer.from(withSecret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${headers["webhook-id"]}.${timestamp}.${body}`).digest("base64");
  return { secret: withSecret, body, headers: { ...headers, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` } };
}

/** Returns the cases: what a receiver gets, and the reason for which it must refuse it, if it must. */
function cases() {
  const { headers, body } = genuine;
  const signature = headers["webhook-signature"];
  const changed = (fields) => ({ ...genuine, headers: { ...headers, ...fields } });
  const without = (name) => ({ ...genuine, headers: Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name)) });
  return [
    ["a genuine delivery", genuine],
    ["the new secret after a rotation", rotated],
    ["the old secret after a rotation", { ...rotated, secret: genuine.secret }],
    ["a signature of an unknown kind beside the right one", changed({ "webhook-signature": `v1a,AAAA v2,BBBB ${signature}` })],
    ["a delivery that took four minutes", signedAgain(genuine, -240)],
    ["a sender whose clock is four minutes ahead", signedAgain(genuine, 240)],
    ["the secret of another endpoint", { ...genuine, secret: otherSecret }, "signature"],
    ["the new secret before the rotation", { ...genuine, secret: rotated.secret }, "signature"],
    ["a changed body", { ...genuine, body: body.replace("9900", "9901") }, "signature"],
    ["a body that was parsed and written again", { ...genuine, body: JSON.stringify(JSON.parse(body), null, 1) }, "signature"],
    ["a changed id", changed({ "webhook-id": `${headers["webhook-id"].slice(0, -1)}_` }), "signature"],
    ["a changed timestamp", changed({ "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) }), "signature"],
    ["a signature of an unknown kind", changed({ "webhook-signature": signature.replace("v1,", "v1a,") }), "signature"],
    ["a signature without its end", changed({ "webhook-signature": signature.slice(0, -4) }), "signature"],
    ["an old delivery", signedAgain(genuine, -360), "tooOld"],
    ["a delivery from the future", signedAgain(genuine, 360), "tooNew"],
    ["no signature", without("webhook-signature"), "signature", "noHeaders"],
    ["no timestamp", without("webhook-timestamp"), "noHeaders"],
    ["no id", without("webhook-id"), "signature", "noHeaders"],
    ["a secret that was not set", signedAgain(genuine, 0, "whsec_"), "noSecret"],
  ];
}

/** Says why a receiver cannot run here, or returns undefined. */
function missing({ command, debian, module }) {
  const runs = (...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
  if (!runs("--version")) return `${command} is not installed (Debian: apt-get install ${debian}), so these deliveries were not verified with it`;
  if (module && !runs("-c", `import ${module}`)) return `the Python package ${module} is not installed (pip install ${module}), so it did not judge the deliveries`;
  return undefined;
}

test("the guide has one function for each language", () => {
  const count = (language) => blocks(language).length;
  assert.deepEqual(["python", "js", "php", "ruby"].map(count), [1, 2, 1, 1]);
});

test("the delivery in the guide has the right signature, and the fields of a delivery", () => {
  const [example] = blocks("http");
  const [head, body] = example.trim().split("\n\n");
  const headers = Object.fromEntries(head.split("\n").slice(1).map((line) => line.toLowerCase().split(": ")));
  const [secret] = GUIDE.match(/whsec_[A-Za-z0-9+/]{43}=/);
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
  // Header names are shown in their usual case, but values are not changed.
  assert.match(head, new RegExp(`^Webhook-Signature: v1,${RegExp.escape?.(signed) ?? signed.replaceAll(/[+/]/g, "\\$&")}$`, "m"));
  const names = Object.keys(genuine.headers).filter((name) => name !== "host" && name !== "content-length");
  assert.deepEqual(Object.keys(headers).toSorted(), names.toSorted());
  const [sent, shown] = [JSON.parse(genuine.body), JSON.parse(body)];
  assert.deepEqual(Object.keys(shown), Object.keys(sent));
  assert.deepEqual(Object.keys(shown.data), Object.keys(sent.data.commissions[0]), "the commission of the example");
});

for (const receiver of RECEIVERS) {
  test(`${receiver.name} accepts genuine deliveries and refuses others`, async (t) => {
    const reason = missing(receiver);
    if (reason) return t.skip(reason);
    const program = path.join(scratch, receiver.file);
    await writeFile(program, receiver.program);
    const all = cases();
    const input = JSON.stringify(all.map(([, { secret, headers, body }]) => ({ secret, headers, body: Buffer.from(body).toString("base64") })));
    const { status, stdout, stderr } = spawnSync(receiver.command, [program], { input, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const outcomes = JSON.parse(stdout);
    assert.equal(outcomes.length, all.length);
    for (const [index, [name, { body }, guideReason, libraryReason = guideReason]] of all.entries()) {
      await t.test(name, () => {
        const refusal = receiver.says[receiver.says === GUIDE_SAYS ? guideReason : libraryReason];
        assert.deepEqual(outcomes[index], guideReason ? { refusal } : { event: JSON.parse(body) });
      });
    }
  });
}
