// Keys of vendors' that tests sign with, and the forms in which vendors publish the public half.
import { execFileSync } from "node:child_process";
import { createSign, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An RSA key with an id. */
export function rsa(kid) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const sign = (bytes, hash = "SHA256") => createSign(`RSA-${hash}`).update(bytes).sign(privateKey);
  return {
    kid,
    publicKey,
    privateKey,
    /** RSASSA-PKCS1-v1_5 over bytes. */
    sign,
    /** A JWT under RS256. */
    jwt(claims) {
      const signed = `${part({ alg: "RS256", kid, typ: "JWT" })}.${part(claims)}`;
      return `${signed}.${sign(signed).toString("base64url")}`;
    },
    /** Its JWK (RFC 7517). */
    jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" },
    /** PKCS#8 in PEM, as key files hold it. */
    pem: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** A certificate for a key, self-signed, in PEM: valid for a day. */
export function certificate(privateKey) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "signpost-certificate-"));
  try {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(scratch, name));
    writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
    execFileSync("openssl", ["req", "-x509", "-new", "-key", key, "-days", "1", "-subj", "/CN=test", "-out", cert], { stdio: "ignore" });
    return readFileSync(cert, "utf8");
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Unix seconds, so many from now. */
export const seconds = (from = 0) => Math.floor(Date.now() / 1_000) + from;

const started = Date.now();
/** A time in RFC 3339, so many minutes after an hour from now: what is told happens after the click, in this order. */
export const minutes = (number) => new Date(started + 3_600_000 + number * 60_000).toISOString();
