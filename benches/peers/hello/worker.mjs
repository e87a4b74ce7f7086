// The minimal Worker. It shows the limit of the engine, to which the other figures are compared.
export default {
  fetch() {
    return new Response("hello");
  },
};
