/** What one evaluation may still spend: loops within loops, and filters on long texts, would go on for days. */
import { CHARACTERS_A_STEP, LONGEST_OUTPUT, MOST_STEPS } from './limits.ts';

export class OverBudget extends Error {}

export class Budget {
  readonly #longest: number;
  readonly #most: number;
  #steps = 0;

  /** @param longest of any text that is made, in UTF-16 code units */
  constructor(longest = LONGEST_OUTPUT, most = MOST_STEPS) {
    this.#longest = longest;
    this.#most = most;
  }

  /** @throws OverBudget */
  step(characters = 0): void {
    this.#steps += 1 + characters / CHARACTERS_A_STEP;
    if (this.#steps > this.#most)
      throw new OverBudget(`The template takes more than ${this.#most} steps to evaluate`);
  }

  /** @throws OverBudget */
  length(characters: number): void {
    if (characters > this.#longest)
      throw new OverBudget(`The template gives more than ${this.#longest} characters`);
  }
}

/** A text that grows. */
export class Output {
  text = '';
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  add(text: string): void {
    this.#budget.step(text.length);
    this.text += text;
    this.#budget.length(this.text.length);
  }
}
