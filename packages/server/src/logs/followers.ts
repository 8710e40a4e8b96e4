/** Who hears of the growth of which log, in this process. */
export class Followers {
  readonly #byAttempt = new Map<string, Set<(length: number) => void>>();

  add(attemptId: string, grown: (length: number) => void): () => void {
    let followers = this.#byAttempt.get(attemptId);
    if (followers === undefined) this.#byAttempt.set(attemptId, (followers = new Set()));
    followers.add(grown);
    const mine = followers;
    return () => {
      mine.delete(grown);
      if (mine.size === 0 && this.#byAttempt.get(attemptId) === mine) this.#byAttempt.delete(attemptId);
    };
  }

  has(attemptId: string): boolean {
    return this.#byAttempt.has(attemptId);
  }

  tell(attemptId: string, length: number): void {
    for (const grown of this.#byAttempt.get(attemptId) ?? []) grown(length);
  }
}
