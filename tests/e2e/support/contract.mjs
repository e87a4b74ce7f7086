// The served OpenAPI document as a judge of answers: status, media type, body, headers and problem codes.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const METHODS = ["get", "put", "post", "patch", "delete", "head"];
const escape = (part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

/** The JSON texts that a body holds. */
function values(mediaType, text) {
  if (mediaType === "application/x-ndjson") return text.trimEnd().split("\n");
  return [mediaType.endsWith("json") ? text : JSON.stringify(text)];
}

// A caller must bear fields that it does not know, so the document does not forbid them; the Worker must send none.
function closed(document) {
  const copy = structuredClone(document);
  for (const schema of Object.values(copy.components.schemas)) {
    if (schema.properties) schema.additionalProperties ??= false;
  }
  return copy;
}

export class Contract {
  #answers = new Ajv2020({ strict: false, allErrors: true });
  // Requests are judged without formats: those of ajv and of the Worker draw the line elsewhere in odd cases.
  #requests = new Ajv2020({ strict: false, validateFormats: false });
  #compiled = new Map();

  constructor(document) {
    this.document = document;
    addFormats.default(this.#answers);
    this.#answers.addSchema(closed(document), "contract");
    this.#requests.addSchema(document, "contract");
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({ method, path, ...item[method] })),
    );
  }

  #validator(ajv, pointer) {
    const key = `${ajv === this.#answers} ${pointer}`;
    if (!this.#compiled.has(key)) this.#compiled.set(key, ajv.compile({ $ref: `contract#${pointer}` }));
    return this.#compiled.get(key);
  }

  /** Whether the document allows this body. */
  allows(operation, body) {
    const { path, method } = operation;
    return this.#validator(this.#requests, `/paths/${escape(path)}/${method}/requestBody/content/${escape("application/json")}/schema`)(body);
  }

  /** What is wrong with an answer, in words; nothing if it is as documented. */
  faults(operation, { status, headers, text }) {
    const faults = [];
    if (!headers.get("x-request-id")) faults.push("x-request-id is missing");
    if (status >= 500) faults.push(`the Worker failed: ${text.slice(0, 300)}`);
    const pointer = `/paths/${escape(operation.path)}/${operation.method}/responses/${status}`;
    let response = operation.responses[status];
    if (!response) return [...faults, `status ${status} is not documented: ${text.slice(0, 300)}`];
    let place = pointer;
    if (response.$ref) {
      place = response.$ref.slice(1);
      response = this.document.components.responses[place.split("/").at(-1)];
    }
    return [...faults, ...this.#bodyFaults(operation, response, place, { status, headers, text })];
  }

  #bodyFaults(operation, response, place, { status, headers, text }) {
    const content = response.content ?? {};
    const mediaType = (headers.get("content-type") ?? "").split(";")[0];
    if (operation.method === "head" || Object.keys(content).length === 0) {
      return text === "" ? [] : [`a body where none is documented: ${text.slice(0, 300)}`];
    }
    if (!content[mediaType]) return [`the media type ${JSON.stringify(mediaType)} is not documented for ${status}`];
    const validate = this.#validator(this.#answers, `${place}/content/${escape(mediaType)}/schema`);
    return values(mediaType, text).flatMap((value) => {
      const parsed = JSON.parse(value);
      if (mediaType === "application/problem+json" && parsed.status !== status) return [`the problem says ${parsed.status}, the answer ${status}`];
      return validate(parsed) ? [] : [`${this.#answers.errorsText(validate.errors)}: ${value.slice(0, 500)}`];
    });
  }

  /** What is wrong with the answer to a request that no operation describes. */
  problemFaults({ status, headers, text }) {
    const validate = this.#validator(this.#answers, "/components/schemas/Problem");
    if (!headers.get("x-request-id")) return ["x-request-id is missing"];
    if (headers.get("content-type") !== "application/problem+json") return [`${status} is no problem+json: ${text.slice(0, 300)}`];
    return validate(JSON.parse(text)) ? [] : [this.#answers.errorsText(validate.errors)];
  }
}
