// The module of a Worker in front of Signpost that logs its requests (`cargo xtask dev --verbose`). workerd runs it, so it
// imports nothing.

/** A segment that lets whoever knows it act: the one-time id of a marketplace's handoff. */
const ONE_TIME_ID = /^(\/callbacks\/continue\/)[^/]+/;

/** The path with the names of the query's parameters. Their values may be secrets, such as codes and signatures. */
export function withoutSecrets(address) {
  const { pathname, searchParams } = new URL(address);
  const names = [...new Set(searchParams.keys())].map((name) => `${encodeURIComponent(name)}=…`);
  return pathname.replace(ONE_TIME_ID, "$1…") + (names.length > 0 ? `?${names.join("&")}` : "");
}

export default {
  async fetch(request, { SIGNPOST }) {
    const since = Date.now();
    const response = await SIGNPOST.fetch(request);
    console.log(`${request.method} ${withoutSecrets(request.url)} ${response.status} ${Date.now() - since} ms`);
    return response;
  },
};
