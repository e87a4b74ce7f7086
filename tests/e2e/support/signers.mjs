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

const EXTENSIONS = `
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[intermediate]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
1.2.840.113635.100.6.2.1=ASN1:NULL
[leaf]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
1.2.840.113635.100.6.11.1=ASN1:NULL
`;

/** Bytes of Apple Root CA - G3, whose place the root of tests takes in a build. */
const ROOT_BYTES = 583;

/**
 * A chain like Apple's: root and intermediate on P-384, the leaf on P-256, with Apple's markers. The root is as long as
 * Apple's, so that a build can have it in Apple's place (`withRoot`).
 */
export function appleChain() {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "signpost-chain-"));
  const at = (name) => path.join(scratch, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "ignore", cwd: scratch });
  const der = (name) => Buffer.from(readFileSync(at(name), "utf8").replace(/-----[A-Z ]+-----/g, ""), "base64");
  const issue = (name, issuer) => {
    openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-set_serial", "2", "-days", "1",
      "-sha384", "-extfile", "extensions", "-extensions", name, "-out", `${name}.pem`);
  };
  try {
    writeFileSync(at("extensions"), EXTENSIONS);
    for (const [name, curve] of [["root", "secp384r1"], ["intermediate", "secp384r1"], ["leaf", "prime256v1"]]) {
      openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", `${name}.key`);
    }
    writeFileSync(at("root.cnf"), `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=x\n${EXTENSIONS}`);
    // A signature is a byte shorter now and then, and a name twice as many bytes longer: subject and issuer.
    let name = 60;
    for (let tries = 0; ; tries += 1) {
      const subject = `/O=${"t".repeat(64)}/CN=${"r".repeat(name)}`;
      openssl("req", "-x509", "-new", "-key", "root.key", "-config", "root.cnf", "-subj", subject, "-extensions", "root", "-set_serial", "1",
        "-days", "1", "-sha384", "-out", "root.pem");
      const missing = ROOT_BYTES - der("root.pem").length;
      if (missing === 0) break;
      if (tries === 200) throw new Error(`the root is ${missing} bytes too short`);
      name += Math.trunc(missing / 2);
    }
    issue("intermediate", "root");
    issue("leaf", "intermediate");
    const [leaf, intermediate, root] = ["leaf.pem", "intermediate.pem", "root.pem"].map(der);
    const key = readFileSync(at("leaf.key"), "utf8");
    const x5c = [leaf, intermediate, root].map((one) => one.toString("base64"));
    return {
      root,
      /** A JWS under ES256 that brings the chain along. */
      jws(claims) {
        const signed = `${part({ alg: "ES256", x5c })}.${part(claims)}`;
        const signature = createSign("SHA256").update(signed).sign({ key, dsaEncoding: "ieee-p1363" });
        return `${signed}.${signature.toString("base64url")}`;
      },
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
