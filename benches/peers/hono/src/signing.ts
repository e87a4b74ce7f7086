// Link tokens and click ids with Signpost's layout (src/domain/links/token.rs, src/domain/clicks/click.rs), signed with
// WebCrypto.

const TAG = 12;
const BASE64URL = { alphabet: "base64url" } as const;
const encoder = new TextEncoder();

export interface Keys {
  link: CryptoKey;
  click: CryptoKey;
  visitor: CryptoKey;
}

const hmac = (raw: BufferSource) =>
  crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const tagOf = async (key: CryptoKey, message: BufferSource) =>
  new Uint8Array(await crypto.subtle.sign("HMAC", key, message), 0, TAG);

export async function importKeys(signingKey: string, dataKey: string): Promise<Keys> {
  const master = await hmac(Uint8Array.fromBase64(signingKey, BASE64URL));
  const subkey = async (label: string) => hmac(await crypto.subtle.sign("HMAC", master, encoder.encode(label)));
  return {
    link: await subkey("signpost link token v1"),
    click: await subkey("signpost click id v1"),
    visitor: await hmac(Uint8Array.fromBase64(dataKey, BASE64URL)),
  };
}

/** Returns the payload if its tag is valid. */
async function open(key: CryptoKey, text: string, length: number): Promise<DataView | undefined> {
  if (text.length !== ((length + TAG) * 4) / 3) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(text, BASE64URL);
  } catch {
    return undefined;
  }
  const tag = await tagOf(key, bytes.subarray(0, length));
  if (!crypto.subtle.timingSafeEqual(tag, bytes.subarray(length))) return undefined;
  return new DataView(bytes.buffer);
}

export interface Token {
  linkNo: number;
  listingNo: number;
  expires: number;
}

export async function verifyToken(keys: Keys, text: string): Promise<Token | undefined> {
  const view = await open(keys.link, text, 12);
  if (!view || view.getUint8(0) >> 4 !== 1) return undefined;
  return { linkNo: view.getUint32(2), listingNo: view.getUint16(6), expires: view.getUint32(8) };
}

export async function verifyClickId(keys: Keys, text: string): Promise<boolean> {
  const view = await open(keys.click, text, 18);
  return view !== undefined && view.getUint8(0) >> 4 === 1;
}

export interface Click {
  now: number;
  linkNo: number;
  shard: number;
  country: string;
  device: number;
  bot: boolean;
  gpc: boolean;
}

export async function mintClickId(keys: Keys, click: Click): Promise<string> {
  const bytes = new Uint8Array(18 + TAG);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x11);
  view.setUint16(1, Math.floor(click.now / 2 ** 32));
  view.setUint32(3, click.now % 2 ** 32);
  view.setUint32(7, click.linkNo);
  view.setUint8(11, click.shard << 4);
  const letter = (index: number) => Number.parseInt(click.country[index] ?? "0", 36);
  const country = click.country ? letter(0) * 36 + letter(1) + 1 : 0;
  view.setUint16(12, (country << 5) | (Number(click.gpc) << 4) | (Number(click.bot) << 2) | click.device);
  crypto.getRandomValues(bytes.subarray(14, 18));
  bytes.set(await tagOf(keys.click, bytes.subarray(0, 18)), 18);
  return bytes.toBase64({ ...BASE64URL, omitPadding: true });
}

/** Returns the hash of a visitor for one day. The address itself is not stored. */
export async function visitorOf(keys: Keys, ip: string, agent: string, now: number): Promise<string> {
  const message = encoder.encode(`${Math.floor(now / 86400000)}\0${ip}\0${agent}`);
  const tag = new Uint8Array(await crypto.subtle.sign("HMAC", keys.visitor, message), 0, 8);
  return tag.toHex();
}
