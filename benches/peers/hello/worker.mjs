// The least that a Worker can do: the engine's own limit, which every other figure is divided by.
export default {
  fetch() {
    return new Response("hello");
  },
};
