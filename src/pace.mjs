// How often something may happen.

/** What may happen so often a second. */
export class ASecond {
  #second = 0;
  #count = 0;
  #most;
  #onOver;

  /** `onOver` is told how many were too many, when the next second has come. */
  constructor(most, onOver = () => undefined) {
    this.#most = most;
    this.#onOver = onOver;
  }

  /** Whether one more may. */
  take(now) {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      if (this.#count > this.#most) this.#onOver(this.#count - this.#most);
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#most;
  }
}
