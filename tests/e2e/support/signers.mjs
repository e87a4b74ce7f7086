// Vendors' keys with which tests sign, and the formats in which vendors publish their public keys.
import { execFileSync } from "node:child_process";
import { createSign, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Generates an RSA key with an id. */
export function rsa(kid) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const sign = (bytes, hash = "SHA256") => createSign(`RSA-${hash}`).update(bytes).sign(privateKey);
  return {
    kid,
    publicKey,
    privateKey,
    /** Signs bytes with RSASSA-PKCS1-v1_5. */
    sign,
    /** Returns a JWT with RS256. */
    jwt(claims) {
      const signed = `${part({ alg: "RS256", kid, typ: "JWT" })}.${part(claims)}`;
      return `${signed}.${sign(signed).toString("base64url")}`;
    },
    /** The public key as a JWK (RFC 7517). */
    jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" },
    /** The private key in PKCS#8 and PEM, as in key files. */
    pem: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** Returns a self-signed certificate for a key in PEM, valid for a day. */
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

/** Returns the Unix time in seconds, `offset` seconds from now. */
export const seconds = (offset = 0) => Math.floor(Date.now() / 1_000) + offset;

const started = Date.now();
/** Returns a time in RFC 3339, `number` minutes after an hour from now, so that reported events are after the click. */
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

/** The length of Apple Root CA - G3 in bytes. The test's root replaces it in a build. */
const ROOT_BYTES = 583;

/**
 * Generates a chain like Apple's: root and intermediate on P-384, the leaf on P-256, with Apple's markers. The root has
 * the length of Apple's, so that it can replace Apple's in a build (`withRoot`).
 */
export function appleChain() {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "signpost-chain-"));
  const file = (name) => path.join(scratch, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "ignore", cwd: scratch });
  const der = (name) => Buffer.from(readFileSync(file(name), "utf8").replace(/-----[A-Z ]+-----/g, ""), "base64");
  const issue = (name, issuer) => {
    openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-set_serial", "2", "-days", "1",
      "-sha384", "-extfile", "extensions", "-extensions", name, "-out", `${name}.pem`);
  };
  try {
    writeFileSync(file("extensions"), EXTENSIONS);
    for (const [name, curve] of [["root", "secp384r1"], ["intermediate", "secp384r1"], ["leaf", "prime256v1"]]) {
      openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", `${name}.key`);
    }
    writeFileSync(file("root.cnf"), `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=x\n${EXTENSIONS}`);
    // Signatures vary in length by a byte. Each letter of the name adds two bytes, one in the subject and one in the
    // issuer.
    let nameLength = 60;
    for (let tries = 0; ; tries += 1) {
      const subject = `/O=${"t".repeat(64)}/CN=${"r".repeat(nameLength)}`;
      openssl("req", "-x509", "-new", "-key", "root.key", "-config", "root.cnf", "-subj", subject, "-extensions", "root", "-set_serial", "1",
        "-days", "1", "-sha384", "-out", "root.pem");
      const missing = ROOT_BYTES - der("root.pem").length;
      if (missing === 0) break;
      if (tries === 200) throw new Error(`the root is ${missing} bytes too short`);
      nameLength += Math.trunc(missing / 2);
    }
    issue("intermediate", "root");
    issue("leaf", "intermediate");
    const [leaf, intermediate, root] = ["leaf.pem", "intermediate.pem", "root.pem"].map(der);
    const key = readFileSync(file("leaf.key"), "utf8");
    const x5c = [leaf, intermediate, root].map((one) => one.toString("base64"));
    return {
      root,
      /** Returns a JWS with ES256 that contains the chain. */
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
