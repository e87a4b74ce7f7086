// Validates responses against the served OpenAPI document: status, media type, body, headers and problem codes.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const METHODS = ["get", "put", "post", "patch", "delete", "head"];
const escape = (part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

/** Returns the JSON texts that a body contains. */
function values(mediaType, text) {
  if (mediaType === "application/x-ndjson") return text.trimEnd().split("\n");
  return [mediaType.endsWith("json") ? text : JSON.stringify(text)];
}

// The document allows unknown fields in responses, because callers must ignore them. The Worker itself must not send
// any.
function closed(document) {
  const copy = structuredClone(document);
  for (const schema of Object.values(copy.components.schemas)) {
    if (schema.properties) schema.additionalProperties ??= false;
  }
  return copy;
}

export class Contract {
  #responses = new Ajv2020({ strict: false, allErrors: true });
  // Formats of requests are not validated, because ajv and the Worker differ in edge cases.
  #requests = new Ajv2020({ strict: false, validateFormats: false });
  #compiled = new Map();

  constructor(document) {
    this.document = document;
    addFormats.default(this.#responses);
    this.#responses.addSchema(closed(document), "contract");
    this.#requests.addSchema(document, "contract");
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({ method, path, ...item[method] })),
    );
  }

  #validator(ajv, pointer) {
    const key = `${ajv === this.#responses} ${pointer}`;
    if (!this.#compiled.has(key)) this.#compiled.set(key, ajv.compile({ $ref: `contract#${pointer}` }));
    return this.#compiled.get(key);
  }

  /** Returns whether the document allows a body. */
  allows(operation, body) {
    const { path, method } = operation;
    return this.#validator(this.#requests, `/paths/${escape(path)}/${method}/requestBody/content/${escape("application/json")}/schema`)(body);
  }

  /** Returns descriptions of what is wrong with a response; an empty list if it is as documented. */
  violations(operation, { status, headers, text }) {
    const violations = [];
    if (!headers.get("x-request-id")) violations.push("x-request-id is missing");
    if (status >= 500) violations.push(`the Worker failed: ${text.slice(0, 300)}`);
    const pointer = `/paths/${escape(operation.path)}/${operation.method}/responses/${status}`;
    let response = operation.responses[status];
    if (!response) return [...violations, `status ${status} is not documented: ${text.slice(0, 300)}`];
    let location = pointer;
    if (response.$ref) {
      location = response.$ref.slice(1);
      response = this.document.components.responses[location.split("/").at(-1)];
    }
    return [...violations, ...this.#bodyViolations(operation, response, location, { status, headers, text })];
  }

  #bodyViolations(operation, response, location, { status, headers, text }) {
    const content = response.content ?? {};
    const mediaType = (headers.get("content-type") ?? "").split(";")[0];
    if (operation.method === "head" || Object.keys(content).length === 0) {
      return text === "" ? [] : [`a body where none is documented: ${text.slice(0, 300)}`];
    }
    if (!content[mediaType]) return [`the media type ${JSON.stringify(mediaType)} is not documented for ${status}`];
    const validate = this.#validator(this.#responses, `${location}/content/${escape(mediaType)}/schema`);
    return values(mediaType, text).flatMap((value) => {
      const parsed = JSON.parse(value);
      if (mediaType === "application/problem+json" && parsed.status !== status) return [`the problem has the status ${parsed.status}, the response ${status}`];
      return validate(parsed) ? [] : [`${this.#responses.errorsText(validate.errors)}: ${value.slice(0, 500)}`];
    });
  }

  /** Returns what is wrong with the response to a request that no operation describes. */
  problemViolations({ status, headers, text }) {
    const validate = this.#validator(this.#responses, "/components/schemas/Problem");
    if (!headers.get("x-request-id")) return ["x-request-id is missing"];
    if (headers.get("content-type") !== "application/problem+json") return [`${status} is not problem+json: ${text.slice(0, 300)}`];
    return validate(JSON.parse(text)) ? [] : [this.#responses.errorsText(validate.errors)];
  }
}
